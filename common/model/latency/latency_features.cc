#include "common/model/latency/latency_features.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// Coefficients before any measurement, in cycles, and the standard deviation of their natural logarithms. Work and
// bandwidths are known from the template. Start-up costs are not: some ten cycles for a pipeline, some tens for a
// transfer, a few hundred for a layer; measurements may move them by orders of magnitude.
constexpr double kKnownSigma = 0.1;
constexpr double kBandwidthSigma = 0.5;
constexpr double kUnknownSigma = 1.5;
constexpr double kPipelineCycles = 10;
constexpr double kRowCycles = 0.3;
constexpr double kTransferCycles = 50;
constexpr double kLayerCycles = 500;
constexpr double kLayerSigma = 1;
constexpr double kUnknownWordsPerCycle = 8;

double Log2Of(std::int64_t number) { return number == 1 ? 0.0 : std::log2(static_cast<double>(number)); }

}  // namespace

// Makes the lists of inputs and of physical terms for one template.
class LatencyFeatures::Builder {
 public:
  Builder(LatencyFeatures* features, const ComponentCosts& costs)
      : features_(*features),
        template_(features->model_.hardware_template()),
        costs_(costs),
        outermost_(template_.num_levels() - 1) {}

  void Build() {
    AddFactorInputs();
    for (const Tensor tensor : kAllTensors) words_[ToIndex(Index(tensor))] = Add(Words(tensor));
    for (int level = 0; level < outermost_; ++level) {
      for (const Tensor tensor : kAllTensors) {
        if (template_.level(level).keeps.Has(tensor))
          loads_[ToIndex(level)][ToIndex(Index(tensor))] = Add(Loads(level, tensor));
      }
    }
    features_.num_learner_inputs_ = features_.num_inputs();
    compute_ = Add(Compute());
    AddExecution();
    AddTransfers();
    AddLevels();
    AddSerial();
    features_.peak_input_ = Add(Peak());
  }

 private:
  using Parts = std::vector<Input::Part>;

  int Add(Input input) {
    // Parts that cancel are left out.
    Parts merged;
    for (const Input::Part& part : input.parts) {
      const auto same =
          std::find_if(merged.begin(), merged.end(), [&part](const auto& other) { return other.base == part.base; });
      if (same == merged.end()) {
        merged.push_back(part);
      } else {
        same->coefficient += part.coefficient;
      }
    }
    std::erase_if(merged, [](const Input::Part& part) { return part.coefficient == 0; });
    input.parts = std::move(merged);
    features_.inputs_.push_back(std::move(input));
    return features_.num_inputs() - 1;
  }

  static void Append(Parts* parts, const Parts& more, double factor) {
    for (const Input::Part& part : more) parts->push_back({part.base, factor * part.coefficient});
  }

  Parts Extent(int level, Dim dim) const {
    Parts parts;
    for (int inner = 0; inner <= level; ++inner) parts.push_back({Places().Temporal(inner, dim), 1});
    for (int axis = 0; axis < NumAxes(); ++axis) {
      if (AxisLevel(axis) <= level) parts.push_back({Places().Spatial(axis, dim), 1});
    }
    return parts;
  }
  Parts OuterFactor(Dim dim) const {
    Parts parts = {{Places().Bound(dim), 1}};
    Append(&parts, Extent(outermost_ - 1, dim), -1);
    for (int axis = 0; axis < NumAxes(); ++axis) {
      if (AxisLevel(axis) == outermost_) parts.push_back({Places().Spatial(axis, dim), -1});
    }
    return parts;
  }
  Parts Bounds(Tensor tensor) const {
    Parts parts;
    for (const Dim dim : kAllDims) {
      if (IsRelevant(tensor, dim)) parts.push_back({Places().Bound(dim), 1});
    }
    return parts;
  }
  Parts Macs() const {
    Parts parts;
    for (const Dim dim : kAllDims) parts.push_back({Places().Bound(dim), 1});
    return parts;
  }
  // Instances that work at the same time.
  Parts Instances(int level) const {
    Parts parts;
    for (int axis = 0; axis < NumAxes(); ++axis) {
      if (AxisLevel(axis) > level) parts.push_back({Places().Copies(axis), 1});
    }
    return parts;
  }
  Parts Tile(Tensor tensor, int level) const {
    Parts parts;
    for (const Dim dim : kAllDims) {
      if (!IsRelevant(tensor, dim) || (tensor == Tensor::kI && IsSliding(dim))) continue;
      Append(&parts, Extent(level, dim), 1);
    }
    if (tensor == Tensor::kI) Append(&parts, {{Places().Width(level), 1}, {Places().Height(level), 1}}, 1);
    return parts;
  }
  // The outermost of the levels inside the outermost one that keep the tensor; -1 when none does.
  int LastKeeper(Tensor tensor) const {
    const std::vector<int>& keepers = features_.model_.structure().keeper_levels(tensor);
    return keepers.size() > 1 ? keepers[keepers.size() - 2] : -1;
  }

