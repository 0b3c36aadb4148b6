#include "server/http/http_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/http/http_error.h"

namespace oneloop {
namespace {

using Clock = SteadyChrono;

// Of one request, its URL and header fields.
constexpr std::size_t kLongestHead = 16384;
constexpr std::size_t kReadBytes = 64 << 10;
// How often connections are looked at whose time may be over.
constexpr std::chrono::milliseconds kCheckInterval{250};
constexpr std::chrono::milliseconds kLingerTimeout{2000};
constexpr int kEventBatch = 256;
constexpr std::uint64_t kWakeUp = 0;  // connections count from 1

// Nobody takes the reply any more.
void Drop(HttpLoop::Wish* wish) {
  if (const auto* const reply = std::get_if<HttpReply>(wish); reply != nullptr && reply->on_done) reply->on_done();
}

bool WouldWait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

HttpLoop::HttpLoop(const HttpServer::Options& options, HttpServer::Handler handler)
    : options_(options), handler_(std::move(handler)), read_buffer_(kReadBytes) {}

HttpLoop::~HttpLoop() { Stop(); }

absl::Status HttpLoop::Open() {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  wake_up_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u64 = kWakeUp;
  if (!epoll_.is_open() || !wake_up_.is_open() ||
      epoll_ctl(epoll_.number(), EPOLL_CTL_ADD, wake_up_.number(), &event) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat(options_.flag, ": waiting for connections"));
  }
  return absl::OkStatus();
}

void HttpLoop::Start(ConnectionGate* gate) {
  gate_ = gate;
  now_ = Clock::now();
  next_check_ = now_ + kCheckInterval;
  thread_ = std::thread([this] { Run(); });
}

void HttpLoop::Stop() {
  {
    const MutexLock lock(&mutex_);
    stopping_ = true;
  }
  WakeUp();
  if (thread_.joinable()) thread_.join();
}

void HttpLoop::WakeUp() const {
  const std::uint64_t one = 1;
  // It fails only when the thread is to wake up already.
  [[maybe_unused]] const ssize_t written = write(wake_up_.number(), &one, sizeof(one));
}

void HttpLoop::Add(AcceptedConnection connection) {
  {
    const MutexLock lock(&mutex_);
    if (stopping_) return;
    added_.push_back(std::move(connection));
  }
  WakeUp();
}

void HttpLoop::Post(std::uint64_t connection, std::uint64_t request, Wish wish) {
  bool dropped = false;
  {
    const MutexLock lock(&mutex_);
    dropped = stopping_;
    if (!dropped) mail_.push_back({connection, request, std::move(wish)});
  }
  if (dropped) return Drop(&wish);
  WakeUp();
}

void HttpLoop::Run() {
  std::array<epoll_event, kEventBatch> events = {};
  while (true) {
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next_check_ - now_).count();
    const int timeout = connections_.empty() ? -1 : static_cast<int>(std::clamp<std::int64_t>(wait, 0, 1000));
    const int count = epoll_wait(epoll_.number(), events.data(), kEventBatch, timeout);
    now_ = Clock::now();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.u64 != kWakeUp) Handle(event.data.u64, event.events);
    }
    {
      const MutexLock lock(&mutex_);
      if (stopping_) break;
    }
    TakeMail();
    if (now_ >= next_check_) CloseLate(now_);
  }
  while (!connections_.empty()) Close(connections_.begin()->first);
  std::vector<Mail> unread;
  {
    const MutexLock lock(&mutex_);
    unread.swap(mail_);
    added_.clear();
  }
  for (Mail& mail : unread) Drop(&mail.wish);
}

void HttpLoop::TakeMail() {
  std::uint64_t ignored = 0;
  [[maybe_unused]] const ssize_t woken = read(wake_up_.number(), &ignored, sizeof(ignored));
  std::vector<AcceptedConnection> added;
  std::vector<Mail> mail;
  {
    const MutexLock lock(&mutex_);
    added.swap(added_);
    mail.swap(mail_);
  }
  for (AcceptedConnection& accepted : added) {
    const Id id = next_id_++;
    Connection& connection = connections_[id];
    connection.socket = std::move(accepted.socket);
    connection.peer = std::move(accepted.peer);
    Enter(id, Phase::kIdle);
    Handle(id, EPOLLIN);
  }
  for (Mail& letter : mail) Fulfil(letter.connection, letter.request, std::move(letter.wish));
}

