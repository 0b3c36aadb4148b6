#include "common/formats/operation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// A window along one axis of the input: output + filter.
struct WindowPair {
  AxisTerm output;
  AxisTerm filter;
};

bool Addresses(const Projection& projection, const std::string& loop) {
  for (const std::vector<AxisTerm>& axis : projection) {
    for (const AxisTerm& term : axis) {
      if (term.loop == loop) return true;
    }
  }
  return false;
}

class Classifier {
 public:
  explicit Classifier(const Operation& operation) : operation_(operation) {}

  absl::StatusOr<LayerShape> Classify() {
    RETURN_IF_ERROR(CheckPlainAxes(Tensor::kW));
    RETURN_IF_ERROR(CheckPlainAxes(Tensor::kO));
    RETURN_IF_ERROR(FindWindows());
    for (const std::string& loop : operation_.loops) {
      if (IsInWindow(loop)) continue;
      RETURN_IF_ERROR(Place(loop));
    }
    return shape_;
  }

  // After Classify.
  const std::map<std::string, Dim>& dims() const { return dims_; }

 private:
  bool In(Tensor tensor, const std::string& loop) const {
    return Addresses(operation_.tensors[static_cast<std::size_t>(tensor)], loop);
  }
  std::int64_t& Bound(Dim dim) { return shape_.bounds[static_cast<std::size_t>(dim)]; }
  std::int64_t BoundOf(const std::string& loop) const { return operation_.bounds.at(loop); }
  bool IsInWindow(const std::string& loop) const {
    return std::find(placed_.begin(), placed_.end(), loop) != placed_.end();
  }

  absl::Status CheckPlainAxes(Tensor tensor) const {
    for (const std::vector<AxisTerm>& axis : operation_.tensors[static_cast<std::size_t>(tensor)]) {
      if (axis.size() <= 1 && (axis.empty() || axis[0].step == 1)) continue;
      return absl::InvalidArgumentError(absl::StrCat("loop ", axis[0].loop,
                                                     " moves a window, or in steps, along an axis of ",
                                                     std::string(1, Name(tensor)), "; only I may have that"));
    }
    return absl::OkStatus();
  }

  absl::Status FindWindows() {
    std::vector<WindowPair> pairs;
    for (const std::vector<AxisTerm>& axis : operation_.tensors[static_cast<std::size_t>(Tensor::kI)]) {
      if (axis.empty() || (axis.size() == 1 && axis[0].step == 1)) continue;
      WindowPair pair;
      for (const AxisTerm& term : axis) {
        const bool is_filter = In(Tensor::kW, term.loop) && !In(Tensor::kO, term.loop);
        const bool is_output = In(Tensor::kO, term.loop) && !In(Tensor::kW, term.loop);
        AxisTerm& place = is_filter ? pair.filter : pair.output;
        if (!(is_filter || is_output) || !place.loop.empty()) {
          return absl::InvalidArgumentError(
              absl::StrCat("loop ", term.loop, " moves a window over I in a way that is not understood"));
        }
        place = term;
      }
      pairs.push_back(pair);
    }
    if (pairs.size() > 2) return absl::InvalidArgumentError("more than two axes of I have a window");
    // By name where names say so, else the first is width.
    const bool second_is_width = pairs.size() == 2 && IsHeight(pairs[0]) && !IsHeight(pairs[1]);
    if (second_is_width) std::swap(pairs[0], pairs[1]);
    if (pairs.size() == 1 && IsHeight(pairs[0])) {
      PlaceWindow(pairs[0], false);
      return absl::OkStatus();
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) PlaceWindow(pairs[i], i == 0);
    return absl::OkStatus();
  }

  static bool IsHeight(const WindowPair& pair) {
    for (const std::string& loop : {pair.output.loop, pair.filter.loop}) {
      const std::string name = absl::AsciiStrToLower(loop);
      if (name == "q" || name == "s" || name == "oy" || name == "fy") return true;
    }
    return false;
  }

