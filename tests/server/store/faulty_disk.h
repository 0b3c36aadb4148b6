#ifndef ONELOOP_TESTS_SERVER_STORE_FAULTY_DISK_H_
#define ONELOOP_TESTS_SERVER_STORE_FAULTY_DISK_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "tests/server/store/vfs_layer.h"

namespace oneloop {

// A SQLite file layer over the system's that fails on demand. Reads always succeed. Thread-safe; outlives every
// connection that uses it.
class FaultyDisk {
 public:
  enum class Fault { kNone, kFull, kWriteError, kSyncError, kTruncateError };

  explicit FaultyDisk(const std::string& name);

  const std::string& vfs() const { return layer_.name(); }

  // From now on operations of the fault's kind fail with it: writes on a full disk and on one with write errors (which
  // is what a disk that became read-only shows, too), syncs, or changes of a file's size.
  void Set(Fault fault) { fault_ = fault; }
  // How many failed so far.
  std::int64_t failures() const { return failures_; }

 private:
  int Before(const VfsOperation& operation);

  std::atomic<Fault> fault_{Fault::kNone};
  std::atomic<std::int64_t> failures_{0};
  VfsLayer layer_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_FAULTY_DISK_H_
