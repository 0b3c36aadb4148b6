#ifndef ONELOOP_COMMON_HARDWARE_TEMPLATE_H_
#define ONELOOP_COMMON_HARDWARE_TEMPLATE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/formula.h"
#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

inline constexpr int kMaxLevels = 8;
inline constexpr int kMaxAxes = 8;         // over all levels
inline constexpr int kMaxPartitions = 24;  // of memories, over all levels
inline constexpr int kMaxPorts = 32;       // over all levels
inline constexpr int kMaxParameters = 16;
inline constexpr int kMaxMayKeep = 4;  // tensors of levels that mappings may keep or pass by, over all levels
inline constexpr int kMaxWordBits = 1024;
inline constexpr double kMinParameterValue = 1e-12;
inline constexpr double kMaxParameterValue = 1e12;
// What no accelerator comes near, and what keeps every product of a workload's figures far from 0 and infinity.
inline constexpr double kMinMacsPerCycle = 1e-15;
inline constexpr double kMaxMacsPerCycle = 1e15;

// Values of a template's parameters, by parameter index.
using HardwarePoint = std::vector<double>;

struct ParameterSpec {
  std::string name;
  std::string unit;
  std::string description;
  double min = 1;
  double max = 1;
  double step = 1;  // values are whole multiples of it
  double start_min = 1;
  double start_max = 1;
};

// Streams of a tensor's words at a level: read for what is inside, filled from the next keeper outwards, updated by
// what is inside (outputs alone).
enum class FlowKind : std::uint8_t { kRead, kFill, kUpdate };
inline constexpr int kNumFlowKinds = 3;
constexpr int Index(FlowKind kind) { return static_cast<int>(kind); }
// "read", "fill", "update".
const char* NameOf(FlowKind kind);
using FlowSet = EnumSet<FlowKind>;
inline constexpr std::array<FlowKind, kNumFlowKinds> kAllFlows = {FlowKind::kRead, FlowKind::kFill, FlowKind::kUpdate};
inline constexpr FlowSet kEveryFlow = {FlowKind::kRead, FlowKind::kFill, FlowKind::kUpdate};

// What accesses of a level cost. Each of the flows of each of the tensors pays at each port that lists both, and takes
// its part of the port's bandwidth. Says at least one of access_pj and words_per_cycle.
struct PortSpec {
  FlowSet flows = kEveryFlow;              // all: those that the tensors have
  TensorSet tensors = kEveryTensor;        // all: those that the level keeps
  std::optional<Formula> access_pj;        // of one access, to up to block_words words; free when unset
  std::optional<Formula> block_words;      // 1 when unset
  std::optional<Formula> cluster;          // instances that one access reaches, >= 1; monomial; 1 when unset
  std::optional<Formula> words_per_cycle;  // most, of one instance, of all flows together; not limiting when unset
  double weight = 1;                       // of a word in that sum; > 0, to 1e6
  bool priced_by_word = false;             // access_pj is the price of each word of a whole access
};

// The fan-out to the next level inwards, as a network.
struct LinkSpec {
  std::optional<Formula> hop_pj;     // of a word, from one unit to the next; free when unset
  std::optional<Formula> router_pj;  // of a word, at each router; free when unset
  TensorSet unshared;                // neither multicast nor reduced here
  TensorSet unlinked;                // not handed on between neighbours here; of I
  bool mesh = false;                 // hops by the units' positions rather than by how far words spread
};

// A part of a memory that holds tiles of these tensors. Capacities are monomials, of one instance.
struct PartitionSpec {
  TensorSet tensors = kEveryTensor;  // all: those that the level keeps
  std::optional<Formula> capacity_bytes;
  std::optional<Formula> capacity_words;
  double multiple_buffering = 1;  // copies of each tile; 1 to 1024
};

// Versions of Timeloop that count differently (docs/MODEL.md, "Dialects").
enum class Dialect : std::uint8_t { k2022, k2023, k2025 };
inline constexpr std::array<Dialect, 3> kAllDialects = {Dialect::k2022, Dialect::k2023, Dialect::k2025};
// "2022", "2023", "2025".
const char* NameOf(Dialect dialect);

// What the factor of a dimension must be where it stands.
struct FactorRange {
  std::int64_t least = 1;
  std::int64_t most = kMaxBound;
  bool is_whole = false;  // the layer's whole bound: the dimension has no other factor

  bool IsFree() const { return least == 1 && most == kMaxBound && !is_whole; }
  bool Has(std::int64_t factor) const { return factor >= least && factor <= most; }
  bool operator==(const FactorRange&) const = default;
};
using FactorRanges = std::array<FactorRange, kNumDims>;  // by dimension

struct AxisSpec {
  std::string name;  // one capital letter
  DimSet dims;
  Formula size;              // monomial: most copies along the axis
  DimSet perfect_dims = {};  // of dims: whose factor along the axis must divide what is left of the bound
  FactorRanges factors = {};
  double min_utilization = 0;  // the least share of the copies along it that each mapping uses; to 1
};