  void AddFactorInputs() {
    for (const Dim dim : kAllDims) Add({std::string("outer ") + Name(dim), true, 0, OuterFactor(dim)});
    for (const Dim dim : kAllDims) {
      tile_[ToIndex(Index(dim))] = Add({std::string("tile ") + Name(dim), true, 0, Extent(outermost_ - 1, dim)});
    }
    for (int axis = 0; axis < NumAxes(); ++axis) {
      Add({"copies along axis " + std::to_string(axis), true, 0, {{Places().Copies(axis), 1}}});
    }
  }

  // Words that a tensor moves between the outermost level and the next keeper, in one direction.
  Input Words(Tensor tensor) const {
    const int keeper = LastKeeper(tensor);
    Parts parts = keeper < 0 ? Macs() : Parts{{Places().Fills(keeper, tensor), 1}};
    for (int axis = 0; axis < NumAxes(); ++axis) {
      if (AxisLevel(axis) <= keeper) continue;
      for (const Dim dim : kAllDims) {
        if (!IsRelevant(tensor, dim)) parts.push_back({Places().Spatial(axis, dim), -1});
      }
    }
    return {std::string("words ") + Name(tensor), false, 0, parts};
  }

  // How often an instance gets a new tile.
  Input Loads(int level, Tensor tensor) const {
    Parts parts = {{Places().Fills(level, tensor), 1}};
    Append(&parts, Tile(tensor, level), -1);
    Append(&parts, Instances(level), -1);
    return {std::string("loads ") + Name(tensor) + " at level " + std::to_string(level), false, 0, parts};
  }

  Input Compute() const {
    Parts parts = Macs();
    Append(&parts, Instances(-1), -1);
    return {"compute", false, -std::log2(costs_.macs_per_cycle), parts};
  }

  Input Peak() const {
    double units = costs_.macs_per_cycle;
    for (int axis = 0; axis < NumAxes(); ++axis) units *= std::exp2(features_.log2_axis_size(axis));
    return {"peak", false, -std::log2(units), Macs()};
  }

  int AddParameter(const std::string& name, double prior, double log_sigma) {
    features_.parameters_.push_back({name, prior, log_sigma});
    return static_cast<int>(features_.parameters_.size() - 1);
  }

  // Multiply-accumulates, and what it costs to start on a new tile of a level inside the last.
  void AddExecution() {
    std::vector<Term> terms = {{AddParameter("compute", 1, kKnownSigma), 1, compute_, kNoInput}};
    for (int level = 0; level < outermost_; ++level) {
      for (const Tensor tensor : kAllTensors) {
        if (!template_.level(level).keeps.Has(tensor) || level == LastKeeper(tensor)) continue;
        const int loads = loads_[ToIndex(level)][ToIndex(Index(tensor))];
        terms.push_back({AddParameter(InputName(loads), kPipelineCycles, kUnknownSigma), 1, loads, kNoInput});
      }
    }
    features_.overlapping_.push_back(std::move(terms));
  }

