#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_PRICES_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_PRICES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/formats/component_prices.h"
#include "common/formats/timeloop_architecture.h"
#include "common/formats/timeloop_costs.h"
#include "common/formats/timeloop_memory.h"
#include "oneloop/v1/template.pb.h"

namespace oneloop {

// A monomial: a number and parameters, over another number.
struct TimeloopCount {
  double factor = 1;
  std::vector<std::string> parameters;
  double divisor = 1;  // 1 without parameters
};
std::string TimeloopCountText(const TimeloopCount& count);

// The tables of an accelerator, and those of other values of one of its sizes.
struct TimeloopTables {
  TimeloopCosts base;
  std::map<double, TimeloopCosts> series;  // by that size
  std::string parameter;                   // that stands for it; "" where nothing is fitted
};

// What the parts of an accelerator cost. Levels are counted from the innermost. Not thread-safe.
class TimeloopPrices {
 public:
  struct Context {
    const TimeloopArchitecture& architecture;
    const std::vector<TimeloopMemory>& memories;  // by level
    const std::string& dialect;                   // "2022", "2023", "2025"
    const TimeloopTables& tables;
    const ComponentPriceSource* components;  // for accelerators without an ERT; may be null
    ParameterSpace parameters;               // of the template
  };

  // All is borrowed.
  TimeloopPrices(const Context& context, TimeloopNotes* notes) : context_(context), notes_(*notes) {}

  // Ports, link and leakage of a level, of which the tensors and the capacity are known.
  void AddToLevel(std::size_t level, v1::Level* out);
  void AddToCompute(v1::Template* hardware_template);
  // Of all instances, a formula; after the levels.
  std::string AreaMm2(const std::vector<TimeloopCount>& instances, const TimeloopCount& compute_instances);

  // How far each fitted cost is from the tables, a sentence each.
  const std::vector<std::string>& fits() const { return fits_; }

 private:
  // A cost of one instance.
  using CostOf = std::function<std::optional<double>(const TimeloopCosts&)>;

  const TimeloopTables& tables() const { return context_.tables; }
  const TimeloopComponent& ComponentAt(std::size_t level) const;
  // A cost as a formula, "" for 0; fitted where tables of several sizes differ in it. Nothing when no table has it.
  std::optional<std::string> Formula(const std::string& what, const CostOf& cost);
  // Of an access by the first of these names that the tables have.
  std::optional<std::string> Energy(std::size_t level, const std::vector<std::string_view>& actions, const char* flow);
  std::optional<ComponentCostTexts> FromSource(std::size_t level, const std::string& words) const;
  ComponentUse UseOf(const TimeloopComponent& component, const std::string& words) const;
  void NoteSource(const TimeloopComponent& component, const ComponentCostTexts& costs);
  void WarnOfNoPrice(const TimeloopComponent& component, const char* what);
  void CheckPowerGate(const TimeloopComponent& component);
  void AddPorts(std::size_t level, const std::string& read, const std::string& fill, const std::string& update,
                v1::Level* out) const;
  // um, of a square of what is inside one instance of the fan-out.
  std::optional<double> TileWidth(std::size_t level) const;
  void AddLink(std::size_t level, v1::Level* out);

  const Context context_;
  TimeloopNotes& notes_;
  std::vector<std::string> fits_;
  std::map<std::size_t, std::string> areas_from_source_;  // um2, by level
  std::string compute_area_;                              // um2, from the source
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_PRICES_H_
