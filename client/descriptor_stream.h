#ifndef ONELOOP_CLIENT_DESCRIPTOR_STREAM_H_
#define ONELOOP_CLIENT_DESCRIPTOR_STREAM_H_

#include <array>
#include <streambuf>

namespace oneloop {

// Output to a file descriptor that remembers why a write failed, which std::cout does not tell. Buffered; flushed by
// the stream's flush(), and not by destruction. Does not own the descriptor.
class DescriptorStreambuf : public std::streambuf {
 public:
  explicit DescriptorStreambuf(int descriptor);

  // errno of the first failed write; 0 while there is none.
  int error() const { return error_; }

 protected:
  int_type overflow(int_type c) override;
  int sync() override;

 private:
  const int descriptor_;
  int error_ = 0;
  std::array<char, 1 << 16> buffer_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_DESCRIPTOR_STREAM_H_
