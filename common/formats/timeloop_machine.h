#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_MACHINE_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_MACHINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/timeloop.h"
#include "common/hardware/template.h"

namespace oneloop {

// A memory, or a fan-out without one, as Timeloop knows it. Energies in pJ of one access to a block.
struct TimeloopLevel {
  std::string name;
  TensorSet keeps;
  std::int64_t mesh_x = 1;  // instances there are
  std::int64_t mesh_y = 1;
  // Of its fan-out to the next level inwards, the axes of the template that run along X and Y; -1 for none.
  int axis_x = -1;
  int axis_y = -1;
  std::int64_t fan_x = 1;  // copies that fit along them
  std::int64_t fan_y = 1;
  int word_bits = 8;
  std::optional<std::int64_t> entries;  // words of any tensor, 2^31 - 1 for no limit; unset of the outermost level
  double multiple_buffering = 1;
  double min_utilization = 0;  // the least share of the entries that tiles take
  std::int64_t block_words = 1;
  std::int64_t cluster = 1;
  double read_pj = 0;
  double write_pj = 0;
  double update_pj = 0;                  // of Timeloop 0.4 alone; 0.3 takes write_pj
  double address_pj = 0;                 // of each word read or filled, of outputs filled or updated
  double leak_pj = 0;                    // of Timeloop 0.4 alone
  std::optional<double> read_bandwidth;  // words per cycle
  std::optional<double> write_bandwidth;
  std::optional<double> shared_bandwidth;
  double hop_pj = 0;
  double router_pj = 0;
  TensorSet unshared;
  TensorSet unlinked;

  std::int64_t instances() const { return mesh_x * mesh_y; }
  bool fans_out() const { return fan_x * fan_y > 1; }
};

struct TimeloopMachine {
  std::vector<TimeloopLevel> levels;  // innermost first, as in the template
  std::int64_t mesh_x = 1;            // of the multiply-accumulate units
  std::int64_t mesh_y = 1;
  double mac_pj = 0;
  double area_mm2 = 0;
  // Where this version of Timeloop counts otherwise, a sentence each.
  std::vector<std::string> warnings;
};

// What Timeloop is told of a template on some hardware, formulas evaluated. INVALID_ARGUMENT naming the level for what
// it has no word for: more than two axes of a level, accesses or limits that differ by tensor or mix flows in a way
// that a memory of Timeloop cannot, parts of a block, and units of other than one multiply-accumulate a cycle.
// Thread-safe.
absl::StatusOr<TimeloopMachine> DescribeForTimeloop(const Template& hardware_template, const HardwarePoint& hardware,
                                                    TimeloopVersion version);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_MACHINE_H_