void HttpLoop::Enter(Id id, Phase phase) {
  Connection& connection = connections_.at(id);
  connection.phase = phase;
  std::uint32_t events = EPOLLRDHUP;
  switch (phase) {
    case Phase::kIdle:
      // Between requests a connection keeps no memory of the last one.
      if (connection.received.empty()) connection.received.shrink_to_fit();
      events = EPOLLIN;
      connection.deadline = now_ + options_.keep_alive_timeout;
      break;
    case Phase::kHead:
      events = EPOLLIN;
      connection.deadline = now_ + options_.head_timeout;
      break;
    case Phase::kHandling:
      connection.deadline = Time::max();
      break;
    case Phase::kBody:
      events = EPOLLIN;
      connection.deadline = now_ + options_.body_timeout;
      break;
    case Phase::kReplying:
      events = EPOLLOUT;
      connection.deadline = now_ + options_.reply_timeout;
      break;
    case Phase::kLingering:
      events = EPOLLIN;
      connection.deadline = now_ + kLingerTimeout;
      break;
  }
  if (events == connection.events) return;
  epoll_event event = {};
  event.events = events;
  event.data.u64 = id;
  const int operation = connection.events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  connection.events = events;
  if (epoll_ctl(epoll_.number(), operation, connection.socket.number(), &event) != 0) connection.deadline = now_;
}

void HttpLoop::Handle(Id id, std::uint32_t events) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  switch (connection.phase) {
    case Phase::kReplying:
      if ((events & (EPOLLERR | EPOLLHUP)) != 0) return Close(id);
      return Send(id);
    case Phase::kHandling:
      // Only its end is waited for.
      return Close(id);
    case Phase::kIdle:
    case Phase::kHead:
    case Phase::kBody:
      if (!Receive(&connection)) return Close(id);
      return Advance(id);
    case Phase::kLingering:
      if (!Receive(&connection)) return Close(id);
      connection.received.clear();
      return;
  }
}

bool HttpLoop::Receive(Connection* connection) {
  std::size_t room = read_buffer_.size();
  if (connection->phase == Phase::kBody) {
    room = std::min(room, static_cast<std::size_t>(connection->body_left) - connection->received.size());
  }
  const ssize_t size = recv(connection->socket.number(), read_buffer_.data(), room, MSG_DONTWAIT);
  if (size <= 0) return size < 0 && WouldWait();
  connection->received.append(read_buffer_.data(), static_cast<std::size_t>(size));
  return true;
}

void HttpLoop::Advance(Id id) {
  while (true) {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    Connection& connection = found->second;
    if (connection.phase == Phase::kBody) {
      if (connection.received.size() < connection.body_left) return;
      std::string body = connection.received.substr(0, static_cast<std::size_t>(connection.body_left));
      connection.received.erase(0, body.size());
      connection.body_left = 0;
      Enter(id, Phase::kHandling);
      std::exchange(connection.on_body, nullptr)(std::move(body));
      return;
    }
    if (connection.phase != Phase::kIdle && connection.phase != Phase::kHead) return;
    // Empty lines before a request are allowed (RFC 9112, section 2.2).
    connection.received.erase(0, std::min(connection.received.find_first_not_of("\r\n"), connection.received.size()));
    if (connection.received.empty()) return;
    const std::size_t end = FindHeadEnd(std::string_view(connection.received).substr(0, kLongestHead));
    if (end != std::string_view::npos) {
      BeginRequest(id, end);
      continue;
    }
    if (connection.received.size() >= kLongestHead) {
      return Refuse(
          id, 431,
          absl::InvalidArgumentError(absl::StrCat("URL and header fields have more than ", kLongestHead, " bytes")));
    }
    if (connection.phase == Phase::kIdle) Enter(id, Phase::kHead);
    return;
  }
}

void HttpLoop::BeginRequest(Id id, std::size_t head_end) {
  Connection& connection = connections_.at(id);
  gate_->MarkUsed(connection.peer.key);
  absl::StatusOr<HttpHead> head = ParseHttpHead(std::string_view(connection.received).substr(0, head_end));
  if (!head.ok()) return Refuse(id, 400, head.status());
  connection.received.erase(0, head_end);
  connection.body_left = head->content_length;
  // What has no length beforehand cannot be bounded, and its end is not looked for.
  connection.keep_alive = head->keep_alive && !head->chunked;
  connection.exchange =
      std::make_shared<HttpExchange>(weak_from_this(), id, next_request_++, *std::move(head), connection.peer);
  Enter(id, Phase::kHandling);
  handler_(connection.exchange);
}