// In which order the loops of a level may stand. Loops that run once stand anywhere.
struct OrderSpec {
  std::vector<Dim> innermost;                // the innermost first; the others stand outside them
  std::vector<std::pair<Dim, Dim>> outside;  // the first stands outside the second
};

struct LevelSpec {
  std::string name;
  TensorSet keeps;              // nothing: a fan-out of its own
  TensorSet may_keep;           // others that a mapping keeps here or passes by
  DimSet temporal = kEveryDim;  // that may be looped over; none: no loops
  DimSet perfect_dims;          // of temporal: whose factor here must divide what is left of the bound
  FactorRanges factors;         // of the loops here
  OrderSpec order;
  std::vector<AxisSpec> spatial;  // fan-out to the next level inwards
  std::vector<PartitionSpec> partitions;
  double min_utilization = 0;  // the least share of each of its capacities that each mapping's tiles take; to 1
  std::array<int, kNumTensors> word_bits = {8, 8, 8};
  std::vector<PortSpec> ports;
  std::optional<LinkSpec> link;    // of its fan-out
  std::optional<Formula> leak_pj;  // of an instance in use, in each cycle
  // Short for one partition of all that the level keeps, and for one port of all its flows, which is priced by word.
  std::optional<Formula> capacity_bytes;
  std::optional<Formula> capacity_words;
  std::optional<Formula> words_per_cycle;
  std::optional<Formula> energy_pj;
  std::optional<Formula> block_words;
};

// How the accelerator's own library tiles: see the proto message.
struct TilerSpec {
  std::vector<Dim> dims;  // in order
  DimSet whole_arrays;
  Dim streamed = Dim::kP;
  Dim rows = Dim::kQ;
};

struct TemplateSpec {
  std::string name;
  std::string description;
  Dialect dialect = Dialect::k2022;
  std::vector<ParameterSpec> parameters;
  std::vector<LevelSpec> levels;  // innermost first
  DimSet perfect_dims;            // whose factors must divide at every level and along every axis
  double min_utilization = 0;     // the least share of all units, over all axes, that each mapping uses; to 1
  std::optional<Formula> mac_energy_pj;
  double macs_per_cycle = 1;
  std::optional<Formula> area_mm2;
  std::optional<double> clock_mhz;  // without it nothing is known of seconds and watts
  double leakage_w_per_mm2 = 0;
  std::optional<TilerSpec> default_tiler;
};

// Something of which a mapping needs an amount and the hardware offers a limit: copies along a spatial axis, or room in
// a partition of one instance of a level, of which each word of a tensor's tile takes so many units.
struct Resource {
  enum class Unit { kCopies, kBytes, kWords };
  Unit unit = Unit::kCopies;
  int level = 0;
  int axis = -1;                               // index into Template::axes, -1 for partitions
  std::array<double, kNumTensors> per_word{};  // units, by tensor; 0 of those that the partition does not hold
  Formula limit;
  double min_utilization = 0;  // the least share of the limit that each mapping needs
  int owner = -1;              // the parameter that is sized to meet it; -1 when the limit is constant

  bool is_axis() const { return axis >= 0; }
  bool Holds(Tensor tensor) const { return per_word[ToIndex(tensor)] > 0; }
};

// "copies", "bytes", "words".
const char* NameOf(Resource::Unit unit);

// What mappings must use of the copies along one axis, or along all axes together, or of what one instance of a memory
// holds: a share of it. Of axes the product of the factors along them counts, as a resource needs it: the last run of a
// factor that does not divide may leave some of these idle. Needs and limits are by Template::resources().
struct UtilizationRule {
  double share = 0;            // above 0, to 1
  std::vector<int> resources;  // of all axes, of one, or of one memory; indices into Template::resources()
  Resource::Unit unit = Resource::Unit::kCopies;

  bool of_memory() const { return unit != Resource::Unit::kCopies; }
  // What there is: whole copies along each axis, or all that one instance holds.
  double Available(std::span<const double> limits) const;
  double Used(std::span<const double> needs) const;
  // What must be in use, rounding forgiven.
  double Least(std::span<const double> limits) const;
  // By how much less than that is in use, as a ratio; 1 where it is enough.
  double Idle(std::span<const double> needs, std::span<const double> limits) const;
};

// A validated, immutable accelerator template: a TemplateSpec with what follows from it. Thread-safe.
class Template {
 public:
  struct Axis {
    int level;
    std::string name;
    DimSet dims;
    DimSet perfect_dims;  // with what the template asks for everywhere
    FactorRanges factors;
  };
  // By dimension: those whose loops must stand inside its own at a level, through others, too.
  using LoopsInside = std::array<DimSet, kNumDims>;
  // A port of a level, with the tensors that it keeps.
  struct Port {
    int level;
    PortSpec spec;
  };

