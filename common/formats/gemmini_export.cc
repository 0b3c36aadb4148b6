#include "common/formats/gemmini_export.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/exact_number.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Banks of the generator's default configuration (GemminiConfigs.scala).
constexpr std::int64_t kScratchpadBanks = 4;
// Levels of a template that is built like it, innermost first.
constexpr int kAccumulator = 1;
constexpr int kScratchpad = 2;

absl::Status NotGemmini(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the template is not built like Gemmini: ", ToAbsl(why),
      "; --as gemmini takes W in the array, O in accumulators, W and I in a scratchpad, and a declared default_tiler"));
}

struct Chip {
  std::int64_t side = 1;  // rows and columns of the array
  double scratchpad_bytes = 0;
  double accumulator_bytes = 0;  // of all columns
  int input_bits = 8;
  int accumulator_bits = 32;
};

// Sizes of the levels with one instance each along no axis, or of all instances together.
absl::StatusOr<Chip> ReadChip(const Template& hardware_template, const HardwarePoint& hardware) {
  if (!hardware_template.spec().default_tiler.has_value()) return NotGemmini("it declares no default_tiler");
  constexpr std::array<TensorSet, 4> kKeeps = {TensorSet{Tensor::kW}, TensorSet{Tensor::kO},
                                               TensorSet{Tensor::kW, Tensor::kI}, kEveryTensor};
  if (hardware_template.num_levels() != static_cast<int>(kKeeps.size())) return NotGemmini("it has not four levels");
  for (int l = 0; l < hardware_template.num_levels(); ++l) {
    if (hardware_template.level(l).keeps == kKeeps[ToIndex(l)]) continue;
    return NotGemmini(absl::StrCat("level ", hardware_template.level(l).name, " keeps other tensors"));
  }
  std::array<double, 4> copies = {1, 1, 1, 1};
  for (const Resource& resource : hardware_template.resources()) {
    if (!resource.is_axis()) continue;
    const Template::Axis& axis = hardware_template.axes()[ToIndex(resource.axis)];
    const Dim wanted = resource.level == kAccumulator ? Dim::kC : Dim::kK;
    if ((resource.level != kAccumulator && resource.level != kScratchpad) || !axis.dims.Has(wanted)) {
      return NotGemmini(absl::StrCat("axis ", axis.name, " of level ", hardware_template.level(axis.level).name,
                                     " is not one of the array"));
    }
    copies[ToIndex(resource.level)] *= std::floor(resource.limit.Evaluate(hardware));
  }
  const double rows = copies[kAccumulator];
  const double columns = copies[kScratchpad];
  if (rows != columns) {
    return NotGemmini(
        absl::StrCat("its array has ", ExactNumber(rows), " rows and ", ExactNumber(columns), " columns"));
  }
  Chip chip;
  chip.side = static_cast<std::int64_t>(rows);
  const auto bits = [&](int level, Tensor tensor) { return hardware_template.level(level).word_bits[ToIndex(tensor)]; };
  chip.input_bits = bits(kScratchpad, Tensor::kI);
  chip.accumulator_bits = bits(kAccumulator, Tensor::kO);
  if (bits(kScratchpad, Tensor::kW) != chip.input_bits) return NotGemmini("W and I have words of different widths");
  for (const Resource& resource : hardware_template.resources()) {
    if (resource.is_axis()) continue;
    const double limit = resource.limit.Evaluate(hardware);
    const Tensor tensor = resource.level == kAccumulator ? Tensor::kO : Tensor::kI;
    if (!resource.Holds(tensor)) continue;
    const double bytes = resource.unit == Resource::Unit::kBytes ? limit : limit * bits(resource.level, tensor) / 8;
    if (resource.level == kAccumulator) chip.accumulator_bytes = bytes * columns;
    if (resource.level == kScratchpad) chip.scratchpad_bytes = bytes;
  }
  if (chip.accumulator_bytes == 0 || chip.scratchpad_bytes == 0) {
    return NotGemmini("its accumulators or its scratchpad have no limit");
  }
  return chip;
}

bool IsPowerOfTwo(double value) { return value >= 1 && std::exp2(std::round(std::log2(value))) == value; }

std::int64_t KiB(double bytes) { return static_cast<std::int64_t>(std::floor(bytes / 1024 * (1 + 1e-12))); }

void CheckGenerator(const Chip& chip, std::vector<std::string>* warnings) {
  if (chip.side < 2 || !IsPowerOfTwo(static_cast<double>(chip.side))) {
    warnings->push_back(absl::StrCat("the generator takes arrays of 2, 4, 8, ... rows; the design's has ", chip.side));
  }
  const double row_bytes = static_cast<double>(chip.side) * chip.input_bits / 8;
  const double rows = chip.scratchpad_bytes / row_bytes / kScratchpadBanks;
  if (!IsPowerOfTwo(rows)) {
    warnings->push_back(absl::StrCat("the generator takes banks of 2, 4, 8, ... rows; the design's scratchpad of ",
                                     ExactNumber(chip.scratchpad_bytes / 1024), " KiB makes ", kScratchpadBanks,
                                     " banks of ", ExactNumber(rows)));
  }
  for (const double bytes : {chip.scratchpad_bytes, chip.accumulator_bytes}) {
    if (bytes == static_cast<double>(KiB(bytes)) * 1024) continue;
    warnings->push_back(
        absl::StrCat("the generator takes whole KiB; ", ExactNumber(bytes), " bytes are rounded down to ", KiB(bytes)));
  }
}