void HttpLoop::Refuse(Id id, int http_status, const absl::Status& error) {
  Connection& connection = connections_.at(id);
  connection.keep_alive = false;
  connection.received.clear();
  HttpReply reply = ErrorReply(error);
  reply.status = http_status;
  BeginReply(id, std::move(reply));
}

void HttpLoop::Fulfil(Id id, std::uint64_t request, Wish wish) {
  const auto found = connections_.find(id);
  // The connection has ended, or is at a later request.
  if (found == connections_.end() || found->second.exchange == nullptr || found->second.exchange->request_ != request) {
    return Drop(&wish);
  }
  if (std::holds_alternative<HttpReply>(wish)) return BeginReply(id, std::get<HttpReply>(std::move(wish)));
  if (std::holds_alternative<WantBody>(wish)) return AwaitBody(id, std::get<WantBody>(std::move(wish)).then);
  if (std::holds_alternative<WantEnd>(wish)) return Close(id);
  gate_->MarkAuthenticated(found->second.peer.key);
}

void HttpLoop::AwaitBody(Id id, std::function<void(std::string)> then) {
  Connection& connection = connections_.at(id);
  if (connection.phase != Phase::kHandling) return;
  connection.on_body = std::move(then);
  Enter(id, Phase::kBody);
  if (connection.exchange->head().Find("expect").has_value() && connection.received.empty()) {
    constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
    // So little fits, or the client waits for nothing and is closed in time.
    [[maybe_unused]] const ssize_t sent =
        send(connection.socket.number(), kGoOn.data(), kGoOn.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  Advance(id);
}

void HttpLoop::BeginReply(Id id, HttpReply reply) {
  Connection& connection = connections_.at(id);
  // A body that nobody has read would be taken for the next request.
  connection.keep_alive = connection.keep_alive && !reply.close && connection.body_left == 0;
  connection.on_body = nullptr;
  connection.head = FormatHttpHead(reply, connection.keep_alive);
  connection.reply = std::move(reply);
  connection.sent = 0;
  const bool no_content =
      (connection.exchange != nullptr && connection.exchange->head().verb == "HEAD") || connection.reply.status == 304;
  if (no_content) {
    connection.reply.body.clear();
    connection.reply.constant_body = {};
  }
  Enter(id, Phase::kReplying);
  Send(id);
}

void HttpLoop::Send(Id id) {
  Connection& connection = connections_.at(id);
  const std::string_view content = connection.reply.content();
  const std::size_t total = connection.head.size() + content.size();
  while (connection.sent < total) {
    std::array<iovec, 2> parts = {};
    const std::size_t of_head = std::min(connection.sent, connection.head.size());
    const std::size_t of_content = connection.sent - of_head;
    parts[0] = {connection.head.data() + of_head, connection.head.size() - of_head};
    // sendmsg does not write to what it sends.
    parts[1] = {const_cast<char*>(content.data()) + of_content, content.size() - of_content};
    msghdr message = {};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    const ssize_t size = sendmsg(connection.socket.number(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) {
      if (!WouldWait()) Close(id);
      return;
    }
    connection.sent += static_cast<std::size_t>(size);
  }
  EndReply(&connection);
  if (connection.keep_alive) {
    Enter(id, Phase::kIdle);
    return Advance(id);
  }
  shutdown(connection.socket.number(), SHUT_WR);
  connection.received.clear();
  Enter(id, Phase::kLingering);
}

void HttpLoop::EndReply(Connection* connection) {
  if (connection->reply.on_done) connection->reply.on_done();
  connection->reply = HttpReply();
  connection->head = std::string();
  if (connection->exchange == nullptr) return;
  // What is kept may hold the exchange, and use it once more.
  const std::shared_ptr<HttpExchange> exchange = std::move(connection->exchange);
  connection->exchange = nullptr;
  exchange->kept_.reset();
}

void HttpLoop::Close(Id id) {
  auto node = connections_.extract(id);
  if (node.empty()) return;
  Connection& connection = node.mapped();
  if (connection.exchange != nullptr) connection.exchange->client_left_ = true;
  connection.socket.Reset();
  EndReply(&connection);
}

void HttpLoop::CloseLate(Time now) {
  next_check_ = now + kCheckInterval;
  std::vector<Id> late;
  for (const auto& [id, connection] : connections_) {
    if (connection.deadline <= now) late.push_back(id);
  }
  for (const Id id : late) Close(id);
}

}  // namespace oneloop
