#ifndef ONELOOP_TESTS_SERVER_NET_SILENT_CROWD_H_
#define ONELOOP_TESTS_SERVER_NET_SILENT_CROWD_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <array>

namespace oneloop {

// Clients of a process of their own, which has more descriptors, that connect to a port of 127.0.0.1 and say nothing.
// Make it before there are threads.
class SilentCrowd {
 public:
  explicit SilentCrowd(int size);
  ~SilentCrowd();
  SilentCrowd(const SilentCrowd&) = delete;
  SilentCrowd& operator=(const SilentCrowd&) = delete;

  // Returns how many are connected.
  int Connect(int port);
  // Returns how many were closed by the server: all, or it does not return.
  int AwaitClosed() { return Read(); }

 private:
  int Read();

  std::array<int, 2> to_child_ = {};
  std::array<int, 2> from_child_ = {};
  pid_t child_ = 0;
};

// The process's soft limit of descriptors while it lives.
class ScopedDescriptorLimit {
 public:
  explicit ScopedDescriptorLimit(rlim_t soft);
  ~ScopedDescriptorLimit();
  ScopedDescriptorLimit(const ScopedDescriptorLimit&) = delete;
  ScopedDescriptorLimit& operator=(const ScopedDescriptorLimit&) = delete;

 private:
  rlimit before_ = {};
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_NET_SILENT_CROWD_H_
