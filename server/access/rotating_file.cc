#include "server/access/rotating_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/access/private_file.h"

namespace oneloop {
namespace {

absl::Status FileError(const char* action, const std::string& path) {
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot ", action, " ", path));
}

bool Exists(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0 || errno != ENOENT;
}

}  // namespace

RotatingFile::RotatingFile(Options options) : options_(std::move(options)) {}

RotatingFile::~RotatingFile() { Close(); }

void RotatingFile::Close() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

std::string RotatingFile::Numbered(int number) const {
  return number == 0 ? options_.path : absl::StrCat(options_.path, ".", number);
}

absl::Status RotatingFile::Append(const std::string& line) {
  off_t size = 0;
  RETURN_IF_ERROR(Open(&size));
  if (size > 0 && size + static_cast<off_t>(line.size()) > options_.max_bytes) {
    const absl::Status rotated = Rotate();
    if (!rotated.ok() && !rotation_failed_) {
      Log(LogLevel::kError, absl::StrCat(options_.path, " grows beyond its bound: ", Message(rotated)));
    }
    rotation_failed_ = !rotated.ok();
    RETURN_IF_ERROR(Open(&size));
  }
  const std::string text = absl::StrCat(needs_break_ ? "\n" : "", line);
  ssize_t written = -1;
  do {
    written = write(descriptor_, text.data(), text.size());
  } while (written < 0 && errno == EINTR);
  if (written == static_cast<ssize_t>(text.size())) {
    needs_break_ = false;
    return absl::OkStatus();
  }
  absl::Status failure =
      written < 0 ? FileError("write", options_.path)
                  : absl::ResourceExhaustedError(absl::StrCat("cannot write ", options_.path, ": the disk is full"));
  if (written <= 0) return failure;
  // Half a line is taken back, unless another process has added to it meanwhile.
  struct stat info = {};
  const bool is_last = fstat(descriptor_, &info) == 0 && info.st_size == size + written;
  if (!is_last || ftruncate(descriptor_, size) != 0) needs_break_ = true;
  return failure;
}

absl::Status RotatingFile::Open(off_t* size) {
  struct stat at_path = {};
  struct stat opened = {};
  const bool is_current = descriptor_ >= 0 && stat(options_.path.c_str(), &at_path) == 0 &&
                          fstat(descriptor_, &opened) == 0 && at_path.st_dev == opened.st_dev &&
                          at_path.st_ino == opened.st_ino;
  if (is_current) {
    *size = opened.st_size;
    return absl::OkStatus();
  }
  Close();
  ASSIGN_OR_RETURN(descriptor_, OpenPrivateFileToAppend(options_.path));
  if (fstat(descriptor_, &opened) != 0) return FileError("look at", options_.path);
  *size = opened.st_size;
  char last = '\n';
  needs_break_ = opened.st_size > 0 && pread(descriptor_, &last, 1, opened.st_size - 1) == 1 && last != '\n';
  return absl::OkStatus();
}

absl::Status RotatingFile::Rotate() {
  int gap = 1;
  while (gap < options_.num_old_files && Exists(Numbered(gap))) ++gap;
  for (int number = gap; number >= 1; --number) {
    if (std::rename(Numbered(number - 1).c_str(), Numbered(number).c_str()) != 0) {
      return FileError("rename", Numbered(number - 1));
    }
  }
  return absl::OkStatus();
}

}  // namespace oneloop
