#ifndef ONELOOP_SERVER_STORE_DATA_DIRECTORY_H_
#define ONELOOP_SERVER_STORE_DATA_DIRECTORY_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// Makes names that were made, renamed or deleted in a folder survive a power loss.
absl::Status SyncFolder(const std::string& folder);

// A directory that one process has for itself, by a lock on a file in it that ends with the process.
class DataDirectory {
 public:
  // Makes the directory, for its owner only, when it does not exist; its parent must. FAILED_PRECONDITION when
  // another process, or this one, holds it: the message names the process. PERMISSION_DENIED, NOT_FOUND and others
  // when the path cannot be used.
  static absl::StatusOr<std::unique_ptr<DataDirectory>> Open(const std::string& path);
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  // Makes a file of the directory, which exists, one of those that CheckStillThere looks at.
  absl::Status Keep(const std::string& name);

  // Whether the path still leads to this directory, with the lock and the kept files in it. DATA_LOSS, with what became
  // of it, when the directory or one of the files was removed, renamed or replaced. A few system calls, no input or
  // output. Thread-safe once all files are kept.
  absl::Status CheckStillThere() const;

  const std::string& path() const { return path_; }

 private:
  struct File {
    std::string path;
    dev_t device;
    ino_t number;
  };

  DataDirectory(std::string path, int lock_descriptor) : path_(std::move(path)), lock_descriptor_(lock_descriptor) {}

  const std::string path_;
  const int lock_descriptor_;
  std::vector<File> kept_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_DATA_DIRECTORY_H_
