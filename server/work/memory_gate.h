#ifndef ONELOOP_SERVER_WORK_MEMORY_GATE_H_
#define ONELOOP_SERVER_WORK_MEMORY_GATE_H_

#include <atomic>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "common/base/mutex.h"

namespace oneloop {

// Half of what this process may have: of the machine's memory, or of a limit on its address space.
std::int64_t DefaultSearchBytes();

// Keeps what runs at the same time within a total of memory, by what each estimates to take. Thread-safe.
class MemoryGate {
 public:
  explicit MemoryGate(std::int64_t total_bytes) : total_bytes_(total_bytes) {}

  // Runs `work` once its bytes fit beside what runs, or alone when they never would; not at all when `stopped`
  // says so before: then OK is returned. INTERNAL when the memory was not to be had in spite of that: the work's
  // exception ends here, what it held is freed.
  absl::Status Run(std::int64_t bytes, const std::function<bool()>& stopped, const std::function<void()>& work);

  std::int64_t bytes_in_use();

 private:
  bool Enter(std::int64_t bytes, const std::function<bool()>& stopped);
  void Leave(std::int64_t bytes);

  const std::int64_t total_bytes_;
  Mutex mutex_;
  CondVar freed_;
  std::int64_t bytes_in_use_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_WORK_MEMORY_GATE_H_
