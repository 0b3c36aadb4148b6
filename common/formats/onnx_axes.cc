#include "common/formats/onnx_axes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/fnv.h"
#include "common/base/printable_text.h"
#include "common/convert/workload_graph.h"

namespace oneloop {
namespace {

bool IsReshape(const std::string& op) {
  return op == "Reshape" || op == "Flatten" || op == "Squeeze" || op == "Unsqueeze";
}

void AppendDistinct(const std::string& letters, std::string* text) {
  for (const char letter : letters) {
    if (text->find(letter) == std::string::npos) text->push_back(letter);
  }
}

std::int32_t Cut(std::int64_t value) {
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
}

}  // namespace

AxisTrace::AxisTrace(std::vector<std::string> axes, OnnxDims dims) : axes_(std::move(axes)), dims_(std::move(dims)) {
  if (axes_.size() != dims_.size()) axes_.clear();
}

void AxisTrace::Follow(const OnnxStep& step, const OnnxDims& dims) {
  if (step.op == "Transpose") {
    Permute(step.order);
  } else if (IsReshape(step.op)) {
    Reshape(dims);
  } else if (dims.size() > dims_.size() && step.reach == OnnxReach::kElement && !axes_.empty()) {
    axes_.insert(axes_.begin(), dims.size() - dims_.size(), "");
  } else if (dims.size() != dims_.size()) {
    axes_.clear();
  }
  dims_ = dims;
  if (axes_.size() != dims_.size()) axes_.clear();
}

void AxisTrace::Permute(const std::vector<std::int64_t>& order) {
  if (!order.empty() && order.size() != axes_.size()) axes_.clear();
  std::vector<std::string> moved;
  for (std::size_t i = 0; i < axes_.size(); ++i) {
    const std::int64_t place = order.empty() ? static_cast<std::int64_t>(axes_.size() - 1 - i) : order[i];
    moved.push_back(
        axes_[static_cast<std::size_t>(place < 0 ? place + static_cast<std::int64_t>(axes_.size()) : place)]);
  }
  axes_ = std::move(moved);
}

// Axes are split and joined where products of extents from the left agree. What is split hands its loops to all its
// parts.
void AxisTrace::Reshape(const OnnxDims& dims) {
  if (axes_.empty()) return;
  std::vector<std::string> result(dims.size());
  std::size_t from = 0;
  std::size_t to = 0;
  while (from < dims_.size() && to < dims.size()) {
    std::size_t from_end = from;
    std::size_t to_end = to;
    std::int64_t left = 1;
    std::int64_t right = 1;
    bool fits = true;
    do {
      const bool take_left = from_end == from || (left < right && from_end < dims_.size());
      const bool take_right = to_end == to || (right < left && to_end < dims.size());
      if (take_left) fits = fits && dims_[from_end] > 0 && !__builtin_mul_overflow(left, dims_[from_end++], &left);
      if (take_right) fits = fits && dims[to_end] > 0 && !__builtin_mul_overflow(right, dims[to_end++], &right);
      fits = fits && (take_left || take_right);
    } while (fits && left != right);
    if (!fits) break;
    std::string loops;
    for (std::size_t i = from; i < from_end; ++i) {
      if (dims_[i] > 1) AppendDistinct(axes_[i], &loops);
    }
    for (std::size_t i = to; i < to_end; ++i) {
      if (dims[i] > 1) result[i] = loops;
    }
    from = from_end;
    to = to_end;
  }
  axes_ = std::move(result);
}

std::vector<std::pair<std::string, std::string>> AxisTrace::LinksTo(const std::vector<std::string>& axes) const {
  std::vector<std::pair<std::string, std::string>> links;
  if (axes.size() != axes_.size()) return links;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (axes[i].empty() || axes_[i].empty() || dims_[i] <= 1) continue;
    const auto same =
        std::find_if(links.begin(), links.end(), [&](const auto& link) { return link.first == axes_[i]; });
    if (same == links.end()) {
      links.emplace_back(axes_[i], axes[i]);
    } else {
      AppendDistinct(axes[i], &same->second);
    }
  }
  return links;
}

std::string ShortName(const std::string& name) {
  bool valid = true;
  for (std::string_view rest = name; valid && !rest.empty();) {
    const Utf8Character character = FirstCharacter(rest);
    valid = character.is_valid;
    rest.remove_prefix(character.length);
  }
  std::string text = valid ? name : PrintableText(name);
  if (text.size() <= kMaxNameBytes) return text;
  // The end tells names apart, and a number those that differ before it.
  std::size_t begin = text.size() - (kMaxNameBytes - 24);
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return absl::StrCat(absl::Hex(Fnv1a64(text)), "...", text.substr(begin));
}

v1::Pads PadsMessage(const OnnxPads& pads) {
  v1::Pads message;
  message.set_left(Cut(pads.left));
  message.set_right(Cut(pads.right));
  message.set_top(Cut(pads.top));
  message.set_bottom(Cut(pads.bottom));
  return message;
}

v1::Window WindowMessage(const LayerShape& window, const OnnxPads& pads) {
  v1::Window message;
  message.set_r(Cut(window.bound(Dim::kR)));
  message.set_s(Cut(window.bound(Dim::kS)));
  message.set_wstride(Cut(window.w_stride));
  message.set_hstride(Cut(window.h_stride));
  message.set_wdilation(Cut(window.w_dilation));
  message.set_hdilation(Cut(window.h_dilation));
  *message.mutable_pads() = PadsMessage(pads);
  return message;
}

}  // namespace oneloop
