#include "common/model/kernel/kernel_program.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "common/mapping/factor_space.h"
#include "common/model/structure/structure.h"
#include "common/model/structure/tile.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr int kNoRow = KernelProgram::kNoRow;

using Range = KernelProgram::Range;
using Rows = std::vector<int>;
// A number for each layer.
using PerLayer = std::vector<double>;

// Takes what is in both lists out of both.
void Cancel(Rows* a, Rows* b) {
  for (auto row = a->begin(); row != a->end();) {
    const auto same = std::find(b->begin(), b->end(), *row);
    if (same == b->end()) {
      ++row;
      continue;
    }
    b->erase(same);
    row = a->erase(row);
  }
}

class KernelCompiler {
 public:
  KernelCompiler(const CostModel& model, const Workload& workload)
      : template_(model.hardware_template()),
        structure_(model.structure()),
        workload_(workload),
        space_(model.factor_space()),
        outermost_(template_.num_levels() - 1) {
    for (auto& rows : temporal_) rows.fill(kNoRow);
    over_.fill(kNoRow);
    for (auto& pair : windows_) pair.fill(kNoRow);
    for (const Layer& layer : workload.layers) {
      for (const Dim dim : kAllDims) {
        if (layer.shape.bound(dim) > 1) active_.Add(dim);
      }
    }
  }

  KernelProgram Compile() {
    program_.num_layers = static_cast<int>(workload_.layers.size());
    PlaceLayers();
    AddSlots();
    AddRests();
    flow_words_.resize(structure_.flows().size());
    for (const Tensor tensor : kAllTensors) CountTensor(tensor);
    program_.macs = Constant(Macs());
    PerLayer cycles = Macs();
    for (double& value : cycles) value /= template_.spec().macs_per_cycle;
    program_.compute_cycles = MonomialRow(Log2(cycles), {}, Busy(Spatial(0, outermost_, kEveryDim)));
    for (const PortRow& port : structure_.ports()) AddPort(port);
    for (std::size_t k = 0; k < structure_.links().size(); ++k) {
      for (const Tensor tensor : kAllTensors) AddLink(static_cast<int>(k), tensor);
    }
    for (const int level : structure_.leaking_levels()) program_.leaks.push_back({level, InverseInstances(level)});
    for (const Resource& resource : template_.resources()) AddNeed(resource);
    PackConstants();
    return std::move(program_);
  }

 private:
  // Words: a row, or a number for each layer when no factor moves them.
  struct Amount {
    int row = kNoRow;
    PerLayer constant;
  };
  // 2^(log2 of constant + Σ plus − Σ minus).
  struct Form {
    PerLayer constant;
    Rows plus;
    Rows minus;
  };

  int NewRow() { return program_.num_rows++; }
  int NewAccumulator() {
    program_.accumulators.push_back(NewRow());
    return program_.accumulators.back();
  }
  int NewSaved(int count) {
    program_.num_saved += count;
    return program_.num_saved - count;
  }

  template <class Value>
  PerLayer ForLayers(Value value) const {
    PerLayer values;
    for (const Layer& layer : workload_.layers) values.push_back(static_cast<double>(value(layer.shape)));
    return values;
  }
  PerLayer Macs() const {
    return ForLayers([](const LayerShape& shape) { return oneloop::Macs(shape); });
  }
  static PerLayer Log2(PerLayer values) {
    for (double& value : values) value = std::log2(value);
    return values;
  }

  int Constant(const PerLayer& values) {
    const auto known = std::find(constants_.begin(), constants_.end(), values);
    if (known != constants_.end()) return static_cast<int>(known - constants_.begin());
    constants_.push_back(values);
    return static_cast<int>(constants_.size() - 1);
  }
  Range List(const Rows& rows) {
    const Range range{static_cast<int>(program_.row_lists.size()), static_cast<int>(rows.size())};
    program_.row_lists.insert(program_.row_lists.end(), rows.begin(), rows.end());
    return range;
  }

