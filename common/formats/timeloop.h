#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Timeloop's problems, one a file, v0.3 and v0.4: `shape` by name ("cnn-layer") or with data spaces whose projections
// are a product of two tensors, and an `instance` of bounds. Lines {{include_text('FILE')}} are replaced by that file,
// as seen from the one that they stand in; other Jinja is an error.

// A file as a workload of one layer, or a folder of such files, in the order of their names, as a workload of many,
// named after the file or folder. What TimeloopFiles wrote is read back as it was, counts and names included. Errors
// begin with "FILE:LINE:COL: " or the path; INVALID_ARGUMENT when no file of a folder has a problem.
absl::StatusOr<v1::Workload> ReadTimeloop(const std::string& path);

// The same for the text of one file, whose includes are sought beside `file`.
absl::StatusOr<v1::Workload> ReadTimeloopText(std::string_view text, const std::string& file);

// Versions of Timeloop's files: 0.3 as Timeloop of 2022 reads it (commit ddfcf673), 0.4 as that of 2025 does
// (4cf6d4cd).
enum class TimeloopVersion { k03, k04 };
// "0.3", "0.4".
const char* NameOf(TimeloopVersion version);

// A workload's layers as problems, by file name, "0001_conv1.yaml". What Timeloop has no word for, names and counts, is
// in a comment that ReadTimeloop reads; a graph is left out.
std::vector<std::pair<std::string, std::string>> TimeloopFiles(const v1::Workload& workload,
                                                               TimeloopVersion version = TimeloopVersion::k04);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_H_
