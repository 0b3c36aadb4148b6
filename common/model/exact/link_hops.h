#ifndef ONELOOP_COMMON_MODEL_EXACT_LINK_HOPS_H_
#define ONELOOP_COMMON_MODEL_EXACT_LINK_HOPS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// How far words go in a fan-out of several copies (docs/MODEL.md, "Links"). Pure functions; thread-safe.

// Of a fan-out's distinct words so many are each asked for by so many copies.
struct SharingClass {
  double copies = 1;
  double words = 1;
  double hops = 0;  // of one of them, on average
};

// Mean hops of a word that `sharing` of `copies` ask for, in a square network that is fed at a corner (N1). Grows with
// both; half a hop for one copy.
double SpreadHops(double copies, double sharing);

// A spatial factor above 1; copies are numbered by digits, the first fastest.
struct CopyDigit {
  Dim dim;
  std::int64_t factor;
  std::int64_t step;  // by which it moves the input's window, in elements
};

// More copies are not walked one by one.
inline constexpr std::int64_t kMostWalkedCopies = 65536;

// Hops by the copies' places in rows of `row` units, `rows` of them: along the middle row to the farthest column, then
// up and down each column (N2). By number of copies that share, ascending. Precondition: the digits make at most
// kMostWalkedCopies copies.
std::vector<SharingClass> MeshClasses(Tensor tensor, bool shared, std::span<const CopyDigit> digits, std::int64_t row,
                                      std::int64_t rows);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_EXACT_LINK_HOPS_H_
