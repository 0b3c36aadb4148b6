#include "common/base/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <string_view>
#include <thread>
#include <utility>

#include "common/base/clock.h"
#include "common/base/mutex.h"

namespace oneloop {
namespace {

// False when the descriptor does not take all of it.
bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return false;
    // Whoever shares the descriptor has made it one that does not wait.
    pollfd room = {descriptor, POLLOUT, 0};
    poll(&room, 1, -1);
  }
  return true;
}

}  // namespace

struct LogWriter::Queue {
  explicit Queue(Options from) : options(std::move(from)) {}
  void Run();

  const Options options;
  std::atomic<std::int64_t> dropped{0};

  Mutex mutex;
  CondVar work;     // for the thread: a line, or the end
  CondVar written;  // for Flush
  std::deque<std::string> lines ABSL_GUARDED_BY(mutex);
  std::size_t bytes ABSL_GUARDED_BY(mutex) = 0;  // of `lines`
  std::int64_t unreported_drops ABSL_GUARDED_BY(mutex) = 0;
  bool busy ABSL_GUARDED_BY(mutex) = false;  // a line is being written
  bool stopping ABSL_GUARDED_BY(mutex) = false;
};

void LogWriter::Queue::Run() {
  for (;;) {
    std::string text;
    std::int64_t drops = 0;
    {
      MutexLock lock(&mutex);
      busy = false;
      if (lines.empty()) written.SignalAll();
      while (lines.empty() && !stopping) work.Wait(mutex);
      if (lines.empty()) return;
      text = std::move(lines.front());
      lines.pop_front();
      bytes -= text.size();
      drops = std::exchange(unreported_drops, 0);
      busy = true;
    }
    if (drops > 0 && options.notice) text.insert(0, options.notice(drops));
    if (WriteAll(options.descriptor, text)) continue;
    ++dropped;
    MutexLock lock(&mutex);
    unreported_drops += drops + 1;
  }
}

LogWriter::LogWriter(Options options) : queue_(std::make_shared<Queue>(std::move(options))) {
  std::thread([queue = queue_] { queue->Run(); }).detach();
}

LogWriter::~LogWriter() {
  MutexLock lock(&queue_->mutex);
  queue_->stopping = true;
  queue_->work.Signal();
}

void LogWriter::Write(std::string line) {
  MutexLock lock(&queue_->mutex);
  if (queue_->bytes + line.size() > queue_->options.max_queued_bytes) {
    ++queue_->dropped;
    ++queue_->unreported_drops;
    return;
  }
  queue_->bytes += line.size();
  queue_->lines.push_back(std::move(line));
  queue_->work.Signal();
}

bool LogWriter::Flush(absl::Duration timeout) {
  const SteadyTime deadline = SteadyNow() + timeout;
  MutexLock lock(&queue_->mutex);
  while (queue_->busy || !queue_->lines.empty()) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) return false;
    queue_->written.WaitFor(queue_->mutex, absl::ToChronoNanoseconds(std::min(left, absl::Hours(1))));
  }
  return true;
}

std::int64_t LogWriter::dropped() const { return queue_->dropped; }

}  // namespace oneloop
