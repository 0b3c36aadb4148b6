#ifndef ONELOOP_COMMON_WORKLOAD_DIMS_H_
#define ONELOOP_COMMON_WORKLOAD_DIMS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace oneloop {

// Loop dimensions of one layer, in the order in which every array over dimensions is indexed: filter width and
// height, output width and height, input channels, output channels, batch, groups.
enum class Dim : std::uint8_t { kR, kS, kP, kQ, kC, kK, kN, kG };
inline constexpr int kNumDims = 8;
inline constexpr std::array<Dim, kNumDims> kAllDims = {Dim::kR, Dim::kS, Dim::kP, Dim::kQ,
                                                       Dim::kC, Dim::kK, Dim::kN, Dim::kG};
inline constexpr std::string_view kDimNames = "RSPQCKNG";

// Weights, inputs, outputs; the index order of every array over tensors.
enum class Tensor : std::uint8_t { kW, kI, kO };
inline constexpr int kNumTensors = 3;
inline constexpr std::array<Tensor, kNumTensors> kAllTensors = {Tensor::kW, Tensor::kI, Tensor::kO};
inline constexpr std::string_view kTensorNames = "WIO";

constexpr int Index(Dim dim) { return static_cast<int>(dim); }
constexpr int Index(Tensor tensor) { return static_cast<int>(tensor); }
constexpr char Name(Dim dim) { return kDimNames[static_cast<std::size_t>(dim)]; }
constexpr char Name(Tensor tensor) { return kTensorNames[static_cast<std::size_t>(tensor)]; }

// A set of dimensions or tensors, as bits by index.
template <class E>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<E> members) {
    for (const E member : members) Add(member);
  }
  constexpr void Add(E member) { bits_ = static_cast<std::uint8_t>(bits_ | (1u << Index(member))); }
  constexpr bool Has(E member) const { return (bits_ >> Index(member) & 1u) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool operator==(const EnumSet&) const = default;

 private:
  std::uint8_t bits_ = 0;
};
using DimSet = EnumSet<Dim>;
using TensorSet = EnumSet<Tensor>;

inline constexpr DimSet kEveryDim = {Dim::kR, Dim::kS, Dim::kP, Dim::kQ, Dim::kC, Dim::kK, Dim::kN, Dim::kG};

// Dimensions that address a tensor's elements, by tensor index. For inputs these are the loops that move the window.
inline constexpr std::array<DimSet, kNumTensors> kRelevantDims = {
    DimSet{Dim::kR, Dim::kS, Dim::kC, Dim::kK, Dim::kG},
    DimSet{Dim::kN, Dim::kC, Dim::kG, Dim::kP, Dim::kQ, Dim::kR, Dim::kS},
    DimSet{Dim::kN, Dim::kK, Dim::kP, Dim::kQ, Dim::kG}};

constexpr bool IsRelevant(Tensor tensor, Dim dim) { return kRelevantDims[static_cast<std::size_t>(tensor)].Has(dim); }

}  // namespace oneloop

#endif  // ONELOOP_COMMON_WORKLOAD_DIMS_H_