  // Layers of one network fill blocks of their own.
  void PlaceLayers() {
    for (const Layer& layer : workload_.layers) {
      const bool opens = program_.places.empty() || program_.networks.back() != layer.network ||
                         (program_.places.back() + 1) % kBlockLanes == 0;
      program_.places.push_back(opens ? program_.num_blocks() * kBlockLanes : program_.places.back() + 1);
      if (opens) program_.networks.push_back(layer.network);
    }
  }

  // Lanes without a layer hold zeros; as log2 they stand for layers of bound 1.
  void PackConstants() {
    program_.num_constants = static_cast<int>(constants_.size());
    program_.constants = PackByBlock(program_, constants_);
  }

  void AddSlots() {
    const auto add = [this](bool is_spatial, int place, Dim dim) {
      program_.slots.push_back({{is_spatial, place}, dim});
      program_.slot_bounds.push_back(Log2Bound(dim));
      return NewRow();
    };
    for (int level = 0; level < outermost_; ++level) {
      for (const Dim dim : kAllDims) {
        if (active_.Has(dim) && template_.level(level).temporal.Has(dim)) {
          temporal_[ToIndex(level)][ToIndex(dim)] = add(false, level, dim);
        }
      }
    }
    for (std::size_t axis = 0; axis < template_.axes().size(); ++axis) {
      for (const Dim dim : kAllDims) {
        if (!active_.Has(dim) || !template_.axes()[axis].dims.Has(dim)) continue;
        const int row = add(true, static_cast<int>(axis), dim);
        axis_rows_[axis].push_back(row);
        spatial_[ToIndex(template_.axes()[axis].level)][ToIndex(dim)].push_back(row);
      }
    }
  }

  int Log2Bound(Dim dim) {
    return Constant(Log2(ForLayers([dim](const LayerShape& shape) { return shape.bound(dim); })));
  }

  void AddRests() {
    for (const Dim dim : kAllDims) {
      if (!active_.Has(dim)) continue;
      Rows rows;
      for (std::size_t s = 0; s < program_.slots.size(); ++s) {
        if (program_.slots[s].dim == dim) rows.push_back(static_cast<int>(s));
      }
      temporal_[ToIndex(outermost_)][ToIndex(dim)] = NewRow();
      if (!space_.IsPerfect(dim)) over_[ToIndex(dim)] = NewRow();
      program_.rests.push_back(
          {temporal_[ToIndex(outermost_)][ToIndex(dim)], Log2Bound(dim), List(rows), over_[ToIndex(dim)], dim});
    }
  }

