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
// Places in containers, which count by std::size_t.
constexpr std::size_t ToIndex(int i) { return static_cast<std::size_t>(i); }
constexpr std::size_t ToIndex(Dim dim) { return static_cast<std::size_t>(dim); }
constexpr std::size_t ToIndex(Tensor tensor) { return static_cast<std::size_t>(tensor); }
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
  constexpr void Remove(E member) { bits_ = static_cast<std::uint8_t>(bits_ & ~(1u << Index(member))); }
  constexpr bool Has(E member) const { return (bits_ >> Index(member) & 1u) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  constexpr EnumSet operator|(const EnumSet& other) const { return FromBits(std::uint32_t{bits_} | other.bits_); }
  static constexpr EnumSet FromBits(std::uint32_t bits) {
    EnumSet set;
    set.bits_ = static_cast<std::uint8_t>(bits);
    return set;
  }
  constexpr bool operator==(const EnumSet&) const = default;

 private:
  std::uint8_t bits_ = 0;
};
using DimSet = EnumSet<Dim>;
using TensorSet = EnumSet<Tensor>;

inline constexpr TensorSet kEveryTensor = {Tensor::kW, Tensor::kI, Tensor::kO};
inline constexpr DimSet kEveryDim = {Dim::kR, Dim::kS, Dim::kP, Dim::kQ, Dim::kC, Dim::kK, Dim::kN, Dim::kG};

// Dimensions that address a tensor's elements, by tensor index. For inputs these are the loops that move the window.
inline constexpr std::array<DimSet, kNumTensors> kRelevantDims = {
    DimSet{Dim::kR, Dim::kS, Dim::kC, Dim::kK, Dim::kG},
    DimSet{Dim::kN, Dim::kC, Dim::kG, Dim::kP, Dim::kQ, Dim::kR, Dim::kS},
    DimSet{Dim::kN, Dim::kK, Dim::kP, Dim::kQ, Dim::kG}};

constexpr bool IsRelevant(Tensor tensor, Dim dim) { return kRelevantDims[ToIndex(tensor)].Has(dim); }

// Output positions and filter taps, which slide the input's window along its width (P, R) or its height (Q, S).
inline constexpr std::array<Dim, 4> kSlidingDims = {Dim::kP, Dim::kQ, Dim::kR, Dim::kS};
inline constexpr DimSet kSlidingDimSet = {Dim::kP, Dim::kQ, Dim::kR, Dim::kS};
constexpr bool IsSliding(Dim dim) { return kSlidingDimSet.Has(dim); }
constexpr bool MovesWidth(Dim dim) { return dim == Dim::kP || dim == Dim::kR; }

// The dimension that moves the window in the same direction; the dimension itself when it does not slide.
constexpr Dim PartnerOf(Dim dim) {
  switch (dim) {
    case Dim::kP:
      return Dim::kR;
    case Dim::kR:
      return Dim::kP;
    case Dim::kQ:
      return Dim::kS;
    case Dim::kS:
      return Dim::kQ;
    default:
      return dim;
  }
}

// Directions in which the input's tile moves, in this order: batch, channels, groups, width, height.
inline constexpr int kNumDirections = 5;
// The direction in which a loop over the dimension moves the input's tile, -1 for K, which does not move it.
constexpr int DirectionOf(Dim dim) {
  switch (dim) {
    case Dim::kN:
      return 0;
    case Dim::kC:
      return 1;
    case Dim::kG:
      return 2;
    case Dim::kP:
    case Dim::kR:
      return 3;
    case Dim::kQ:
    case Dim::kS:
      return 4;
    case Dim::kK:
      break;
  }
  return -1;
}

}  // namespace oneloop

#endif  // ONELOOP_COMMON_WORKLOAD_DIMS_H_
