#ifndef ONELOOP_COMMON_BASE_MUTEX_H_
#define ONELOOP_COMMON_BASE_MUTEX_H_

#include <pthread.h>

#include <chrono>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace oneloop {

// std::mutex with annotations, so that Clang's thread-safety analysis checks it and ThreadSanitizer sees it (the
// packaged absl::Mutex is invisible to ThreadSanitizer).
class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  void Unlock() ABSL_UNLOCK_FUNCTION() { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(*mutex) { mutex_.Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits on the steady clock. Not std::condition_variable: ThreadSanitizer of these compilers sees neither its wait for
// a duration nor its wait until a steady time, and its wait until a time of the system clock ends late when that is set
// back.
class CondVar {
 public:
  CondVar();
  ~CondVar();
  CondVar(const CondVar&) = delete;
  CondVar& operator=(const CondVar&) = delete;

  // Wakes spuriously too: call in a loop over the condition.
  void Wait(Mutex& mutex) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  // False when the time ran out, which is after a year at most.
  bool WaitFor(Mutex& mutex, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex);
  bool WaitFor(Mutex& mutex, std::chrono::nanoseconds timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex) {
    return WaitFor(mutex, absl::FromChrono(timeout));
  }
  void Signal();
  void SignalAll();

 private:
  pthread_cond_t condition_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_MUTEX_H_