std::string Scala(const DesignSource& source, const Chip& chip) {
  return absl::StrCat(
      "// ", source.made_by,
      "\npackage gemmini\n\nimport chisel3._\n\nobject OneLoopConfig {\n"
      "  // For src/main/scala/gemmini, beside Configs.scala, which has defaultConfig.\n"
      "  val config = GemminiConfigs.defaultConfig.copy(\n    dataflow = Dataflow.WS,\n    inputType = SInt(",
      chip.input_bits, ".W),\n    accType = SInt(", chip.accumulator_bits,
      ".W),\n    tileRows = 1,\n    tileColumns = 1,\n"
      "    meshRows = ",
      chip.side, ",\n    meshColumns = ", chip.side, ",\n    sp_banks = ", kScratchpadBanks,
      ",\n    sp_capacity = CapacityInKilobytes(", KiB(chip.scratchpad_bytes),
      "),\n    acc_capacity = CapacityInKilobytes(", KiB(chip.accumulator_bytes), "))\n}\n");
}

std::int64_t Quotient(std::int64_t a, std::int64_t b) { return (a - 1) / b + 1; }

// Elements of the library's tile, at most the layer's. It keeps a tile of outputs in the accumulators while it adds up
// over tiles of the others: of outputs all columns' accumulators, of the rest what the scratchpad holds.
std::array<std::int64_t, kNumDims> TileOf(const Template& hardware_template, const MappedDesign::Layer& layer) {
  std::array<std::int64_t, kNumDims> tile{};
  for (const Dim dim : kAllDims) {
    std::int64_t extent = 1;
    const std::int64_t bound = layer.shape.bound(dim);
    const auto take = [&extent, bound](std::int64_t factor) {
      extent = factor > bound / extent ? bound : extent * factor;
    };
    const int outermost = IsRelevant(Tensor::kO, dim) ? kAccumulator : kScratchpad;
    for (int l = 0; l <= outermost; ++l) take(layer.mapping.t(l, dim));
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) take(layer.mapping.s(static_cast<int>(a), dim));
    tile[ToIndex(dim)] = extent;
  }
  return tile;
}

