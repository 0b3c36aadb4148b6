#include "server/access/private_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/descriptor.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr mode_t kPrivateMode = 0600;

absl::Status FileError(std::string_view action, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", ToAbsl(action), " ", path));
}

absl::Status CheckPrivate(int descriptor, const std::string& path) {
  struct stat info = {};
  if (fstat(descriptor, &info) != 0) return FileError("look at", path);
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError(absl::StrCat(path, " is not a regular file"));
  if ((info.st_mode & 0077u) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " can be read or written by others than its owner; change that: chmod 600 ", path));
  }
  return absl::OkStatus();
}

absl::Status WriteAll(int descriptor, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// So that a daemon that runs as another user can read what root has made for it.
absl::Status GiveToFolderOwner(int descriptor, const std::string& path) {
  struct stat folder = {};
  if (geteuid() != 0 || stat(FolderOf(path).c_str(), &folder) != 0 || folder.st_uid == 0) return absl::OkStatus();
  return fchown(descriptor, folder.st_uid, folder.st_gid) == 0 ? absl::OkStatus() : FileError("give away", path);
}

void SyncFolder(const std::string& path) {
  const Descriptor folder(open(FolderOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) fsync(folder.number());
}

}  // namespace

absl::StatusOr<std::string> ReadPrivateFile(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return FileError("open", path);
  RETURN_IF_ERROR(CheckPrivate(file.number(), path));
  std::string content;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t size = read(file.number(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return FileError("read", path);
    if (size == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

absl::Status ReplacePrivateFile(const std::string& path, const std::string& content) {
  const std::string next = absl::StrCat(path, ".new.", getpid());
  // One that a process of this number has left when it died.
  unlink(next.c_str());
  {
    const Descriptor file(open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kPrivateMode));
    if (!file.is_open()) return FileError("create", next);
    absl::Status status = WriteAll(file.number(), content, next);
    if (status.ok()) status = GiveToFolderOwner(file.number(), next);
    if (status.ok() && fsync(file.number()) != 0) status = FileError("write", next);
    if (!status.ok()) {
      unlink(next.c_str());
      return status;
    }
  }
  if (rename(next.c_str(), path.c_str()) != 0) {
    absl::Status status = FileError("replace", path);
    unlink(next.c_str());
    return status;
  }
  SyncFolder(path);
  return absl::OkStatus();
}

absl::StatusOr<int> OpenPrivateFileToAppend(const std::string& path) {
  // Without waiting for a reader, as a pipe in the file's place would.
  Descriptor file(open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, kPrivateMode));
  if (!file.is_open()) return FileError("open", path);
  struct stat info = {};
  if (fstat(file.number(), &info) != 0) return FileError("look at", path);
  if (!S_ISREG(info.st_mode)) return absl::FailedPreconditionError(absl::StrCat(path, " is not a regular file"));
  RETURN_IF_ERROR(GiveToFolderOwner(file.number(), path));
  return file.Release();
}

absl::StatusOr<FileLock> FileLock::Take(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kPrivateMode));
  if (!file.is_open()) return FileError("open", path);
  RETURN_IF_ERROR(GiveToFolderOwner(file.number(), path));
  while (flock(file.number(), LOCK_EX) != 0) {
    if (errno != EINTR) return FileError("lock", path);
  }
  return FileLock(file.Release());
}

FileLock::FileLock(FileLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace oneloop
