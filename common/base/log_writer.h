#ifndef ONELOOP_COMMON_BASE_LOG_WRITER_H_
#define ONELOOP_COMMON_BASE_LOG_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace oneloop {

// Writes lines to a descriptor whose reader may be slow, stopped or gone, without anyone but a thread of its own ever
// waiting for that reader. What does not fit into the queue meanwhile is dropped and counted. The process must ignore
// SIGPIPE. Thread-safe.
class LogWriter {
 public:
  struct Options {
    int descriptor = -1;  // stays the caller's, who never closes it
    std::size_t max_queued_bytes = std::size_t{1} << 20;
    // The line that is written before the next one once some were dropped; null for none.
    std::function<std::string(std::int64_t dropped)> notice;
  };
  explicit LogWriter(Options options);
  // Does not wait for a reader: a thread that is stuck is left behind, and ends with the process.
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // Queues a line, with its end. Returns at once.
  void Write(std::string line);
  // Waits until what was queued has been written or lost; false when that takes longer than `timeout`.
  bool Flush(absl::Duration timeout);
  // Lines that did not fit, or that the descriptor did not take.
  std::int64_t dropped() const;

 private:
  struct Queue;
  const std::shared_ptr<Queue> queue_;  // with the thread, which may outlive this object
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_LOG_WRITER_H_