  int Temporal(int level, Dim dim) const { return temporal_[ToIndex(level)][ToIndex(dim)]; }
  // Spatial factors of levels first..last over `dims`.
  Rows Spatial(int first, int last, DimSet dims) const {
    Rows rows;
    for (int level = first; level <= last; ++level) {
      for (const Dim dim : kAllDims) {
        if (!dims.Has(dim)) continue;
        const Rows& here = spatial_[ToIndex(level)][ToIndex(dim)];
        rows.insert(rows.end(), here.begin(), here.end());
      }
    }
    return rows;
  }
  // Copies that share their requests for a tensor, in the fan-outs of levels first..last.
  Rows Sharing(Tensor tensor, int first, int last) const {
    Rows rows;
    for (int level = first; level <= last; ++level) {
      const Rows here = Spatial(level, level, structure_.sharing(level, tensor));
      rows.insert(rows.end(), here.begin(), here.end());
    }
    return rows;
  }
  // Of a tile: rows whose sum is log2 of its extent.
  Rows Extent(int level, Dim dim) {
    Rows rows = Spatial(0, level, {dim});
    for (int inner = 0; inner <= level; ++inner) {
      if (Temporal(inner, dim) != kNoRow) rows.push_back(Temporal(inner, dim));
    }
    // A single factor is within the bound.
    if (over_[ToIndex(dim)] == kNoRow || rows.size() < 2) return rows;
    for (const KernelProgram::Extent& extent : program_.extents) {
      if (SameRows(extent.rows, rows)) return {extent.out};
    }
    program_.extents.push_back({NewRow(), Log2Bound(dim), List(rows)});
    return {program_.extents.back().out};
  }
  bool SameRows(const Range& range, const Rows& rows) const {
    return std::equal(rows.begin(), rows.end(), program_.row_lists.begin() + range.first,
                      program_.row_lists.begin() + range.first + range.count);
  }
  // Spatial factors as far as they do not only pad.
  Rows Busy(const Rows& spatial) {
    std::array<Rows, kNumDims> by_dim;
    Rows rows;
    for (const int row : spatial) {
      const Dim dim = program_.slots[ToIndex(row)].dim;
      (over_[ToIndex(dim)] == kNoRow ? rows : by_dim[ToIndex(dim)]).push_back(row);
    }
    for (const Dim dim : kAllDims) {
      if (!by_dim[ToIndex(dim)].empty()) rows.push_back(BusyRow(over_[ToIndex(dim)], by_dim[ToIndex(dim)]));
    }
    return rows;
  }
  int BusyRow(int over, const Rows& rows) {
    for (const KernelProgram::Busy& busy : program_.busy) {
      if (busy.over == over && SameRows(busy.rows, rows)) return busy.out;
    }
    program_.busy.push_back({NewRow(), over, List(rows)});
    return program_.busy.back().out;
  }

  int MonomialRow(const PerLayer& log2_constant, Rows plus, Rows minus) {
    Cancel(&plus, &minus);
    std::sort(plus.begin(), plus.end());
    std::sort(minus.begin(), minus.end());
    const int constant = Constant(log2_constant);
    for (std::size_t i = 0; i < known_monomials_.size(); ++i) {
      if (known_monomials_[i] == std::pair(plus, minus) && program_.monomials[i].constant == constant) {
        return program_.monomials[i].out;
      }
    }
    known_monomials_.emplace_back(plus, minus);
    program_.monomials.push_back({NewRow(), constant, List(plus), List(minus)});
    return program_.monomials.back().out;
  }
  Amount ToAmount(const Form& form) {
    Rows plus = form.plus;
    Rows minus = form.minus;
    Cancel(&plus, &minus);
    if (plus.empty() && minus.empty()) return {kNoRow, form.constant};
    return {MonomialRow(Log2(form.constant), plus, minus), {}};
  }
  PerLayer Ones() const { return PerLayer(workload_.layers.size(), 1.0); }

  // How often a tile of X at `level` comes back: loops over dimensions that X does not use, outside one that it uses.
  int Revisits(Tensor tensor, int level) {
    const auto used = [tensor](Dim dim) { return IsRelevant(tensor, dim); };
    const auto unused = [tensor](Dim dim) { return !IsRelevant(tensor, dim); };
    return AddScan(level, unused, used, nullptr, nullptr);
  }

  // Loops outside `level` that are `gated`, each as far as `opening` ones lie inside it. What stays closed goes to
  // closed[dim], spatial copies of closed loops to copies[dim]; rows are made as needed.
  int AddScan(int level, const std::function<bool(Dim)>& gated, const std::function<bool(Dim)>& opening,
              std::array<int, kNumDims>* closed, std::array<int, kNumDims>* copies) {
    std::vector<KernelProgram::ScanLevel> levels;
    bool open = false;
    bool any = false;
    for (int outer = level + 1; outer <= outermost_; ++outer) {
      KernelProgram::ScanLevel scan;
      scan.copies = AddCopies(outer, gated, copies);
      scan.gates = AddGates(outer, gated, opening, open || closed != nullptr, closed);
      Rows loops;
      for (const Dim dim : kAllDims) {
        if (opening(dim) && Temporal(outer, dim) != kNoRow) loops.push_back(Temporal(outer, dim));
      }
      scan.loops = List(loops);
      open = open || !loops.empty();
      any = any || scan.gates.count > 0 || scan.copies.count > 0;
      levels.push_back(scan);
    }
    if (!any) return kNoRow;
    const Range range{static_cast<int>(program_.scan_levels.size()), static_cast<int>(levels.size())};
    program_.scan_levels.insert(program_.scan_levels.end(), levels.begin(), levels.end());
    program_.scans.push_back({NewRow(), range});
    return program_.scans.back().out;
  }

