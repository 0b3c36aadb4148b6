#ifndef ONELOOP_SERVER_STORE_NUMBER_LIST_H_
#define ONELOOP_SERVER_STORE_NUMBER_LIST_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// A JSON array of numbers, "[16,0.1,null]": the shortest texts that give back the same bits; null for what is not
// finite. `text` is replaced, so that one string serves many lists.
void FormatNumberList(std::span<const double> values, std::string& text);

// The inverse, with NaN for null. DATA_LOSS for any other text.
absl::StatusOr<std::vector<double>> ParseNumberList(std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_NUMBER_LIST_H_
