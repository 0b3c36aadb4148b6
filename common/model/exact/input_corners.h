#ifndef ONELOOP_COMMON_MODEL_EXACT_INPUT_CORNERS_H_
#define ONELOOP_COMMON_MODEL_EXACT_INPUT_CORNERS_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/link_hops.h"
#include "common/model/exact/neighbour_links.h"
#include "common/model/structure/structure.h"
#include "common/workload/workload.h"

namespace oneloop {

// Where Timeloop's counts of the input differ from the smooth rules of count.h: moves of the sliding window that repeat
// or cancel by coincidence, copies whose windows coincide, and words that neighbouring copies hand to each other. They
// hold for whole factors only and enter exact scores, not gradients. Source: docs/MODEL.md, section "Corners of the
// input". A view: the arguments must outlive it.
class InputCorners {
 public:
  InputCorners(const Template& hardware_template, const Structure& structure, const LayerShape& shape,
               const Mapping& mapping);

  // Copies along a dimension in the fan-out of a level.
  std::int64_t SpatialFactor(int level, Dim dim) const;

  // Words per instance of `level` by which the smooth rule overestimates its fills; may be negative.
  double RepeatedMoves(int level) const;

  // Copies per distinct window in the fan-out of a level that shares inputs.
  double Multicast(int level) const;

  // The same, told apart by how many copies share a window; hops are left at 0.
  std::vector<SharingClass> SharingClasses(int level) const;

  // The spatial factors of a fan-out as digits of its copies' numbers.
  std::vector<CopyDigit> CopyDigits(int level) const;

  // Words that the fan-out just outside keeper `child` saves its source, and words that the children send each other
  // instead; of one instance of level child + 1.
  struct Links {
    double saved = 0;
    double linked = 0;
  };
  Links LinksOf(int child) const;
  // Whether a copy's next tile may be one that another held: tiles meet again only when both dimensions of one
  // direction move them, by `loops` outside or by the fan-out's `copies`. Without it LinksOf is nothing.
  static bool TilesMeetAgain(DimSet loops, DimSet copies);

  // Units in a row of the fan-out's copies, along its first axis; at least 1.
  std::int64_t RowLength(int fan_out) const;
  // Columns and rows of a mesh: rows run along the first axis, unless that is called Y, as in Timeloop's meshY.
  struct Mesh {
    std::int64_t columns;
    std::int64_t rows;
  };
  Mesh MeshOf(int fan_out) const;

 private:
  using Shift = NeighbourLinks::Shift;
  struct Loop {
    Dim dim;
    double factor;
    Shift shift;    // of one iteration
    double weight;  // (factor - 1) times the factors of all loops outside it
    Shift move;     // from the last tile before the loop steps to the one after
  };

  std::array<std::int64_t, kNumDims> ExtentsBelow(int level) const;
  Shift ExtentsOf(int level) const;
  // On the stack, because exact scoring asks for it often.
  template <class T>
  class ShortList {
   public:
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const T& operator[](std::size_t i) const { return items_[i]; }
    T& operator[](std::size_t i) { return items_[i]; }
    const T& front() const { return items_[0]; }
    T* begin() { return items_.data(); }
    T* end() { return items_.data() + size_; }
    const T* begin() const { return items_.data(); }
    const T* end() const { return items_.data() + size_; }
    template <class Predicate>
    void DropFront(Predicate predicate) {
      std::size_t first = 0;
      while (first < size_ && predicate(items_[first])) ++first;
      std::copy(begin() + first, end(), begin());
      size_ -= first;
    }
    void push_back(const T& item) { items_[size_++] = item; }

   private:
    std::array<T, static_cast<std::size_t>(kMaxLevels) * kNumDims> items_;
    std::size_t size_ = 0;
  };
  using LoopList = ShortList<Loop>;
  using DigitList = ShortList<NeighbourLinks::Digit>;
  // Non-unit temporal loops outside a level, innermost first.
  LoopList LoopsOutside(int level) const;
  // Words that the innermost loop brings per step, given a tile of `words` words.
  static double FirstDelta(const LoopList& loops, const Shift& extents, double words);
  bool MayLink(int fan_out, const LoopList& loops) const;
  template <class Visit>
  void ForEachDigit(int fan_out, Visit visit) const;
  DigitList DigitsOf(int fan_out) const;
  // Units of an axis of a fan-out: those in use where a parameter sizes it, as the search sizes it to what is used; at
  // least 1.
  std::int64_t AxisLength(int axis) const;

  const Template& template_;
  const Structure& structure_;
  const LayerShape& shape_;
  const Mapping& mapping_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_INPUT_CORNERS_H_
