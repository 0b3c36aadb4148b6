#include "tests/server/store/faulty_disk.h"

#include <sqlite3.h>

namespace oneloop {

FaultyDisk::FaultyDisk(const std::string& name)
    : layer_(name, /*is_default=*/false, [this](const VfsOperation& operation) { return Before(operation); }) {}

int FaultyDisk::Before(const VfsOperation& operation) {
  const auto fails = [&] {
    switch (fault_) {
      case Fault::kNone:
        return SQLITE_OK;
      case Fault::kFull:
        return operation.kind == VfsOperation::Kind::kWrite ? SQLITE_FULL : SQLITE_OK;
      case Fault::kWriteError:
        return operation.kind == VfsOperation::Kind::kWrite ? SQLITE_IOERR_WRITE : SQLITE_OK;
      case Fault::kSyncError:
        return operation.kind == VfsOperation::Kind::kSync ? SQLITE_IOERR_FSYNC : SQLITE_OK;
      case Fault::kTruncateError:
        return operation.kind == VfsOperation::Kind::kTruncate ? SQLITE_IOERR_TRUNCATE : SQLITE_OK;
    }
    return SQLITE_OK;
  };
  const int code = fails();
  if (code != SQLITE_OK) ++failures_;
  return code;
}

}  // namespace oneloop