  // Where a factor can only be 1, the dimension is taken out of `temporal` or `dims`: of what is made, these say where
  // loops may stand.
  //
  // INVALID_ARGUMENT, with the field as in the proto message Template, for: a bad or doubled name; fewer than two or
  // more than kMaxLevels levels; a last level that does not keep W, I and O without limit; a tensor kept nowhere; a
  // level that keeps nothing and has a memory's costs or capacity; an axis without dimensions; an empty range; a limit
  // that is not one term, or shrinks with every parameter; limits whose parameters size each other in a circle; ports
  // beside the short form, or of flows or tensors that the level has not; ports, links and partitions that say nothing
  // or reach beyond their ranges, or too many of them; factors or orders that contradict each other, or leave a
  // dimension no place; shares of copies beyond 0 to 1; a level that may keep what it keeps, or too many that may;
  // numbers that no accelerator has: parameters beyond 1e-12 to 1e12 or of more than 1e15 steps, formulas that leave
  // 1e-18 to 1e18 in the parameters' ranges unless they are 0, where that has a meaning, macs_per_cycle beyond 1e-15 to
  // 1e15, clock_mhz and leakage_w_per_mm2 as in the message.
  static absl::StatusOr<std::unique_ptr<const Template>> Create(TemplateSpec spec);

  const TemplateSpec& spec() const { return spec_; }
  const std::string& name() const { return spec_.name; }
  int num_levels() const { return static_cast<int>(spec_.levels.size()); }
  int num_parameters() const { return static_cast<int>(spec_.parameters.size()); }
  const LevelSpec& level(int l) const { return spec_.levels[static_cast<std::size_t>(l)]; }
  // Dimensions whose temporal factor at a level must divide what is left of the bound there, for hardware that does not
  // handle edges (docs/MODEL.md, (R1)).
  DimSet perfect_dims(int l) const { return spec_.perfect_dims | level(l).perfect_dims; }
  const LoopsInside& loops_inside(int l) const { return loops_inside_[static_cast<std::size_t>(l)]; }
  const ParameterSpec& parameter(int p) const { return spec_.parameters[static_cast<std::size_t>(p)]; }
  std::vector<std::string> parameter_names() const;
  // -1 when there is none of that name.
  int FindParameter(const std::string& name) const;

  // All spatial axes, level by level from the innermost.
  const std::vector<Axis>& axes() const { return axes_; }
  // Level by level from the innermost, in the order in which they are declared; the short form first.
  const std::vector<Port>& ports() const { return ports_; }
  // Level by level from the innermost; of each its axes first, then its partitions, those of the short form first.
  const std::vector<Resource>& resources() const { return resources_; }
  // Those of resources, in their order, then that of all axes: of those that ask for anything.
  const std::vector<UtilizationRule>& utilization_rules() const { return utilization_rules_; }
  // Parameters in an order in which each one's limits depend only on earlier ones and itself.
  const std::vector<int>& sizing_order() const { return sizing_order_; }

  // Templates of which each keeps some of what may be kept, and has nothing more to choose: by Mapping::choice. The
  // first, this template itself, passes all by; the last keeps all. Parameters, axes, ports and resources are the same,
  // by index.
  int num_choices() const { return 1 + static_cast<int>(choices_.size()); }
  const Template& choice(int c) const {
    return c == 0 || choices_.empty() ? *this : *choices_[static_cast<std::size_t>(c - 1)];
  }
  // Precondition: c > 0.
  std::shared_ptr<const Template> shared_choice(int c) const { return choices_[static_cast<std::size_t>(c - 1)]; }
  // The choice whose levels keep exactly this, by level; -1 when there is none.
  int FindChoice(std::span<const TensorSet> keeps) const;

  // Whether any access or multiplication costs energy.
  bool GivesEnergy() const;
  double AreaMm2(const HardwarePoint& hardware) const;

  // INVALID_ARGUMENT naming the parameter: one value per parameter, in range and a multiple of its step.
  absl::Status ValidateHardware(const HardwarePoint& hardware) const;

 private:
  Template() = default;

  // Fills in what follows from what the levels keep.
  absl::Status AddPortsAndResources();
  absl::Status AddChoices();

  TemplateSpec spec_;
  std::vector<std::shared_ptr<const Template>> choices_;  // but the first
  std::vector<Axis> axes_;
  std::vector<LoopsInside> loops_inside_;  // by level
  std::vector<Port> ports_;
  std::vector<Resource> resources_;
  std::vector<UtilizationRule> utilization_rules_;
  std::vector<int> sizing_order_;
};

// "along X of level pe", "along all axes together", "of level glb".
std::string PlaceOf(const Template& hardware_template, const UtilizationRule& rule);

// What is allowed and probably not meant, a sentence each: parameters that no formula has, blocks of words that cost
// nothing, weights where nothing is weighed, and compute that costs no energy. Nothing of energy when `energy_counts`
// is false.
std::vector<std::string> TemplateWarnings(const Template& hardware_template, bool energy_counts);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_HARDWARE_TEMPLATE_H_
