#include "common/model/latency/latency_program.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr int kNoRow = LatencyProgram::kNoRow;

// Finds each place of the predictor's base among the kernel's rows.
class LatencyCompiler {
 public:
  LatencyCompiler(const LatencyPredictor& predictor, const KernelProgram& kernel, const Workload& workload)
      : features_(predictor.features()),
        template_(features_.model().hardware_template()),
        kernel_(kernel),
        workload_(workload),
        sources_(ToIndex(features_.base().size())) {
    program_.predictor = &predictor;
    program_.slope_of_row.assign(ToIndex(kernel.num_rows), kNoRow);
  }

  LatencyProgram Compile() {
    FindFactors();
    FindCounts();
    const std::vector<bool> is_used = FindUsedInputs();
    for (std::size_t i = 0; i < features_.inputs().size(); ++i) AddInput(features_.inputs()[i], is_used[i]);
    PackConstants();
    return std::move(program_);
  }

 private:
  using PerLayer = std::vector<double>;
  // One place of the base: a row, or a number for each layer, or 0 everywhere.
  struct Source {
    int row = kNoRow;
    bool is_own = false;
    PerLayer constant;
  };

  Source& At(int place) { return sources_[ToIndex(place)]; }
  int NewRow() { return program_.num_own_rows++; }
  void Use(int kernel_row) {
    int& slope = program_.slope_of_row[ToIndex(kernel_row)];
    if (slope != kNoRow) return;
    slope = static_cast<int>(program_.rows.size());
    program_.rows.push_back(kernel_row);
  }

  template <class Value>
  PerLayer Log2ForLayers(Value value) const {
    PerLayer values;
    for (const Layer& layer : workload_.layers) values.push_back(std::log2(value(layer.shape)));
    return values;
  }

  void FindFactors() {
    const LatencyFeatures::Base& base = features_.base();
    for (const Dim dim : kAllDims) {
      At(base.Bound(dim)).constant =
          Log2ForLayers([dim](const LayerShape& shape) { return static_cast<double>(shape.bound(dim)); });
    }
    std::vector<std::vector<int>> axis_rows(template_.axes().size());
    for (std::size_t s = 0; s < kernel_.slots.size(); ++s) {
      const FactorSlot& slot = kernel_.slots[s];
      const int row = static_cast<int>(s);
      At(slot.place.is_spatial ? base.Spatial(slot.place.index, slot.dim) : base.Temporal(slot.place.index, slot.dim))
          .row = row;
      if (slot.place.is_spatial) axis_rows[ToIndex(slot.place.index)].push_back(row);
      Use(row);
    }
    for (std::size_t a = 0; a < axis_rows.size(); ++a) {
      if (axis_rows[a].empty()) continue;
      const int axis = static_cast<int>(a);
      program_.copies.push_back({NewRow(), axis_rows[a], features_.log2_axis_size(axis)});
      At(base.Copies(axis)) = {program_.copies.back().out, true, {}};
    }
  }

  void FindCounts() {
    const LatencyFeatures::Base& base = features_.base();
    for (int level = 0; level + 1 < template_.num_levels(); ++level) {
      const TensorSet keeps = template_.level(level).keeps;
      for (const Tensor tensor : kAllTensors) {
        if (!keeps.Has(tensor)) continue;
        const int fills = kernel_.fills[ToIndex(level)][ToIndex(Index(tensor))];
        if (fills == kNoRow) {
          At(base.Fills(level, tensor)).constant =
              Log2ForLayers([tensor](const LayerShape& shape) { return TensorSize(shape, tensor); });
          continue;
        }
        AddLog(base.Fills(level, tensor), fills);
        if (tensor != Tensor::kI) continue;
        const auto fill = std::find_if(kernel_.input_fills.begin(), kernel_.input_fills.end(),
                                       [fills](const KernelProgram::InputFill& other) { return other.out == fills; });
        AddLog(base.Width(level), kernel_.windows[ToIndex(fill->width)].out);
        AddLog(base.Height(level), kernel_.windows[ToIndex(fill->height)].out);
      }
    }
    for (int port = 0; port < static_cast<int>(kernel_.ports.size()); ++port) {
      if (!features_.HasAccesses(port)) continue;
      const KernelProgram::Sum& words = kernel_.sums[ToIndex(kernel_.ports[ToIndex(port)].words)];
      AddLog(base.Accesses(port), words.out, words.plus, words.minus);
    }
  }

