#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_COSTS_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_COSTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/formats/timeloop_file.h"

namespace oneloop {

// What Accelergy found that components cost: of an energy reference table (ERT) and an area reference table (ART).
struct TimeloopCosts {
  struct Component {
    std::map<std::string, double> actions;  // pJ, by name; of several argument lists the largest
    std::string place;
  };
  struct Area {
    double um2 = 0;          // of one instance
    std::int64_t count = 1;  // of instances, as its name says
  };
  std::map<std::string, Component> energies;
  std::map<std::string, Area> areas;

  bool has_energies() const { return !energies.empty(); }
  bool has_areas() const { return !areas.empty(); }

  // pJ of an action that Timeloop calls by the first of these names that is there; nothing when none is.
  std::optional<double> Energy(const std::string& component, const std::vector<std::string_view>& actions) const;
  // pJ of the dearest action; nothing for an unknown component.
  std::optional<double> Dearest(const std::string& component) const;
};

// Adds the tables `ERT` and `ART` of a file, of versions 0.2 to 0.4; the names of components lose the places in the
// hierarchy that stand in front of them. What cannot be read is noted as an error.
void ReadTimeloopCosts(const TimeloopFile& file, TimeloopCosts* costs, TimeloopNotes* notes);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_COSTS_H_
