#include "common/formats/layer_tables.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/formats/file_name.h"
#include "common/formats/layer_names.h"

namespace oneloop {
namespace {

absl::Status LineError(const std::string& file, int line, std::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(file, ":", line, ": ", ToAbsl(text)));
}

std::int64_t& Bound(LayerShape& shape, Dim dim) { return shape.bounds[static_cast<std::size_t>(dim)]; }

// The extents of an output of a window without pads; nothing when it does not fit.
std::optional<std::int64_t> OutputOf(std::int64_t input, std::int64_t filter, std::int64_t stride) {
  if (input < filter || stride < 1) return std::nullopt;
  return (input - filter) / stride + 1;
}

absl::Status AddLayer(const std::string& file, int line, const std::string& name, const LayerShape& shape,
                      v1::Workload* workload) {
  if (const absl::Status status = ValidateShape(shape); !status.ok())
    return LineError(file, line, ToString(status.message()));
  if (workload->layers_size() >= kMaxLayers)
    return LineError(file, line, absl::StrCat("more than ", kMaxLayers, " layers"));
  v1::Layer* const layer = workload->add_layers();
  layer->set_name(PrintableText(name));
  *layer->mutable_bounds() = LayerShapeToProto(shape);
  return absl::OkStatus();
}

absl::StatusOr<v1::Workload> Finish(const std::string& file, v1::Workload workload) {
  workload.set_name(WorkloadNameOf(file));
  NameLayersApart(&workload);
  if (const absl::Status status = WorkloadFromProto(workload).status(); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", status.message()));
  }
  return workload;
}

// The numbers of a row of SCALE-Sim after the layer's name.
absl::StatusOr<std::vector<std::int64_t>> RowNumbers(const std::vector<std::string>& cells, const std::string& file,
                                                     int line) {
  std::vector<std::int64_t> numbers;
  for (std::size_t i = 1; i < cells.size(); ++i) {
    const absl::string_view cell = absl::StripAsciiWhitespace(cells[i]);
    std::int64_t number = 0;
    if (cell.empty()) break;
    // Later versions give sparsity, "2:4", after the numbers.
    if (absl::StrContains(cell, ":")) break;
    if (!absl::SimpleAtoi(cell, &number) || number < 1 || number > kMaxBound) {
      return LineError(file, line,
                       absl::StrCat("'", PrintableText(ToString(cell)), "' is not a whole number of 1 to ", kMaxBound));
    }
    numbers.push_back(number);
  }
  return numbers;
}

absl::StatusOr<LayerShape> ScaleSimShape(const std::vector<std::int64_t>& n, const std::string& file, int line) {
  LayerShape shape;
  if (n.size() == 3) {
    Bound(shape, Dim::kP) = n[0];
    Bound(shape, Dim::kK) = n[1];
    Bound(shape, Dim::kC) = n[2];
    return shape;
  }
  if (n.size() < 7 || n.size() > 8) {
    return LineError(file, line,
                     "expected a name and input height, input width, filter height, filter width, channels, "
                     "filters and stride, or M, N and K");
  }
  shape.h_stride = n[6];
  shape.w_stride = n.size() > 7 ? n[7] : n[6];
  const auto height = OutputOf(n[0], n[2], shape.h_stride);
  const auto width = OutputOf(n[1], n[3], shape.w_stride);
  if (!height.has_value() || !width.has_value()) return LineError(file, line, "the filter is larger than the input");
  Bound(shape, Dim::kS) = n[2];
  Bound(shape, Dim::kR) = n[3];
  Bound(shape, Dim::kQ) = *height;
  Bound(shape, Dim::kP) = *width;
  Bound(shape, Dim::kC) = n[4];
  Bound(shape, Dim::kK) = n[5];
  return shape;
}

// A word, a number or a mark of MAESTRO's language.
struct Token {
  std::string text;  // "" at the end
  int line = 1;
};

class MaestroReader {
 public:
  MaestroReader(std::string_view text, const std::string& file) : rest_(text), file_(file) { Next(); }

  absl::StatusOr<v1::Workload> Read() {
    while (!token_.text.empty()) {
      if (absl::EqualsIgnoreCase(token_.text, "Layer")) {
        RETURN_IF_ERROR(ReadLayer());
      } else {
        Next();
      }
    }
    return std::move(workload_);
  }

 private:
  static bool IsWord(char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '.' || c == '-';
  }