  // Only what an input asks for is made.
  void AddLog(int place, int row, KernelProgram::Range plus = {}, KernelProgram::Range minus = {}) {
    const auto& inputs = features_.inputs();
    const bool is_used = std::any_of(inputs.begin(), inputs.end(), [place](const LatencyFeatures::Input& input) {
      return std::any_of(input.parts.begin(), input.parts.end(),
                         [place](const auto& part) { return part.base == place; });
    });
    if (!is_used) return;
    program_.logs.push_back({NewRow(), row, plus, minus});
    At(place) = {program_.logs.back().out, true, {}};
    if (plus.count + minus.count == 0) Use(row);
    for (const KernelProgram::Range list : {plus, minus}) {
      for (int i = 0; i < list.count; ++i) Use(kernel_.row_lists[ToIndex(list.first + i)]);
    }
  }

  // Inputs that a network or a physical term asks for; the others stay constant.
  std::vector<bool> FindUsedInputs() const {
    std::vector<bool> is_used(features_.inputs().size());
    const LatencyParameters& parameters = program_.predictor->parameters();
    for (const int input : parameters.networks.inputs) is_used[ToIndex(input)] = true;
    const auto mark = [&is_used](const std::vector<LatencyFeatures::Term>& terms) {
      for (const LatencyFeatures::Term& term : terms) {
        for (const int input : {term.plus, term.minus}) {
          if (input != LatencyFeatures::kNoInput) is_used[ToIndex(input)] = true;
        }
      }
    };
    if (parameters.has_physics) {
      for (const auto& terms : features_.overlapping()) mark(terms);
      mark(features_.serial());
      is_used[ToIndex(features_.peak_input())] = true;
    }
    return is_used;
  }

  void AddInput(const LatencyFeatures::Input& input, bool is_used) {
    PerLayer constant(workload_.layers.size(), input.constant);
    LatencyProgram::Input compiled{NewRow(), static_cast<int>(constants_.size()), {}};
    for (const LatencyFeatures::Input::Part& part : input.parts) {
      if (!is_used) break;
      const Source& source = sources_[ToIndex(part.base)];
      if (source.row != kNoRow) {
        compiled.parts.push_back({source.row, source.is_own, part.coefficient});
        continue;
      }
      for (std::size_t i = 0; i < source.constant.size(); ++i) constant[i] += part.coefficient * source.constant[i];
    }
    constants_.push_back(std::move(constant));
    program_.inputs.push_back(std::move(compiled));
  }

  // Lanes without a layer stand for layers of bound 1.
  void PackConstants() {
    program_.num_constants = static_cast<int>(constants_.size());
    program_.constants = PackByBlock(kernel_, constants_);
  }

  const LatencyFeatures& features_;
  const Template& template_;
  const KernelProgram& kernel_;
  const Workload& workload_;
  std::vector<Source> sources_;  // by place of the base
  std::vector<PerLayer> constants_;
  LatencyProgram program_;
};

}  // namespace

int LatencyProgram::num_scratch_rows() const {
  const LatencyNetworks& networks = predictor->parameters().networks;
  const int units = networks.members * (networks.first_units + networks.second_units);
  // Own rows, slopes of the inputs, and value and slope of each unit.
  return num_own_rows + static_cast<int>(inputs.size()) + 2 * units + networks.members;
}

LatencyProgram CompileLatency(const LatencyPredictor& predictor, const KernelProgram& program,
                              const Workload& workload) {
  return LatencyCompiler(predictor, program, workload).Compile();
}

}  // namespace oneloop
