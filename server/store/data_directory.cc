#include "server/store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kLockName[] = "oneloop.lock";

absl::Status MakeDirectory(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("the data directory's path is empty");
  if (mkdir(path.c_str(), 0700) == 0) {
    // A parent that may be written and not read cannot be synced.
    SyncFolder(path + "/..").IgnoreError();
  } else if (errno != EEXIST) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat("cannot create data directory '", path, "' (its parent must exist and be writable)"));
  }
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot use data directory '", path, "'"));
  }
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("data directory '", path, "' is not a directory"));
  }
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("data directory '", path, "' is not writable for this user"));
  }
  return absl::OkStatus();
}

std::string HolderOf(int lock_descriptor) {
  std::array<char, 32> text = {};
  const ssize_t size = pread(lock_descriptor, text.data(), text.size() - 1, 0);
  const long pid = size > 0 ? std::strtol(text.data(), nullptr, 10) : 0;
  return pid > 0 ? absl::StrCat("process ", pid) : "another process";
}

// Failure only costs the name in a later message.
void WriteHolder(int lock_descriptor) {
  const std::string text = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock_descriptor, 0) != 0 || pwrite(lock_descriptor, text.data(), text.size(), 0) < 0) return;
}

}  // namespace

absl::Status SyncFolder(const std::string& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  const int error = errno;
  if (descriptor >= 0) close(descriptor);
  return synced ? absl::OkStatus() : absl::ErrnoToStatus(error, absl::StrCat("cannot sync folder '", folder, "'"));
}

absl::StatusOr<std::unique_ptr<DataDirectory>> DataDirectory::Open(const std::string& path) {
  RETURN_IF_ERROR(MakeDirectory(path));
  const std::string lock_path = absl::StrCat(path, "/", kLockName);
  const int descriptor = open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open lock file '", lock_path, "'"));
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const absl::Status status =
        errno == EWOULDBLOCK
            ? absl::FailedPreconditionError(absl::StrCat("data directory '", path, "' is in use by ",
                                                         HolderOf(descriptor), "; stop it or use another directory"))
            : absl::ErrnoToStatus(errno, absl::StrCat("cannot lock '", lock_path, "'"));
    close(descriptor);
    return status;
  }
  WriteHolder(descriptor);
  std::unique_ptr<DataDirectory> directory(new DataDirectory(path, descriptor));
  RETURN_IF_ERROR(directory->Keep(kLockName));
  return directory;
}

absl::Status DataDirectory::Keep(const std::string& name) {
  const std::string file = absl::StrCat(path_, "/", name);
  struct stat info = {};
  if (stat(file.c_str(), &info) != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot look at '", file, "'"));
  kept_.push_back({file, info.st_dev, info.st_ino});
  return absl::OkStatus();
}

absl::Status DataDirectory::CheckStillThere() const {
  for (const File& file : kept_) {
    struct stat info = {};
    const bool found = stat(file.path.c_str(), &info) == 0;
    // Nothing else that a look can fail with says that the file has gone.
    if (!found && errno != ENOENT && errno != ENOTDIR && errno != ESTALE) continue;
    if (found && info.st_dev == file.device && info.st_ino == file.number) continue;
    return absl::DataLossError(absl::StrCat(
        "data directory '", path_, "' was removed, renamed or replaced under the daemon: ", file.path,
        found ? " is another file now" : " has gone", "; nothing more is stored. Put it back and start the daemon"));
  }
  return absl::OkStatus();
}

DataDirectory::~DataDirectory() { close(lock_descriptor_); }

}  // namespace oneloop