  Range AddCopies(int outer, const std::function<bool(Dim)>& gated, std::array<int, kNumDims>* copies) {
    Range range{static_cast<int>(program_.copies.size()), 0};
    for (const Dim dim : kAllDims) {
      if (copies == nullptr || !gated(dim)) continue;
      for (const int row : spatial_[ToIndex(outer)][ToIndex(dim)]) {
        int& sum = (*copies)[ToIndex(dim)];
        if (sum == kNoRow) sum = NewAccumulator();
        program_.copies.push_back({row, sum, NewSaved(2)});
        ++range.count;
      }
    }
    return range;
  }

  // A gate with nothing inside stays shut and is left out, unless `always`.
  Range AddGates(int outer, const std::function<bool(Dim)>& gated, const std::function<bool(Dim)>& opening, bool always,
                 std::array<int, kNumDims>* closed) {
    Range range{static_cast<int>(program_.gates.size()), 0};
    for (const Dim dim : kAllDims) {
      if (!gated(dim) || Temporal(outer, dim) == kNoRow) continue;
      Range inside{static_cast<int>(program_.inside.size()), 0};
      for (const Dim inner : kAllDims) {
        if (inner == dim || !opening(inner) || Temporal(outer, inner) == kNoRow) continue;
        program_.inside.push_back({Temporal(outer, inner), MaskOf(outer, inner, dim)});
        ++inside.count;
      }
      if (inside.count == 0 && !always) continue;
      int rest = kNoRow;
      if (closed != nullptr) {
        rest = (*closed)[ToIndex(dim)];
        if (rest == kNoRow) rest = (*closed)[ToIndex(dim)] = NewAccumulator();
      }
      program_.gates.push_back({Temporal(outer, dim), rest, inside, NewSaved(2)});
      ++range.count;
    }
    return range;
  }

  int MaskOf(int level, Dim inner, Dim outer) {
    for (std::size_t i = 0; i < program_.masks.size(); ++i) {
      const KernelProgram::Mask& mask = program_.masks[i];
      if (mask.level == level && mask.inner == inner && mask.outer == outer) return static_cast<int>(i);
    }
    program_.masks.push_back({level, inner, outer});
    return static_cast<int>(program_.masks.size() - 1);
  }

  PerLayer Size(Tensor tensor) const {
    return ForLayers([tensor](const LayerShape& shape) { return TensorSize(shape, tensor); });
  }

  // What a flow is made of: amounts that add and one that is taken off.
  struct Words {
    Amount plus;
    std::optional<Amount> minus;
  };