  // Transfers across the outermost boundary: inputs and weights in, outputs in and out. Rows are runs of neighbouring
  // words in memory: the tile's extent along the channels, which come last in all three tensors' layouts.
  void AddTransfers() {
    std::vector<Term> in;
    std::vector<Term> out;
    for (const Tensor tensor : kAllTensors) {
      const FlowKind kind = tensor == Tensor::kO ? FlowKind::kUpdate : FlowKind::kRead;
      const double words_per_cycle = features_.model_.Bandwidth({outermost_, tensor, kind}, costs_);
      const bool is_known = std::isfinite(words_per_cycle);
      std::vector<Term>& terms = tensor == Tensor::kO ? out : in;
      const int words = words_[ToIndex(Index(tensor))];
      const int channels = tile_[ToIndex(Index(tensor == Tensor::kI ? Dim::kC : Dim::kK))];
      const int by_word = AddParameter(InputName(words), 1 / (is_known ? words_per_cycle : kUnknownWordsPerCycle),
                                       is_known ? kBandwidthSigma : kUnknownSigma);
      const int by_row = AddParameter(std::string("rows ") + Name(tensor), kRowCycles, kUnknownSigma);
      // Outputs go both ways, but for the first visit of each, which reads nothing.
      const double directions = tensor == Tensor::kO ? 2 : 1;
      terms.push_back({by_word, directions, words, kNoInput});
      terms.push_back({by_row, directions, words, channels});
      if (tensor == Tensor::kO) {
        const int size = Add({"size O", false, 0, Bounds(tensor)});
        terms.push_back({by_word, -1, size, kNoInput});
        terms.push_back({by_row, -1, size, channels});
      }
      if (const int keeper = LastKeeper(tensor); keeper >= 0) {
        const int loads = loads_[ToIndex(keeper)][ToIndex(Index(tensor))];
        terms.push_back({AddParameter(InputName(loads), kTransferCycles, kUnknownSigma), 1, loads, kNoInput});
      }
    }
    features_.overlapping_.push_back(std::move(in));
    features_.overlapping_.push_back(std::move(out));
  }

  // The bandwidths of the levels inside.
  void AddLevels() {
    const std::vector<PortRow>& ports = features_.model_.structure().ports();
    for (int port = 0; port < static_cast<int>(ports.size()); ++port) {
      if (!features_.HasAccesses(port)) continue;
      const int level = ports[ToIndex(port)].level;
      Parts parts = {{Places().Accesses(port), 1}};
      Append(&parts, Instances(level), -1);
      std::string name = "accesses at level " + std::to_string(level);
      const bool is_known = std::any_of(features_.parameters_.begin(), features_.parameters_.end(),
                                        [&name](const Parameter& parameter) { return parameter.name == name; });
      if (is_known) name += " port " + std::to_string(port);
      const int cycles =
          Add({name, false, -std::log2(costs_.ports[ToIndex(port)].words_per_cycle / ports[ToIndex(port)].spec.weight),
               parts});
      features_.overlapping_.push_back({{AddParameter(name, 1, kKnownSigma), 1, cycles, kNoInput}});
    }
  }

  void AddSerial() {
    Parts parts;
    for (const Dim dim : kAllDims) Append(&parts, OuterFactor(dim), 1);
    const int iterations = Add({"iterations", false, 0, parts});
    features_.serial_ = {{AddParameter("iterations", kTransferCycles, kUnknownSigma), 1, iterations, kNoInput},
                         {AddParameter("layer", kLayerCycles, kLayerSigma), 1, kNoInput, kNoInput}};
  }

  const Base& Places() const { return features_.base_; }
  int NumAxes() const { return static_cast<int>(template_.axes().size()); }
  int AxisLevel(int axis) const { return template_.axes()[ToIndex(axis)].level; }
  const std::string& InputName(int input) const { return features_.inputs_[ToIndex(input)].name; }

  LatencyFeatures& features_;
  const Template& template_;
  const ComponentCosts& costs_;
  const int outermost_;
  std::array<int, kNumDims> tile_{};
  std::array<int, kNumTensors> words_{};
  std::array<std::array<int, kNumTensors>, kMaxLevels> loads_{};
  int compute_ = 0;
};

