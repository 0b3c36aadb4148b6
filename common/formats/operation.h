#ifndef ONELOOP_COMMON_FORMATS_OPERATION_H_
#define ONELOOP_COMMON_FORMATS_OPERATION_H_

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/workload/workload.h"

namespace oneloop {

// One of the loops that address an axis of a tensor, and how far a step of it goes there.
struct AxisTerm {
  std::string loop;
  std::int64_t step = 1;
};
using Projection = std::vector<std::vector<AxisTerm>>;  // by axis

// A product of two tensors as other tools write it: loops of any name, and how they address the tensors.
struct Operation {
  std::vector<std::string> loops;               // in their order
  std::map<std::string, std::int64_t> bounds;   // of each
  std::array<Projection, kNumTensors> tensors;  // by Tensor
};

// The same as a layer: loops that address W, I and O are G; W and O, K; I and O, P and Q, or N for one that is called
// so; W and I, C, or R and S where they move a window along with P and Q. Loops of one kind are multiplied where the
// layer has one. INVALID_ARGUMENT, naming the loop, for whatever does not fit: loops of one tensor alone, windows on
// other tensors than I, more than two windows.
absl::StatusOr<LayerShape> ShapeOf(const Operation& operation);

// The dimension of each loop, as ShapeOf takes it, by name; loops of bound 1 that address one tensor alone have none.
// Errors of ShapeOf.
absl::StatusOr<std::map<std::string, Dim>> DimsOf(const Operation& operation);

// How the loops of a layer address a tensor: what ShapeOf undoes.
Operation OperationOf(const LayerShape& shape);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_OPERATION_H_
