#include "server/net/reply_loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "common/base/clock.h"
#include "server/net/opening.h"

namespace oneloop {
namespace {

using Clock = SteadyChrono;

constexpr int kLongestWaitMs = 60000;

void WakeUp(const Descriptor& event) {
  const std::uint64_t one = 1;
  // It fails only when it is awake already.
  [[maybe_unused]] const ssize_t written = write(event.number(), &one, sizeof(one));
}

bool WouldWait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

ReplyLoop::ReplyLoop(Answer answer, std::chrono::milliseconds timeout)
    : answer_(std::move(answer)), timeout_(timeout), wake_up_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  thread_ = std::thread([this] { Run(); });
}

ReplyLoop::~ReplyLoop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  WakeUp(wake_up_);
  thread_.join();
}

void ReplyLoop::Add(Descriptor socket) {
  {
    const MutexLock lock(&mutex_);
    added_.push_back(std::move(socket));
  }
  WakeUp(wake_up_);
}

void ReplyLoop::Run() {
  while (true) {
    std::vector<Descriptor> added;
    {
      const MutexLock lock(&mutex_);
      if (stopping_) return;
      added.swap(added_);
    }
    for (Descriptor& socket : added) Begin(std::move(socket), Clock::now());
    const Time now = Clock::now();
    for (Reply& reply : replies_) {
      Send(&reply);
      AwaitEnd(&reply);
      reply.is_over = reply.is_over || reply.until <= now;
    }
    std::erase_if(replies_, [](const Reply& reply) { return reply.is_over; });
    Wait(now);
  }
}

void ReplyLoop::Begin(Descriptor socket, Time now) {
  std::string request(kLongestOpening, '\0');
  const ssize_t size = recv(socket.number(), request.data(), request.size(), MSG_DONTWAIT);
  if (size <= 0) return;
  std::string text = answer_(std::string_view(request.data(), static_cast<std::size_t>(size)));
  if (!text.empty()) replies_.push_back({std::move(socket), std::move(text), 0, now + timeout_});
}

void ReplyLoop::Send(Reply* reply) {
  while (!reply->is_over && !reply->is_sent()) {
    const ssize_t size = send(reply->socket.number(), reply->text.data() + reply->sent,
                              reply->text.size() - reply->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
      reply->is_over = !WouldWait();
      return;
    }
    reply->sent += static_cast<std::size_t>(size);
    if (reply->is_sent()) shutdown(reply->socket.number(), SHUT_WR);
  }
}

void ReplyLoop::AwaitEnd(Reply* reply) {
  if (reply->is_over || !reply->is_sent()) return;
  std::array<char, 4096> ignored = {};
  // Once a round, so that a client which never stops sending takes turns with the others.
  const ssize_t size = recv(reply->socket.number(), ignored.data(), ignored.size(), MSG_DONTWAIT);
  reply->is_over = size == 0 || (size < 0 && !WouldWait());
}

void ReplyLoop::Wait(Time now) {
  std::vector<pollfd> waiting = {{wake_up_.number(), POLLIN, 0}};
  Time until = now + std::chrono::milliseconds(kLongestWaitMs);
  for (const Reply& reply : replies_) {
    waiting.push_back({reply.socket.number(), static_cast<std::int16_t>(reply.is_sent() ? POLLIN : POLLOUT), 0});
    until = std::min(until, reply.until);
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  poll(waiting.data(), waiting.size(), static_cast<int>(std::clamp<std::int64_t>(wait, 0, kLongestWaitMs)));
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t woken = read(wake_up_.number(), &ignored, sizeof(ignored));
}

}  // namespace oneloop
