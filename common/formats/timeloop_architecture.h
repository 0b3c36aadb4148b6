#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_ARCHITECTURE_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_ARCHITECTURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/formats/timeloop_constraints.h"
#include "common/formats/timeloop_file.h"
#include "common/formats/timeloop_names.h"

namespace oneloop {

// An attribute of a component, inherited ones included. Scalars only.
struct TimeloopAttribute {
  std::string text;
  std::string place;
};
using TimeloopAttributes = std::map<std::string, TimeloopAttribute>;

// A memory, a fan-out of its own, or the multiply-accumulate units.
struct TimeloopComponent {
  std::string name;
  std::string component_class;
  std::string subclass;
  std::string place;
  TimeloopAttributes attributes;
  // All that there are, as columns and rows.
  std::int64_t mesh_x = 1;
  std::int64_t mesh_y = 1;
  bool is_fan_out = false;  // made of a container with a mesh of its own: keeps nothing, has no loops

  std::int64_t instances() const { return mesh_x * mesh_y; }
};

struct TimeloopArchitecture {
  bool has_nodes = false;                 // written as v0.4 is, in nodes
  bool is_v04 = false;                    // of v0.4, as written or after the front end
  std::vector<TimeloopComponent> levels;  // memories and fan-outs, outermost first
  TimeloopComponent compute;
  std::vector<TimeloopConstraint> constraints;  // in the nodes
};

// An `architecture` of v0.2 to v0.4: `subtree` and `local`, or `nodes`. What cannot be read is noted as an error; the
// result has meaning when there is none.
TimeloopArchitecture ReadTimeloopArchitecture(const TimeloopFile& file, const YamlView& architecture,
                                              const TimeloopVariables& variables, const TimeloopNames& names,
                                              TimeloopNotes* notes);

// The same for an `arch`, the form before v0.2: `storage` and `arithmetic`.
TimeloopArchitecture ReadTimeloopArch(const TimeloopFile& file, const YamlView& arch,
                                      const TimeloopVariables& variables, const TimeloopNames& names,
                                      TimeloopNotes* notes);

// "A" of "A[0..3]" and how many it stands for; -1 for brackets that are no range of 1 to 2^31.
struct TimeloopName {
  std::string name;
  std::int64_t count = 1;
};
TimeloopName SplitTimeloopName(const std::string& name);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_ARCHITECTURE_H_
