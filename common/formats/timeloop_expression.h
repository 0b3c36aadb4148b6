#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_EXPRESSION_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_EXPRESSION_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/formats/timeloop_text.h"

namespace oneloop {

// The value of a number that Timeloop's front end would compute: numbers, names of variables, + - * / // % **, signs
// and parentheses, with Python's precedence. Variables may be expressions themselves. INVALID_ARGUMENT, naming what is
// not understood, also for results that are not finite and for nesting beyond 32.
absl::StatusOr<double> EvaluateTimeloopExpression(std::string_view text, const TimeloopVariables& variables);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_EXPRESSION_H_
