#ifndef ONELOOP_TESTS_FUZZ_TEXT_FUZZER_H_
#define ONELOOP_TESTS_FUZZ_TEXT_FUZZER_H_

#include <string_view>

// Defines a fuzz target whose inputs are texts:
//   TEXT_FUZZER(input) { Check(...); }
#define TEXT_FUZZER(input)                                                                       \
  static void FuzzText(std::string_view input);                                                  \
  extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, decltype(sizeof(int)) size) { \
    FuzzText(std::string_view(reinterpret_cast<const char*>(data), size));                       \
    return 0;                                                                                    \
  }                                                                                              \
  static void FuzzText(std::string_view input)

#endif  // ONELOOP_TESTS_FUZZ_TEXT_FUZZER_H_
