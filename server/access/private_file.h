#ifndef ONELOOP_SERVER_ACCESS_PRIVATE_FILE_H_
#define ONELOOP_SERVER_ACCESS_PRIVATE_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

// Files that only their owner may read and write (mode 0600), such as those with secrets.

// The content. NOT_FOUND when there is no such file; FAILED_PRECONDITION, with the command that mends it, when others
// may read or write it, or it is no regular file.
absl::StatusOr<std::string> ReadPrivateFile(const std::string& path);

// Replaces the content in one step: a reader sees the old or the new one, also after a power loss. What root writes
// into another user's folder belongs to that user.
absl::Status ReplacePrivateFile(const std::string& path, const std::string& content);

// A descriptor, for the caller to close, with which lines are written at the end; it reads, too. Makes the file when
// there is none. FAILED_PRECONDITION when it is no regular file.
absl::StatusOr<int> OpenPrivateFileToAppend(const std::string& path);

// A lock on a private file of its own, among processes; ends with the object.
class FileLock {
 public:
  // Waits for the lock.
  static absl::StatusOr<FileLock> Take(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_PRIVATE_FILE_H_
