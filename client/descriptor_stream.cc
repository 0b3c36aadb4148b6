#include "client/descriptor_stream.h"

#include <unistd.h>

#include <cerrno>

namespace oneloop {

DescriptorStreambuf::DescriptorStreambuf(int descriptor) : descriptor_(descriptor) {
  setp(buffer_.data(), buffer_.data() + buffer_.size());
}

DescriptorStreambuf::int_type DescriptorStreambuf::overflow(int_type c) {
  if (sync() != 0) return traits_type::eof();
  if (!traits_type::eq_int_type(c, traits_type::eof())) {
    *pptr() = traits_type::to_char_type(c);
    pbump(1);
  }
  return traits_type::not_eof(c);
}

int DescriptorStreambuf::sync() {
  const char* begin = pbase();
  while (error_ == 0 && begin < pptr()) {
    const ssize_t written = write(descriptor_, begin, static_cast<std::size_t>(pptr() - begin));
    if (written >= 0) {
      begin += written;
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  setp(buffer_.data(), buffer_.data() + buffer_.size());
  return error_ == 0 ? 0 : -1;
}

}  // namespace oneloop