  void PlaceWindow(const WindowPair& pair, bool is_width) {
    if (!pair.filter.loop.empty()) {
      dims_[pair.filter.loop] = is_width ? Dim::kR : Dim::kS;
      Bound(is_width ? Dim::kR : Dim::kS) = BoundOf(pair.filter.loop);
      (is_width ? shape_.w_dilation : shape_.h_dilation) = pair.filter.step;
      placed_.push_back(pair.filter.loop);
    }
    if (!pair.output.loop.empty()) {
      dims_[pair.output.loop] = is_width ? Dim::kP : Dim::kQ;
      Bound(is_width ? Dim::kP : Dim::kQ) = BoundOf(pair.output.loop);
      (is_width ? shape_.w_stride : shape_.h_stride) = pair.output.step;
      placed_.push_back(pair.output.loop);
      if (is_width) has_p_ = true;
    }
  }

  absl::Status Place(const std::string& loop) {
    const bool w = In(Tensor::kW, loop);
    const bool i = In(Tensor::kI, loop);
    const bool o = In(Tensor::kO, loop);
    if (static_cast<int>(w) + static_cast<int>(i) + static_cast<int>(o) < 2) {
      if (BoundOf(loop) == 1) return absl::OkStatus();
      return absl::InvalidArgumentError(absl::StrCat("loop ", loop, " addresses fewer than two of the three tensors"));
    }
    const Dim dim = w && i && o ? Dim::kG : w && o ? Dim::kK : w && i ? ReductionOf(loop) : OutputOf(loop);
    dims_[loop] = dim;
    if (__builtin_mul_overflow(Bound(dim), BoundOf(loop), &Bound(dim))) {
      return absl::InvalidArgumentError(absl::StrCat("loop ", loop, " makes the layer larger than 63 bits"));
    }
    return absl::OkStatus();
  }

  // A filter of one step, as of a product written with R and S.
  static Dim ReductionOf(const std::string& loop) { return loop == "R" ? Dim::kR : loop == "S" ? Dim::kS : Dim::kC; }

  // Rows, columns or batch of the output.
  Dim OutputOf(const std::string& loop) {
    const std::string name = absl::AsciiStrToLower(loop);
    if (name == "n" || name == "b") return Dim::kN;
    if (name == "q" || name == "oy") return Dim::kQ;
    if (name == "p" || name == "ox") return Dim::kP;
    const bool p_is_free = !has_p_;
    has_p_ = true;
    return p_is_free ? Dim::kP : Dim::kN;
  }

  const Operation& operation_;
  LayerShape shape_;
  std::vector<std::string> placed_;
  std::map<std::string, Dim> dims_;
  bool has_p_ = false;
};

}  // namespace

absl::StatusOr<LayerShape> ShapeOf(const Operation& operation) { return Classifier(operation).Classify(); }

absl::StatusOr<std::map<std::string, Dim>> DimsOf(const Operation& operation) {
  Classifier classifier(operation);
  RETURN_IF_ERROR(classifier.Classify().status());
  return classifier.dims();
}

Operation OperationOf(const LayerShape& shape) {
  Operation operation;
  const auto plain = [](const char* loop) { return std::vector<AxisTerm>{{loop, 1}}; };
  for (const Dim dim : kAllDims) {
    const std::string loop(1, Name(dim));
    operation.loops.push_back(loop);
    operation.bounds[loop] = shape.bound(dim);
  }
  operation.tensors[static_cast<std::size_t>(Tensor::kW)] = {plain("G"), plain("C"), plain("K"), plain("R"),
                                                             plain("S")};
  operation.tensors[static_cast<std::size_t>(Tensor::kI)] = {plain("N"),
                                                             plain("G"),
                                                             plain("C"),
                                                             {{"R", shape.w_dilation}, {"P", shape.w_stride}},
                                                             {{"S", shape.h_dilation}, {"Q", shape.h_stride}}};
  operation.tensors[static_cast<std::size_t>(Tensor::kO)] = {plain("N"), plain("G"), plain("K"), plain("Q"),
                                                             plain("P")};
  return operation;
}

}  // namespace oneloop