LatencyFeatures::LatencyFeatures(const CostModel& model, const HardwarePoint& hardware)
    : model_(model),
      base_(model.structure().num_levels(), static_cast<int>(model.hardware_template().axes().size()),
            static_cast<int>(model.structure().ports().size())) {
  const ComponentCosts costs = model.CostsAt(hardware);
  log2_axis_sizes_.assign(model.hardware_template().axes().size(), std::numeric_limits<double>::infinity());
  const std::vector<Resource>& resources = model.hardware_template().resources();
  for (std::size_t r = 0; r < resources.size(); ++r) {
    if (resources[r].is_axis()) log2_axis_sizes_[ToIndex(resources[r].axis)] = std::log2(costs.limit[r]);
  }
  Builder(this, costs).Build();
}

double LatencyFeatures::Extent(std::span<double> base, int level, Dim dim) const {
  double extent = 0;
  for (int inner = 0; inner <= level; ++inner) extent += base[ToIndex(base_.Temporal(inner, dim))];
  const auto& axes = model_.hardware_template().axes();
  for (std::size_t a = 0; a < axes.size(); ++a) {
    if (axes[a].level <= level) extent += base[ToIndex(base_.Spatial(static_cast<int>(a), dim))];
  }
  // (R1); sums that only round above it stay.
  constexpr double kRounding = 1e-9;
  const double bound = base[ToIndex(base_.Bound(dim))];
  return extent > bound + kRounding ? bound : extent;
}

void LatencyFeatures::CompleteBase(const LayerShape& shape, std::span<double> base) const {
  const Template& hardware_template = model_.hardware_template();
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    const int axis = static_cast<int>(a);
    double copies = 0;
    for (const Dim dim : kAllDims) copies += base[ToIndex(base_.Spatial(axis, dim))];
    base[ToIndex(base_.Copies(axis))] = std::min(copies, log2_axis_sizes_[a]);
  }
  const auto window = [&](int level, bool width) {
    const auto extent = [&](Dim dim) { return std::exp2(Extent(base, level, dim)); };
    return std::log2(WindowExtent(shape, width, extent(width ? Dim::kP : Dim::kQ), extent(width ? Dim::kR : Dim::kS)));
  };
  for (int level = 0; level + 1 < hardware_template.num_levels(); ++level) {
    if (!hardware_template.level(level).keeps.Has(Tensor::kI)) continue;
    base[ToIndex(base_.Width(level))] = window(level, true);
    base[ToIndex(base_.Height(level))] = window(level, false);
  }
}

bool LatencyFeatures::HasAccesses(int port) const {
  const PortRow& row = model_.structure().ports()[ToIndex(port)];
  return row.level < model_.structure().outermost() && row.spec.words_per_cycle.has_value();
}

void LatencyFeatures::SetBase(const LayerShape& shape, const Mapping& mapping, const LayerUse& use,
                              std::span<double> base) const {
  const int outermost = model_.hardware_template().num_levels() - 1;
  std::fill(base.begin(), base.end(), 0.0);
  for (const Dim dim : kAllDims) {
    if (shape.bound(dim) == 1) continue;
    base[ToIndex(base_.Bound(dim))] = Log2Of(shape.bound(dim));
    for (int level = 0; level < outermost; ++level)
      base[ToIndex(base_.Temporal(level, dim))] = Log2Of(mapping.t(level, dim));
    for (int axis = 0; axis < static_cast<int>(log2_axis_sizes_.size()); ++axis) {
      base[ToIndex(base_.Spatial(axis, dim))] = Log2Of(mapping.s(axis, dim));
    }
  }
  CompleteBase(shape, base);
  const Structure& structure = model_.structure();
  for (const Tensor tensor : kAllTensors) {
    for (const Keeper& keeper : structure.keepers(tensor)) {
      if (keeper.is_outermost) continue;
      base[ToIndex(base_.Fills(keeper.level, tensor))] = std::log2(LoadsOf(structure, keeper, use));
    }
  }
  for (std::size_t p = 0; p < structure.ports().size(); ++p) {
    if (!HasAccesses(static_cast<int>(p))) continue;
    double accesses = 0;
    for (const int flow : structure.ports()[p].flows) accesses += use.words[ToIndex(flow)];
    if (accesses > 1) base[ToIndex(base_.Accesses(static_cast<int>(p)))] = std::log2(accesses);
  }
}

}  // namespace oneloop
