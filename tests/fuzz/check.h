#ifndef ONELOOP_TESTS_FUZZ_CHECK_H_
#define ONELOOP_TESTS_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

#include "absl/status/status.h"

namespace oneloop {

// What must hold for every input; the fuzzer keeps the input for which it does not.
inline void Check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

// An error that bad input may have: one that says what is wrong, and never that the service is at fault.
inline void CheckAnswer(const absl::Status& status) {
  if (status.ok()) return;
  Check(!status.message().empty(), "an error says what is wrong");
  if (status.code() != absl::StatusCode::kInternal && status.code() != absl::StatusCode::kUnknown) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  Check(false, "bad input is no fault of the service");
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_FUZZ_CHECK_H_
