#ifndef ONELOOP_COMMON_MODEL_INPUT_CORNERS_H_
#define ONELOOP_COMMON_MODEL_INPUT_CORNERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// Where Timeloop's counts of the input differ from the smooth rules of count.h: moves of the sliding window that repeat
// or cancel by coincidence, copies whose windows coincide, and words that neighbouring copies hand to each other. They
// hold for whole factors only and enter exact scores, not gradients. Source: docs/MODEL.md, section "Corners of the
// input". A view: the arguments must outlive it.
class InputCorners {
 public:
  InputCorners(const Template& hardware_template, const LayerShape& shape, const Mapping& mapping);

  // Words per instance of `level` by which the smooth rule overestimates its fills; may be negative.
  double RepeatedMoves(int level) const;

  // Copies per distinct window in the fan-outs of levels first..last.
  double Multicast(int first, int last) const;

  // Words that the fan-out just outside keeper `child` saves its source, and words that the children send each other
  // instead; of one instance of level child + 1.
  struct Links {
    double saved = 0;
    double linked = 0;
  };
  Links NeighbourLinks(int child) const;

 private:
  // Elements by which a window moves: N, C, G, width, height.
  static constexpr int kNumDirections = 5;
  using Shift = std::array<std::int64_t, kNumDirections>;
  struct Loop {
    Dim dim;
    double factor;
    Shift shift;    // of one iteration
    double weight;  // (factor - 1) times the factors of all loops outside it
    Shift move;     // from the last tile before the loop steps to the one after
  };

  static int Direction(Dim dim);
  std::int64_t Unit(Dim dim) const;
  std::array<std::int64_t, kNumDims> ExtentsBelow(int level) const;
  std::int64_t SpatialFactor(int level, Dim dim) const;
  Shift ExtentsOf(int level) const;
  // Non-unit temporal loops outside a level, innermost first; on the stack, because exact scoring asks for it often.
  class LoopList {
   public:
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    const Loop& operator[](std::size_t i) const { return loops_[i]; }
    Loop& operator[](std::size_t i) { return loops_[i]; }
    const Loop& front() const { return loops_[0]; }
    Loop* begin() { return loops_.data(); }
    Loop* end() { return loops_.data() + size_; }
    const Loop* begin() const { return loops_.data(); }
    const Loop* end() const { return loops_.data() + size_; }
    void push_back(const Loop& loop) { loops_[size_++] = loop; }

   private:
    std::array<Loop, static_cast<std::size_t>(kMaxLevels) * kNumDims> loops_;
    std::size_t size_ = 0;
  };
  LoopList LoopsOutside(int level) const;
  // Words that the innermost loop brings per step, given a tile of `words` words.
  static double FirstDelta(const LoopList& loops, const Shift& extents, double words);
  bool MayLink(int fan_out, const LoopList& loops) const;
  std::vector<Shift> OffsetsOfCopies(int fan_out) const;
  // What one move of all copies saves, counted in tiles, when copies stand in rows of `row`.
  static Links LinksOfMove(const std::vector<Shift>& offsets, std::int64_t row, const Shift& move);
  std::int64_t RowLength(int fan_out) const;

  const Template& template_;
  const LayerShape& shape_;
  const Mapping& mapping_;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_INPUT_CORNERS_H_
