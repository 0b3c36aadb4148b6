#include "common/base/read_file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"

namespace oneloop {
absl::Status ReadFileError(const std::string& path, int code) {
  const std::string text = absl::StrCat(path, ": cannot be read: ", std::strerror(code));
  if (code == ENOENT || code == ENOTDIR) return absl::NotFoundError(text);
  return code == EACCES || code == EPERM ? absl::PermissionDeniedError(text) : absl::InvalidArgumentError(text);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t most) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rbe"), std::fclose);
  if (file == nullptr) return ReadFileError(path, errno);
  std::string content;
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (std::ferror(file.get()) != 0) return ReadFileError(path, errno);
    if (size > most - content.size()) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": larger than ", most, " bytes, the most that is read"));
    }
    content.append(buffer.data(), size);
    if (std::feof(file.get()) != 0) return content;
  }
}

}  // namespace oneloop