  // Keeper by keeper outwards: what it is asked for, and what it loads.
  void CountTensor(Tensor tensor) {
    Form requests{Macs(), {}, {}};
    int window_loads = kNoRow;  // of the input's last keeper: no monomial
    for (const Keeper& keeper : structure_.keepers(tensor)) {
      const int level = keeper.level;
      loads_[ToIndex(tensor)].push_back({requests, window_loads, keeper.inner < 0});
      const Amount served = Shared(loads_[ToIndex(tensor)].back(), Sharing(tensor, keeper.inner + 1, level));  // (C3)
      const Amount first = ToAmount({Size(tensor), Spatial(level + 1, outermost_, UnusedDims(tensor)), {}});
      Amount loaded;
      if (!keeper.is_outermost) {
        requests = {Size(tensor), {}, {}};
        window_loads = kNoRow;
        if (tensor == Tensor::kI) {
          window_loads = InputFills(level);  // (C2)
        } else {
          requests.plus = Spatial(level + 1, outermost_, UnusedDims(tensor));
          const int revisits = Revisits(tensor, level);
          if (revisits != kNoRow) requests.plus.push_back(revisits);  // (C1)
        }
        loaded = tensor == Tensor::kI ? Amount{window_loads, {}} : ToAmount(requests);
        program_.fills[ToIndex(level)][ToIndex(tensor)] = loaded.row;
      }
      for (const int f : keeper.flow) {
        if (f < 0) continue;
        const Flow& flow = structure_.flows()[ToIndex(f)];
        Words& words = flow_words_[ToIndex(f)];
        words.plus = flow.counts == Flow::Counts::kRequests ? served : loaded;
        if (flow.leaves_out_first) words.minus = first;  // (C4)
      }
    }
  }

  // Requests of a keeper, or of the multiply-accumulates, before anything shares them.
  struct Requests {
    Form form;
    int window_loads;
    bool of_macs;
  };
  Amount Shared(const Requests& requests, const Rows& sharing) {
    if (requests.window_loads != kNoRow) return {DivideBy(requests.window_loads, sharing), {}};
    Form form = requests.form;
    const Rows shared = requests.of_macs ? Busy(sharing) : sharing;
    form.minus.insert(form.minus.end(), shared.begin(), shared.end());
    return ToAmount(form);
  }

  int DivideBy(int row, const Rows& shared) {
    if (shared.empty()) return row;
    const int share = MonomialRow(Log2(Ones()), {}, shared);
    program_.products.push_back({NewRow(), row, share});
    return program_.products.back().out;
  }

  int ExtentRow(int level, Dim dim) {
    const Rows rows = Extent(level, dim);
    return rows.empty() ? kNoRow : MonomialRow(Log2(Ones()), rows, {});
  }

  PerLayer UnitSteps(Dim dim) const {
    return ForLayers([dim](const LayerShape& shape) { return UnitStep(shape, dim); });
  }

  // Index of the window along the width or height of the input's tile at `level`.
  int WindowAt(int level, bool is_width) {
    int& index = windows_[ToIndex(level)][is_width ? 0 : 1];
    if (index != kNoRow) return index;
    const Dim outputs = is_width ? Dim::kP : Dim::kQ;
    const Dim filters = is_width ? Dim::kR : Dim::kS;
    const int outputs_row = ExtentRow(level, outputs);
    const int filters_row = ExtentRow(level, filters);
    const int stride = Constant(UnitSteps(outputs));
    const int dilation = Constant(UnitSteps(filters));
    program_.windows.push_back({NewRow(), outputs_row, filters_row, stride, dilation, NewSaved(1)});
    index = static_cast<int>(program_.windows.size() - 1);
    return index;
  }

  // The rules of NestCounter::InputFills.
  int InputFills(int level) {
    std::array<int, kNumDims> first;
    std::array<int, kNumDims> copies;
    first.fill(kNoRow);
    copies.fill(kNoRow);
    // Steps that leave the input's tile in place end the overlap, or do not.
    const auto ends_overlap = [this](Dim dim) { return structure_.rests_end_overlap() || IsRelevant(Tensor::kI, dim); };
    const int moves = AddScan(level, IsSliding, ends_overlap, &first, &copies);
    const int revisits = Revisits(Tensor::kI, level);
    const PerLayer whole = ForLayers(
        [](const LayerShape& shape) { return shape.bound(Dim::kN) * shape.bound(Dim::kC) * shape.bound(Dim::kG); });
    Rows plus = Spatial(level + 1, outermost_, {Dim::kK, Dim::kP, Dim::kQ, Dim::kR, Dim::kS});
    for (const int row : {moves, revisits}) {
      if (row != kNoRow) plus.push_back(row);
    }
    const int product = MonomialRow(Log2(whole), plus, {});
    const int width = WindowAt(level, true);
    const int height = WindowAt(level, false);
    Range sides{static_cast<int>(program_.sides.size()), 0};
    for (const Dim dim : kSlidingDims) {
      if (first[ToIndex(dim)] == kNoRow) continue;
      Rows extent = Extent(level, dim);
      if (copies[ToIndex(dim)] != kNoRow) extent.push_back(copies[ToIndex(dim)]);
      const int step = extent.empty() ? kNoRow : MonomialRow(Log2(Ones()), extent, {});
      const int factor = MonomialRow(Log2(Ones()), {first[ToIndex(dim)]}, {});
      program_.sides.push_back({MovesWidth(dim) ? width : height, factor, step, Constant(UnitSteps(dim)), NewSaved(2)});
      ++sides.count;
    }
    program_.input_fills.push_back({NewRow(), product, width, height, sides});
    return program_.input_fills.back().out;
  }

