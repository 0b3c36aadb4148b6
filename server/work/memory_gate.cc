#include "server/work/memory_gate.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <exception>

#include "absl/strings/str_cat.h"

namespace oneloop {
namespace {

// Between two looks at whether a waiting lease is stopped.
constexpr std::chrono::milliseconds kStopCheckPeriod{20};
constexpr std::int64_t kLeastSearchBytes = std::int64_t{256} << 20;

}  // namespace

std::int64_t DefaultSearchBytes() {
  const auto pages = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES));
  std::int64_t bytes = pages * static_cast<std::int64_t>(sysconf(_SC_PAGESIZE));
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    bytes = static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(bytes)));
  }
  return std::max(bytes / 2, kLeastSearchBytes);
}

bool MemoryGate::Enter(std::int64_t bytes, const std::function<bool()>& stopped) {
  MutexLock lock(&mutex_);
  while (bytes_in_use_ > 0 && bytes_in_use_ + bytes > total_bytes_) {
    if (stopped()) return false;
    freed_.WaitFor(mutex_, kStopCheckPeriod);
  }
  bytes_in_use_ += bytes;
  return true;
}

void MemoryGate::Leave(std::int64_t bytes) {
  MutexLock lock(&mutex_);
  bytes_in_use_ -= bytes;
  freed_.SignalAll();
}

std::int64_t MemoryGate::bytes_in_use() {
  MutexLock lock(&mutex_);
  return bytes_in_use_;
}

absl::Status MemoryGate::Run(std::int64_t bytes, const std::function<bool()>& stopped,
                             const std::function<void()>& work) {
  if (!Enter(bytes, stopped)) return absl::OkStatus();
  absl::Status status;
  try {
    work();
  } catch (const std::exception& error) {
    status = absl::InternalError(
        absl::StrCat("there was not enough memory for it (about ", bytes >> 20, " MiB were expected): ", error.what()));
  }
  Leave(bytes);
  return status;
}

}  // namespace oneloop
