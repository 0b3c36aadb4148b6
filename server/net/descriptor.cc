#include "server/net/descriptor.h"

#include <sys/stat.h>
#include <unistd.h>

namespace oneloop {

void Descriptor::Reset(int number) {
  if (number_ >= 0) close(number_);
  number_ = number;
}

std::optional<ino_t> SocketInode(int number) {
  struct stat info = {};
  if (fstat(number, &info) != 0 || !S_ISSOCK(info.st_mode)) return std::nullopt;
  return info.st_ino;
}

}  // namespace oneloop
