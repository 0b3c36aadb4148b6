#include "common/workload/workload.h"

#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kMaxNameLength = 63;

// a * b, or nothing when it does not fit.
bool MultiplyFits(std::int64_t a, std::int64_t b, std::int64_t* product) {
  return !__builtin_mul_overflow(a, b, product);
}

absl::Status CheckRange(std::string_view field, std::int64_t value, std::int64_t max) {
  if (value >= 1 && value <= max) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", value, "; valid: 1 to ", max));
}

absl::Status ValidateName(const std::string& name) {
  if (IsValidName(name)) return absl::OkStatus();
  return FieldError("name", absl::StrCat("'", name,
                                         "' is not valid: 1 to 63 lower-case letters, digits, '_' and '-', beginning "
                                         "with a letter or digit"));
}

// Elements of the input window, gaps of strides included.
bool InputSizeFits(const LayerShape& shape) {
  const auto extent = [](std::int64_t outputs, std::int64_t stride, std::int64_t filters, std::int64_t dilation,
                         std::int64_t* result) {
    std::int64_t moves = 0;
    std::int64_t reach = 0;
    return MultiplyFits(outputs - 1, stride, &moves) && MultiplyFits(filters - 1, dilation, &reach) &&
           !__builtin_add_overflow(moves, reach, result) && !__builtin_add_overflow(*result, 1, result);
  };
  std::int64_t width = 0;
  std::int64_t height = 0;
  if (!extent(shape.bound(Dim::kP), shape.w_stride, shape.bound(Dim::kR), shape.w_dilation, &width) ||
      !extent(shape.bound(Dim::kQ), shape.h_stride, shape.bound(Dim::kS), shape.h_dilation, &height)) {
    return false;
  }
  std::int64_t size = 0;
  return MultiplyFits(width, height, &size) && MultiplyFits(size, shape.bound(Dim::kC), &size) &&
         MultiplyFits(size, shape.bound(Dim::kN), &size) && MultiplyFits(size, shape.bound(Dim::kG), &size);
}

// Each network has layers, after those of the one before.
absl::Status ValidateNetworks(const Workload& workload) {
  if (workload.networks.size() > static_cast<std::size_t>(kMaxNetworks)) {
    return FieldError("networks",
                      absl::StrCat("has ", workload.networks.size(), " networks; valid: at most ", kMaxNetworks));
  }
  std::set<std::string> names;
  for (std::size_t n = 0; n < workload.networks.size(); ++n) {
    const Network& network = workload.networks[n];
    const std::string path = absl::StrCat("networks[", n, "]");
    RETURN_IF_ERROR(PrefixField(path, ValidateName(network.name)));
    if (!names.insert(network.name).second) {
      return FieldError(path + ".name", absl::StrCat("is '", network.name, "', which another network has already"));
    }
    if (!(network.weight > 0 && network.weight <= kMaxNetworkWeight)) {
      return FieldError(path + ".weight",
                        absl::StrCat("is ", network.weight, "; valid: above 0, at most ", kMaxNetworkWeight));
    }
  }
  int last = -1;
  for (const Layer& layer : workload.layers) {
    if (layer.network < 0 || (layer.network != last && layer.network != ++last)) {
      return FieldError("networks", "have layers that do not come network by network");
    }
  }
  if (last + 1 == static_cast<int>(workload.num_networks())) return absl::OkStatus();
  return FieldError("networks", absl::StrCat("has ", workload.num_networks(), " networks, and layers of ", last + 1));
}

}  // namespace

DistinctShapes MergeEqualShapes(const Workload& workload) {
  DistinctShapes distinct{{workload.name, workload.description, {}, workload.networks}, {}};
  std::map<std::pair<int, LayerShape>, std::size_t> seen;
  for (const Layer& layer : workload.layers) {
    const auto [known, is_new] = seen.try_emplace({layer.network, layer.shape}, distinct.workload.layers.size());
    if (is_new) {
      distinct.workload.layers.push_back(layer);
    } else {
      distinct.workload.layers[known->second].count += layer.count;
    }
    distinct.layers.push_back(known->second);
  }
  return distinct;
}

std::int64_t Macs(const LayerShape& shape) {
  std::int64_t macs = 1;
  for (const std::int64_t bound : shape.bounds) macs *= bound;
  return macs;
}

absl::Status ValidateShape(const LayerShape& shape) {
  for (const Dim dim : kAllDims) {
    RETURN_IF_ERROR(CheckRange(std::string(1, Name(dim)), shape.bound(dim), kMaxBound));
  }
  RETURN_IF_ERROR(CheckRange("Wstride", shape.w_stride, kMaxBound));
  RETURN_IF_ERROR(CheckRange("Hstride", shape.h_stride, kMaxBound));
  RETURN_IF_ERROR(CheckRange("Wdilation", shape.w_dilation, kMaxBound));
  RETURN_IF_ERROR(CheckRange("Hdilation", shape.h_dilation, kMaxBound));
  std::int64_t macs = 1;
  for (const std::int64_t bound : shape.bounds) {
    if (!MultiplyFits(macs, bound, &macs)) {
      return FieldError("", "the product of the bounds (multiply-accumulates) passes 2^63; split the layer");
    }
  }
  if (!InputSizeFits(shape)) {
    return FieldError("", "the input that bounds, strides and dilations span passes 2^63 words; split the layer");
  }
  return absl::OkStatus();
}

bool IsValidName(const std::string& name) {
  if (name.empty() || name.size() > kMaxNameLength || name[0] == '-' || name[0] == '_') return false;
  for (const char c : name) {
    const bool letter_or_digit = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter_or_digit && c != '_' && c != '-') return false;
  }
  return true;
}

absl::Status ValidateWorkload(const Workload& workload) {
  RETURN_IF_ERROR(ValidateName(workload.name));
  if (workload.layers.empty()) return FieldError("layers", "is empty; valid: at least one layer");
  if (workload.layers.size() > static_cast<std::size_t>(kMaxLayers)) {
    return FieldError("layers", absl::StrCat("has ", workload.layers.size(), " layers; valid: at most ", kMaxLayers));
  }
  for (std::size_t i = 0; i < workload.layers.size(); ++i) {
    const Layer& layer = workload.layers[i];
    const std::string path = absl::StrCat("layers[", i, "]");
    RETURN_IF_ERROR(PrefixField(path, CheckRange("count", layer.count, kMaxLayerCount)));
    RETURN_IF_ERROR(PrefixField(path, PrefixField("bounds", ValidateShape(layer.shape))));
  }
  return ValidateNetworks(workload);
}

}  // namespace oneloop