std::string CText(const std::string& text) {
  return absl::StrCat("\"", absl::StrReplaceAll(PrintableText(text), {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}

class TileTable {
 public:
  TileTable(const DesignSource& source, const MappedDesign& mapped, const Chip& chip)
      : source_(source), mapped_(mapped), chip_(chip) {}

  std::string Write(std::vector<std::string>* warnings) {
    std::string text = absl::StrCat(
        "/* ", absl::StrReplaceAll(source_.made_by, {{"*/", "* /"}}),
        " */\n#ifndef ONELOOP_TILES_H\n#define ONELOOP_TILES_H\n\n#include <stddef.h>\n\n"
        "/* The tile of each layer for tiled_conv and tiled_matmul of include/gemmini.h. Rows are along Q and S, "
        "columns "
        "along\n   P and R. A layer of several groups runs once for each. tile_I, tile_J and tile_K are in arrays of "
        "DIM, "
        "as\n   tiled_matmul takes them, and 0 for layers that are no products of matrices. The library's loops over "
        "tiles are its "
        "own:\n   those that the mapping has between accumulators and scratchpad are loops over tiles here. */\n"
        "struct oneloop_tile {\n  const char *layer;\n  int groups;\n"
        "  int batch_size, out_row_dim, out_col_dim, out_channels, in_channels, kernel_rows, kernel_cols;\n"
        "  int stride, kernel_dilation;\n"
        "  int batches, porows, pocols, pochs, krows, kcols, kchs;\n  size_t tile_I, tile_J, tile_K;\n};\n\n"
        "#define ONELOOP_DIM ",
        chip_.side, "\n\nstatic const struct oneloop_tile oneloop_tiles[] = {\n");
    for (std::size_t i = 0; i < mapped_.layers.size(); ++i) {
      absl::StrAppend(&text, "  ", Row(i), ",\n");
    }
    Warn("filters, strides or dilations are not the same both ways, and tiled_conv takes one of each", not_square_,
         warnings);
    Warn("tiles do not fit, since their rows are padded to whole arrays", too_large_, warnings);
    Warn("tiles take more than half of a memory, so that nothing loads while they run", not_doubled_, warnings);
    return absl::StrCat(text, "};\n\n#endif\n");
  }

 private:
  // "layers a, b, c and 3 more: WHAT"
  static void Warn(const char* what, const std::vector<std::string>& layers, std::vector<std::string>* warnings) {
    constexpr std::size_t kMostNamed = 3;
    if (layers.empty()) return;
    const std::vector<std::string> named(
        layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(std::min(layers.size(), kMostNamed)));
    const std::size_t rest = layers.size() - named.size();
    warnings->push_back(absl::StrCat(layers.size() == 1 ? "layer " : "layers ", absl::StrJoin(named, ", "),
                                     rest == 0 ? "" : absl::StrCat(" and ", rest, " more"), ": ", what));
  }

  std::string Row(std::size_t i) {
    const MappedDesign::Layer& layer = mapped_.layers[i];
    const LayerShape& shape = layer.shape;
    const std::string& name = source_.design.layers(static_cast<int>(i)).name();
    const std::array<std::int64_t, kNumDims> tile = TileOf(*mapped_.hardware_template, layer);
    const auto at = [&tile](Dim dim) { return tile[ToIndex(dim)]; };
    const bool is_square = shape.bound(Dim::kR) == shape.bound(Dim::kS) && shape.w_stride == shape.h_stride &&
                           shape.w_dilation == shape.h_dilation;
    if (!is_square) not_square_.push_back(name);
    CheckRoom(name, shape, tile);
    const bool is_product =
        shape.bound(Dim::kR) == 1 && shape.bound(Dim::kS) == 1 && shape.w_stride == 1 && shape.h_stride == 1;
    std::vector<std::int64_t> numbers = {
        shape.bound(Dim::kG), shape.bound(Dim::kN), shape.bound(Dim::kQ), shape.bound(Dim::kP), shape.bound(Dim::kK),
        shape.bound(Dim::kC), shape.bound(Dim::kS), shape.bound(Dim::kR), shape.w_stride,       shape.w_dilation,
        at(Dim::kN),          at(Dim::kQ),          at(Dim::kP),          at(Dim::kK),          at(Dim::kS),
        at(Dim::kR),          at(Dim::kC)};
    const std::int64_t rows = at(Dim::kN) * at(Dim::kP) * at(Dim::kQ);
    for (const std::int64_t extent : {rows, at(Dim::kK), at(Dim::kC)}) {
      numbers.push_back(is_product ? Quotient(extent, chip_.side) : 0);
    }
    return absl::StrCat("{", CText(name), ", ", absl::StrJoin(numbers, ", "), "}");
  }

  // tiled_conv_auto gives a tile half of both memories, so that the next one loads meanwhile; rows as
  // tiled_conv_total_spad_rows counts them.
  void CheckRoom(const std::string& name, const LayerShape& shape, const std::array<std::int64_t, kNumDims>& tile) {
    const auto at = [&tile](Dim dim) { return static_cast<double>(tile[ToIndex(dim)]); };
    const auto arrays = [&](Dim dim) { return std::ceil(at(dim) / static_cast<double>(chip_.side)); };
    const double in_rows = (at(Dim::kQ) - 1) * static_cast<double>(shape.h_stride) +
                           (at(Dim::kS) - 1) * static_cast<double>(shape.h_dilation) + 1;
    const double in_columns = (at(Dim::kP) - 1) * static_cast<double>(shape.w_stride) +
                              (at(Dim::kR) - 1) * static_cast<double>(shape.w_dilation) + 1;
    const double scratchpad = arrays(Dim::kC) * at(Dim::kN) * in_rows * in_columns +
                              arrays(Dim::kK) * at(Dim::kR) * at(Dim::kS) * at(Dim::kC);
    const double accumulator = arrays(Dim::kK) * at(Dim::kN) * at(Dim::kQ) * at(Dim::kP);
    const double side = static_cast<double>(chip_.side);
    const double scratchpad_rows = chip_.scratchpad_bytes * 8 / chip_.input_bits / side;
    const double accumulator_rows = chip_.accumulator_bytes * 8 / chip_.accumulator_bits / side;
    if (scratchpad > scratchpad_rows || accumulator > accumulator_rows) {
      too_large_.push_back(name);
    } else if (scratchpad > scratchpad_rows / 2 || accumulator > accumulator_rows / 2) {
      not_doubled_.push_back(name);
    }
  }

  const DesignSource& source_;
  const MappedDesign& mapped_;
  const Chip& chip_;
  std::vector<std::string> not_square_;
  std::vector<std::string> too_large_;
  std::vector<std::string> not_doubled_;
};

}  // namespace

absl::StatusOr<ExportedFiles> ExportGemmini(const DesignSource& source) {
  ASSIGN_OR_RETURN(const MappedDesign mapped, ReadMappedDesign(source));
  ASSIGN_OR_RETURN(const Chip chip, ReadChip(*mapped.hardware_template, mapped.hardware));
  ExportedFiles result;
  CheckGenerator(chip, &result.warnings);
  result.files.push_back({"OneLoopConfig.scala", Scala(source, chip)});
  result.files.push_back({"oneloop_tiles.h", TileTable(source, mapped, chip).Write(&result.warnings)});
  return result;
}

}  // namespace oneloop
