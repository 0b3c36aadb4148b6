#ifndef ONELOOP_COMMON_MAPPING_MAPPING_H_
#define ONELOOP_COMMON_MAPPING_MAPPING_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// A permutation of the dimensions, outermost loop first.
using LoopOrder = std::array<Dim, kNumDims>;
using LoopOrders = std::array<LoopOrder, kMaxLevels>;  // by level

// How one layer runs on a template: factors of its bounds, and the loop order of each level. A factor need not divide
// what it splits: the last run of its loop is shorter then, by what follows from the factors inside (docs/MODEL.md,
// "Imperfect factors"). Entries beyond the template's levels and axes stay 1. A value type.
struct Mapping {
  // temporal[level][dim]; spatial[axis][dim] with the axes of Template::axes().
  std::array<std::array<std::int64_t, kNumDims>, kMaxLevels> temporal;
  std::array<std::array<std::int64_t, kNumDims>, kMaxAxes> spatial;
  LoopOrders order;
  // What each level keeps: of Template::choice.
  std::uint8_t choice = 0;

  // All factors 1, all orders R S P Q C K N G.
  Mapping();

  std::int64_t t(int level, Dim dim) const {
    return temporal[static_cast<std::size_t>(level)][static_cast<std::size_t>(dim)];
  }
  std::int64_t& t(int level, Dim dim) {
    return temporal[static_cast<std::size_t>(level)][static_cast<std::size_t>(dim)];
  }
  std::int64_t s(int axis, Dim dim) const {
    return spatial[static_cast<std::size_t>(axis)][static_cast<std::size_t>(dim)];
  }
  std::int64_t& s(int axis, Dim dim) { return spatial[static_cast<std::size_t>(axis)][static_cast<std::size_t>(dim)]; }
  bool operator==(const Mapping&) const = default;
};

// INVALID_ARGUMENT naming the level, axis or dimension: factors whose product does not reach the bound, a loop that is
// longer than what the factors inside leave of it, a loop where the template allows none. Says nothing about capacity,
// which depends on the hardware.
absl::Status ValidateMapping(const Template& hardware_template, const LayerShape& shape, const Mapping& mapping);

// Text form, outermost level first, loops outermost first, unit loops left out, spatial loops marked by their axis:
//   L3[WIO] P28 R7 Q56 K8 - L2[WI] N1 K4X - L1[O] K2 S7 Q2 P2 C3X - L0[W] P2
// A level without temporal loops says N1; one that keeps nothing, L3[].
std::string FormatMapping(const Template& hardware_template, const Mapping& mapping);
// The same as Timeloop writes it: a loop whose last run is shorter says how many iterations that has, K16,5X.
// Precondition: ValidateMapping is OK.
std::string FormatMappingWithLastRuns(const Template& hardware_template, const LayerShape& shape,
                                      const Mapping& mapping);

// The inverse. INVALID_ARGUMENT with the column and what was expected there. Unit loops may be left out or stand
// anywhere; dimensions without a loop come last in the order, in the order R S P Q C K N G. Last runs are refused,
// since what they have to be follows from a layer.
absl::StatusOr<Mapping> ParseMapping(const Template& hardware_template, std::string_view text);
// Of a layer: any loop may say its last run, and the mapping passes ValidateMapping. INVALID_ARGUMENT also where it
// does not, and, with column, dimension and level, for a last run that is not what follows from the factors and the
// bound. Precondition: ValidateShape(shape) is OK.
absl::StatusOr<Mapping> ParseMapping(const Template& hardware_template, const LayerShape& shape, std::string_view text);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MAPPING_MAPPING_H_
