#include "common/model/kernel/kernel_workspace.h"

#include <bit>
#include <cstdint>

namespace oneloop {

std::size_t NumFigureRows(const KernelProgram& program) { return kNumFigureRows + 2 * program.levels.size(); }

void SetLaneOrder(const KernelProgram& program, const LoopOrders& order, int lane, double* masks) {
  for (std::size_t i = 0; i < program.masks.size(); ++i) {
    const KernelProgram::Mask& mask = program.masks[i];
    const LoopOrder& loops = order[static_cast<std::size_t>(mask.level)];
    // Outermost first: the loop that comes later lies inside.
    const bool inside =
        std::find(loops.begin(), loops.end(), mask.inner) > std::find(loops.begin(), loops.end(), mask.outer);
    masks[i * kBlockLanes + static_cast<std::size_t>(lane)] =
        std::bit_cast<double>(inside ? ~std::uint64_t{0} : std::uint64_t{0});
  }
}

KernelCosts KernelCostsOf(const KernelProgram& program, const ComponentCosts& costs) {
  KernelCosts kernel_costs{};
  for (std::size_t l = 0; l < program.levels.size(); ++l) {
    kernel_costs.energy_uj[l] = costs.energy_pj[l] * kMicroPerPico;
    kernel_costs.cycles_per_word[l] = 1 / costs.words_per_cycle[l];
  }
  kernel_costs.mac_energy_uj = costs.mac_energy_pj * kMicroPerPico;
  return kernel_costs;
}

}  // namespace oneloop
