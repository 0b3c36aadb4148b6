#ifndef ONELOOP_COMMON_BASE_EXACT_NUMBER_H_
#define ONELOOP_COMMON_BASE_EXACT_NUMBER_H_

#include <string>

namespace oneloop {

// The shortest text that reads back as the same double, whole numbers without an exponent; "inf", "-inf" and "nan"
// otherwise.
std::string ExactNumber(double value);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_EXACT_NUMBER_H_
