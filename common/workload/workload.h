#ifndef ONELOOP_COMMON_WORKLOAD_WORKLOAD_H_
#define ONELOOP_COMMON_WORKLOAD_WORKLOAD_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/workload/dims.h"

namespace oneloop {

// Loop bounds of one layer and the step of its filter, in elements. Index order of `bounds`: Dim.
struct LayerShape {
  std::array<std::int64_t, kNumDims> bounds = {1, 1, 1, 1, 1, 1, 1, 1};
  std::int64_t w_stride = 1;    // along P
  std::int64_t h_stride = 1;    // along Q
  std::int64_t w_dilation = 1;  // along R
  std::int64_t h_dilation = 1;  // along S

  std::int64_t bound(Dim dim) const { return bounds[static_cast<std::size_t>(dim)]; }
  auto operator<=>(const LayerShape&) const = default;
};

// How far one step along a sliding dimension moves the input's window, in elements; 1 for every other dimension.
constexpr std::int64_t UnitStep(const LayerShape& shape, Dim dim) {
  switch (dim) {
    case Dim::kP:
      return shape.w_stride;
    case Dim::kQ:
      return shape.h_stride;
    case Dim::kR:
      return shape.w_dilation;
    case Dim::kS:
      return shape.h_dilation;
    default:
      return 1;
  }
}

struct Layer {
  std::string name;
  std::int64_t count = 1;  // occurrences in one run of its network
  LayerShape shape;
  int network = 0;  // of Workload::networks
};

// One of several networks that share a chip.
struct Network {
  std::string name;
  double weight = 1;  // runs of it in one run of the workload; > 0
};

struct Workload {
  std::string name;
  std::string description;
  std::vector<Layer> layers;           // of each network together, in the order of the networks
  std::vector<Network> networks = {};  // empty when there is but one, which is the workload itself

  std::size_t num_networks() const { return networks.empty() ? 1 : networks.size(); }
};

// A workload with each shape of each network once, in the order in which they first come, counts summed.
struct DistinctShapes {
  Workload workload;
  std::vector<std::size_t> layers;  // by layer of the original, its layer in `workload`
};
DistinctShapes MergeEqualShapes(const Workload& workload);

inline constexpr std::int64_t kMaxBound = 2147483647;
inline constexpr std::int64_t kMaxLayerCount = 1000000;
inline constexpr int kMaxLayers = 4096;
inline constexpr int kMaxNetworks = 32;
inline constexpr double kMaxNetworkWeight = 1e6;

// Product of the bounds. Precondition: ValidateShape(shape) is OK, so that it does not overflow.
std::int64_t Macs(const LayerShape& shape);

// INVALID_ARGUMENT, with the field as in the proto message Bounds: every bound, stride and dilation 1 to kMaxBound,
// product of the bounds and size of the input below 2^63.
absl::Status ValidateShape(const LayerShape& shape);

// INVALID_ARGUMENT, with the field as in the proto message Workload: a valid name, 1 to kMaxLayers layers, each with
// a count of 1 to kMaxLayerCount and a valid shape; at most kMaxNetworks networks with valid names, each another, a
// weight above 0 to kMaxNetworkWeight and a layer, one after the other.
absl::Status ValidateWorkload(const Workload& workload);

// Lower-case letters, digits, "_" and "-", 1 to 63 characters, beginning with a letter or digit.
bool IsValidName(const std::string& name);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_WORKLOAD_WORKLOAD_H_