  // A sum of amounts; equal ones are one.
  struct Addends {
    Rows plus;
    Rows minus;
    PerLayer constant;
    void Add(const Amount& amount, bool negative = false) {
      if (amount.row != kNoRow) {
        (negative ? minus : plus).push_back(amount.row);
        return;
      }
      for (std::size_t i = 0; i < constant.size(); ++i)
        constant[i] += negative ? -amount.constant[i] : amount.constant[i];
    }
  };
  int SumOf(const Addends& addends) {
    const int constant = Constant(addends.constant);
    for (std::size_t i = 0; i < known_sums_.size(); ++i) {
      if (known_sums_[i] == std::pair(addends.plus, addends.minus) && program_.sums[i].constant == constant) {
        return static_cast<int>(i);
      }
    }
    known_sums_.emplace_back(addends.plus, addends.minus);
    program_.sums.push_back({NewRow(), constant, List(addends.plus), List(addends.minus)});
    return static_cast<int>(program_.sums.size() - 1);
  }
  Addends NoWords() const { return {{}, {}, PerLayer(workload_.layers.size(), 0.0)}; }

  int InverseInstances(int level) {
    const Rows instances = Spatial(level + 1, outermost_, kEveryDim);
    return instances.empty() ? kNoRow : MonomialRow(Log2(Ones()), {}, instances);
  }

  void AddPort(const PortRow& port) {
    const bool limits = port.spec.words_per_cycle.has_value();
    const bool clusters = port.spec.cluster.has_value();
    Addends words = NoWords();
    for (const Tensor tensor : kAllTensors) {
      for (const Flow::Counts counts : {Flow::Counts::kRequests, Flow::Counts::kLoads}) {
        for (const int f : port.flows) {
          const Flow& flow = structure_.flows()[ToIndex(f)];
          if (flow.tensor != tensor || flow.counts != counts) continue;
          words.Add(flow_words_[ToIndex(f)].plus);
          if (flow_words_[ToIndex(f)].minus.has_value()) words.Add(*flow_words_[ToIndex(f)].minus, true);
        }
      }
    }
    program_.ports.push_back(
        {SumOf(words), port.spec.weight, limits, clusters, limits || clusters ? InverseInstances(port.level) : kNoRow});
  }

  // Without what neighbours hand over, and, in a mesh, as if words spread.
  void AddLink(int link, Tensor tensor) {
    const LinkRow& row = structure_.links()[ToIndex(link)];
    const std::size_t k = ToIndex(row.keeper[ToIndex(tensor)]);
    const int first = structure_.keepers(tensor)[k].inner + 1;
    const Amount crossing = Shared(loads_[ToIndex(tensor)][k], Sharing(tensor, first, row.level));
    Addends words = NoWords();
    words.Add(crossing);
    if (tensor == Tensor::kO && row.level == outermost_) {
      words.Add(crossing);
      words.Add({kNoRow, Size(tensor)}, true);
    }
    program_.links.push_back({link, SumOf(words), List(Spatial(row.level, row.level, kEveryDim)),
                              List(Sharing(tensor, row.level, row.level)), NewSaved(4)});
  }