  void Next() {
    for (;;) {
      while (!rest_.empty() && absl::ascii_isspace(static_cast<unsigned char>(rest_[0]))) {
        if (rest_[0] == '\n') ++line_;
        rest_.remove_prefix(1);
      }
      if (!rest_.starts_with("//")) break;
      rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size()));
    }
    std::size_t length = 0;
    while (length < rest_.size() && IsWord(rest_[length])) ++length;
    if (length == 0 && !rest_.empty()) length = 1;
    token_ = {std::string(rest_.substr(0, length)), line_};
    rest_.remove_prefix(length);
  }

  absl::Status Expect(std::string_view text) {
    if (token_.text != text) return LineError(file_, token_.line, absl::StrCat("expected '", ToAbsl(text), "'"));
    Next();
    return absl::OkStatus();
  }

  // "{ K: 64, C: 3 }"
  absl::StatusOr<std::map<std::string, std::int64_t>> ReadNumbers() {
    RETURN_IF_ERROR(Expect("{"));
    std::map<std::string, std::int64_t> numbers;
    while (token_.text != "}") {
      const Token name = token_;
      Next();
      RETURN_IF_ERROR(Expect(":"));
      std::int64_t number = 0;
      if (!absl::SimpleAtoi(token_.text, &number) || number < 1 || number > kMaxBound) {
        return LineError(file_, token_.line,
                         absl::StrCat(PrintableText(name.text), ": expected a whole number of 1 to ", kMaxBound));
      }
      numbers[absl::AsciiStrToUpper(name.text)] = number;
      Next();
      if (token_.text == "," || token_.text == ";") Next();
    }
    Next();
    return numbers;
  }

  absl::Status SkipBlock() {
    int depth = 0;
    do {
      if (token_.text.empty()) return LineError(file_, token_.line, "the file ends within a block");
      if (token_.text == "{") ++depth;
      if (token_.text == "}") --depth;
      Next();
    } while (depth > 0);
    return absl::OkStatus();
  }

  absl::Status ReadLayer() {
    const int line = token_.line;
    Next();
    const std::string name = token_.text;
    Next();
    RETURN_IF_ERROR(Expect("{"));
    std::string type = "CONV";
    std::map<std::string, std::int64_t> dims;
    std::map<std::string, std::int64_t> strides;
    while (token_.text != "}") {
      if (token_.text.empty()) return LineError(file_, token_.line, "the file ends within a layer");
      const std::string key = absl::AsciiStrToUpper(token_.text);
      Next();
      if (key == "TYPE") {
        RETURN_IF_ERROR(Expect(":"));
        type = absl::AsciiStrToUpper(token_.text);
        Next();
      } else if (key == "DIMENSIONS") {
        ASSIGN_OR_RETURN(dims, ReadNumbers());
      } else if (key == "STRIDE") {
        ASSIGN_OR_RETURN(strides, ReadNumbers());
      } else if (token_.text == "{") {
        RETURN_IF_ERROR(SkipBlock());
      }
    }
    Next();
    ASSIGN_OR_RETURN(const LayerShape shape, ShapeOfLayer(type, dims, strides, line));
    return AddLayer(file_, line, name, shape, &workload_);
  }

  absl::StatusOr<LayerShape> ShapeOfLayer(const std::string& type, const std::map<std::string, std::int64_t>& dims,
                                          const std::map<std::string, std::int64_t>& strides, int line) const {
    const auto get = [](const std::map<std::string, std::int64_t>& numbers, const char* name) {
      const auto found = numbers.find(name);
      return found == numbers.end() ? 1 : found->second;
    };
    LayerShape shape;
    if (dims.empty()) return LineError(file_, line, "Dimensions are missing");
    if (type == "GEMM") {
      Bound(shape, Dim::kP) = get(dims, "M");
      Bound(shape, Dim::kK) = get(dims, "N");
      Bound(shape, Dim::kC) = get(dims, "K");
      return shape;
    }
    const std::vector<std::string> types = {"CONV", "PWCONV", "DSCONV", "TRCONV", "NGCONV", "FC"};
    if (std::find(types.begin(), types.end(), type) == types.end()) {
      return LineError(file_, line,
                       absl::StrCat("Type: '", PrintableText(type), "' is not known", SuggestName(type, types)));
    }
    shape.h_stride = get(strides, "Y");
    shape.w_stride = get(strides, "X");
    // MAESTRO's R goes with Y, the height.
    Bound(shape, Dim::kS) = get(dims, "R");
    Bound(shape, Dim::kR) = get(dims, "S");
    const auto height = OutputOf(get(dims, "Y"), get(dims, "R"), shape.h_stride);
    const auto width = OutputOf(get(dims, "X"), get(dims, "S"), shape.w_stride);
    if (!height.has_value() || !width.has_value()) return LineError(file_, line, "the filter is larger than the input");
    Bound(shape, Dim::kQ) = *height;
    Bound(shape, Dim::kP) = *width;
    Bound(shape, Dim::kN) = get(dims, "N");
    Bound(shape, Dim::kG) = get(dims, "G");
    Bound(shape, Dim::kC) = get(dims, "C");
    Bound(shape, Dim::kK) = get(dims, "K");
    if (type == "DSCONV") {
      // A filter for each channel.
      Bound(shape, Dim::kG) = get(dims, "C");
      Bound(shape, Dim::kC) = 1;
    }
    return shape;
  }

  std::string_view rest_;
  const std::string& file_;
  int line_ = 1;
  Token token_;
  v1::Workload workload_;
};

}  // namespace

absl::StatusOr<v1::Workload> ReadScaleSimText(std::string_view text, const std::string& file) {
  v1::Workload workload;
  int line = 0;
  for (const absl::string_view row : absl::StrSplit(ToAbsl(text), '\n')) {
    ++line;
    const std::vector<std::string> cells = absl::StrSplit(row, ',');
    // The first line has names.
    if (line == 1 || absl::StripAsciiWhitespace(row).empty()) continue;
    ASSIGN_OR_RETURN(const std::vector<std::int64_t> numbers, RowNumbers(cells, file, line));
    ASSIGN_OR_RETURN(const LayerShape shape, ScaleSimShape(numbers, file, line));
    RETURN_IF_ERROR(AddLayer(file, line, ToString(absl::StripAsciiWhitespace(cells[0])), shape, &workload));
  }
  return Finish(file, std::move(workload));
}

absl::StatusOr<v1::Workload> ReadMaestroText(std::string_view text, const std::string& file) {
  ASSIGN_OR_RETURN(v1::Workload workload, MaestroReader(text, file).Read());
  return Finish(file, std::move(workload));
}

}  // namespace oneloop
