#ifndef ONELOOP_COMMON_BASE_FAILPOINT_H_
#define ONELOOP_COMMON_BASE_FAILPOINT_H_

namespace oneloop {

// Marks a moment at which a test lets the process die, to see what is left: "store.before_commit". Each name stands at
// one place only.
//
// In every program that is shipped this is an empty function, that nothing can switch on: a call costs a nanosecond,
// and stands where at least a system call is near. Programs of the tests link another definition in its place.
void Failpoint(const char* name);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_FAILPOINT_H_
