#ifndef ONELOOP_COMMON_BASE_DESCRIPTOR_H_
#define ONELOOP_COMMON_BASE_DESCRIPTOR_H_

#include <utility>

namespace oneloop {

// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { Reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  // Closes what was owned.
  void Reset(int number = -1);
  // Whoever calls owns it from then on.
  int Release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_DESCRIPTOR_H_
