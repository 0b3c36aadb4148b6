#ifndef ONELOOP_COMMON_WORKLOAD_PER_NETWORK_H_
#define ONELOOP_COMMON_WORKLOAD_PER_NETWORK_H_

#include <array>
#include <cstddef>

#include "common/workload/workload.h"

namespace oneloop {

// A value for each of at most kMaxNetworks networks, in place: searches copy it at each step.
template <class T>
class PerNetwork {
 public:
  PerNetwork() = default;
  PerNetwork(std::size_t size, const T& value) : size_(size) {
    for (T& own : *this) own = value;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void push_back(const T& value) { values_[size_++] = value; }

  T& operator[](std::size_t network) { return values_[network]; }
  const T& operator[](std::size_t network) const { return values_[network]; }
  T* begin() { return values_.data(); }
  T* end() { return values_.data() + size_; }
  const T* begin() const { return values_.data(); }
  const T* end() const { return values_.data() + size_; }

 private:
  std::size_t size_ = 0;
  std::array<T, kMaxNetworks> values_{};
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_WORKLOAD_PER_NETWORK_H_