  // Words of one instance's tile.
  Amount Tile(Tensor tensor, int level) {
    Form form{Ones(), {}, {}};
    for (const Dim dim : kAllDims) {
      if (!IsRelevant(tensor, dim) || (tensor == Tensor::kI && IsSliding(dim))) continue;
      const Rows rows = Extent(level, dim);
      form.plus.insert(form.plus.end(), rows.begin(), rows.end());
    }
    if (tensor != Tensor::kI) return ToAmount(form);
    int row = MonomialRow(Log2(form.constant), form.plus, {});
    for (const bool is_width : {true, false}) {
      const int window = program_.windows[ToIndex(WindowAt(level, is_width))].out;
      program_.products.push_back({NewRow(), row, window});
      row = program_.products.back().out;
    }
    return {row, {}};
  }

  void AddNeed(const Resource& resource) {
    if (resource.is_axis()) {
      program_.needs.push_back(
          {NewRow(), Constant(Log2(Ones())), List(axis_rows_[ToIndex(resource.axis)]), kNoRow, true});
      return;
    }
    Rows rows;
    // Of nothing a trace, whose logarithm is far below that of any size.
    const bool is_empty = std::none_of(kAllTensors.begin(), kAllTensors.end(),
                                       [&resource](Tensor tensor) { return resource.Holds(tensor); });
    PerLayer constant(workload_.layers.size(), is_empty ? 1e-18 : 0.0);
    const int units = static_cast<int>(program_.units.size());
    for (const Tensor tensor : kAllTensors) {
      if (!resource.Holds(tensor)) continue;
      const double unit = resource.per_word[ToIndex(tensor)];
      const Amount tile = Tile(tensor, resource.level);
      if (tile.row != kNoRow) {
        rows.push_back(tile.row);
        program_.units.push_back(unit);
        continue;
      }
      for (std::size_t i = 0; i < constant.size(); ++i) constant[i] += tile.constant[i] * unit;
    }
    program_.needs.push_back({NewRow(), Constant(constant), List(rows), units, false});
  }

  const Template& template_;
  const Structure& structure_;
  const Workload& workload_;
  const FactorSpace& space_;
  const int outermost_;
  DimSet active_;
  KernelProgram program_;
  std::vector<PerLayer> constants_;
  std::array<std::array<int, kNumDims>, kMaxLevels> temporal_;
  std::array<std::array<Rows, kNumDims>, kMaxLevels> spatial_;
  std::array<int, kNumDims> over_;  // kNoRow where all factors divide
  std::array<Rows, kMaxAxes> axis_rows_;
  std::vector<std::pair<Rows, Rows>> known_monomials_;
  std::array<std::array<int, 2>, kMaxLevels> windows_;    // of the input's tile: width, height
  std::vector<Words> flow_words_;                         // by flow
  std::array<std::vector<Requests>, kNumTensors> loads_;  // by keeper: what it is asked for
  std::vector<std::pair<Rows, Rows>> known_sums_;
};

}  // namespace

std::vector<double> PackByBlock(const KernelProgram& program, const std::vector<std::vector<double>>& constants) {
  std::vector<double> packed(ToIndex(program.num_blocks()) * constants.size() * kBlockLanes);
  for (std::size_t c = 0; c < constants.size(); ++c) {
    for (int layer = 0; layer < program.num_layers; ++layer) {
      const std::size_t row = ToIndex(program.block_of(layer)) * constants.size() + c;
      packed[row * kBlockLanes + ToIndex(program.lane_of(layer))] = constants[c][ToIndex(layer)];
    }
  }
  return packed;
}

KernelProgram CompileKernel(const CostModel& model, const Workload& workload) {
  return KernelCompiler(model, workload).Compile();
}

}  // namespace oneloop
