#ifndef ONELOOP_TESTS_TESTING_VALUE_OR_DIE_H_
#define ONELOOP_TESTS_TESTING_VALUE_OR_DIE_H_

#include <cstdlib>
#include <iostream>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"

namespace oneloop {

// For inputs of tests: anything wrong with them is a mistake in the test.
[[noreturn]] inline void BadTestInput(std::string_view what) {
  std::cerr << "bad test input: " << what << std::endl;
  std::abort();
}

template <class T>
T ValueOrDie(absl::StatusOr<T> value) {
  if (!value.ok()) BadTestInput(value.status().ToString());
  return *std::move(value);
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_VALUE_OR_DIE_H_
