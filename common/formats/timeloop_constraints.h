#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_CONSTRAINTS_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_CONSTRAINTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/timeloop_file.h"
#include "common/formats/timeloop_names.h"
#include "common/workload/dims.h"
#include "oneloop/v1/template.pb.h"

namespace oneloop {

// One entry of a list of constraints, or of the constraints in a node.
struct TimeloopConstraint {
  enum class Kind { kTemporal, kSpatial, kDataspace, kUtilization };
  struct Factor {
    Dim dim = Dim::kR;
    std::string_view op = "=";  // "=", "<=", ">="; a literal
    std::int64_t value = 0;     // 0: the whole bound
  };

  Kind kind = Kind::kTemporal;
  std::string target;
  std::string place;
  std::vector<Factor> factors;
  bool has_permutation = false;
  std::vector<Dim> permutation;       // innermost first; of loops in the order of the file
  std::optional<std::int64_t> split;  // how many of them, and then of the other loops, lie along X
  // Loops that a factor or the problem fixes at 1 stand innermost where the permutation does not name them, and count
  // for `split`: the front end of v0.4 does so.
  bool units_innermost = false;
  TensorSet keep;
  TensorSet bypass;
  TensorSet unshared;
  TensorSet unlinked;
  double min_utilization = 0;  // of all fan-outs together
};

// The constraints in a file: `architecture_constraints`, `mapspace_constraints`, `mapspace` and `constraints`, each a
// list or a map with `targets` or `constraints`. What cannot be read or expressed is noted as an error. `is_v04`: the
// architecture is of v0.4.
std::vector<TimeloopConstraint> ReadTimeloopConstraints(const TimeloopFile& file, const TimeloopNames& names,
                                                        bool is_v04, TimeloopNotes* notes);

// The `constraints` in a node of v0.4.
std::vector<TimeloopConstraint> ReadNodeConstraints(const TimeloopFile& file, const YamlView& constraints,
                                                    const std::string& target, const TimeloopNames& names,
                                                    TimeloopNotes* notes);

// The same as constraints on a template's mappings. Of the template, names, axes and their dimensions count. Targets
// that it has not are errors.
v1::Constraints ToConstraints(const std::vector<TimeloopConstraint>& constraints, const v1::Template& hardware_template,
                              const TimeloopNames& names, TimeloopNotes* notes);

// Whether a file can be read and has constraints of Timeloop's.
bool IsTimeloopConstraintFile(const std::string& path);

// Timeloop's constraint file as constraints on the mappings of a template, in which its levels have Timeloop's names. A
// problem in the file says what its loops are called. Errors as JoinErrors joins them, each with "FILE:LINE:COL: " in
// front; `warnings` may be null.
absl::StatusOr<v1::Constraints> ReadTimeloopConstraintFile(const std::string& path,
                                                           const v1::Template& hardware_template,
                                                           std::vector<std::string>* warnings);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_CONSTRAINTS_H_
