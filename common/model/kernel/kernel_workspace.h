#ifndef ONELOOP_COMMON_MODEL_KERNEL_KERNEL_WORKSPACE_H_
#define ONELOOP_COMMON_MODEL_KERNEL_KERNEL_WORKSPACE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/kernel/batch_kernel.h"
#include "common/model/kernel/kernel_program.h"

namespace oneloop {

// What all that run a KernelProgram need.

inline constexpr double kMicroPerPico = 1e-6;

// Rows of kBlockLanes doubles, aligned for the kernel; 0 after Resize.
class RowBuffer {
 public:
  void Resize(std::size_t num_rows) {
    const std::size_t size = num_rows * kBlockLanes;
    data_.reset(new (std::align_val_t{kKernelAlignment}) double[size]);
    std::fill_n(data_.get(), size, 0.0);
  }
  double* row(std::size_t index) { return data_.get() + index * kBlockLanes; }
  const double* row(std::size_t index) const { return data_.get() + index * kBlockLanes; }

 private:
  struct Delete {
    void operator()(double* data) const { ::operator delete[](data, std::align_val_t{kKernelAlignment}); }
  };
  std::unique_ptr<double[], Delete> data_;
};

// Rows of figures of one block.
std::size_t NumFigureRows(const KernelProgram& program);

// Sets one lane of a block's masks, which are program.masks.size() rows, `stride` doubles each.
void SetLaneOrder(const KernelProgram& program, const LoopOrders& order, int lane, std::size_t stride, double* masks);

KernelCosts KernelCostsOf(const KernelProgram& program, const ComponentCosts& costs);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_MODEL_KERNEL_KERNEL_WORKSPACE_H_
