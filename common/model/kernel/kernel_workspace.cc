#include "common/model/kernel/kernel_workspace.h"

#include <bit>
#include <cstdint>

namespace oneloop {

std::size_t NumFigureRows(const KernelProgram& program) { return kNumFigureRows + 2 * program.ports.size(); }

void SetLaneOrder(const KernelProgram& program, const LoopOrders& order, int lane, std::size_t stride, double* masks) {
  for (std::size_t i = 0; i < program.masks.size(); ++i) {
    const KernelProgram::Mask& mask = program.masks[i];
    const LoopOrder& loops = order[static_cast<std::size_t>(mask.level)];
    // Outermost first: the loop that comes later lies inside.
    const bool inside =
        std::find(loops.begin(), loops.end(), mask.inner) > std::find(loops.begin(), loops.end(), mask.outer);
    masks[i * stride + static_cast<std::size_t>(lane)] =
        std::bit_cast<double>(inside ? ~std::uint64_t{0} : std::uint64_t{0});
  }
}

KernelCosts KernelCostsOf(const KernelProgram& program, const ComponentCosts& costs) {
  KernelCosts kernel_costs{};
  for (std::size_t p = 0; p < program.ports.size(); ++p) {
    kernel_costs.energy_uj[p] = costs.WordPj(p) * kMicroPerPico;
    kernel_costs.cycles_per_word[p] = program.ports[p].weight / costs.ports[p].words_per_cycle;
    kernel_costs.most_clusters[p] = costs.ports[p].most_clusters;
  }
  for (const KernelProgram::Link& link : program.links) {
    kernel_costs.router_uj[ToIndex(link.link)] = costs.router_pj[ToIndex(link.link)] * kMicroPerPico;
    kernel_costs.hop_uj[ToIndex(link.link)] =
        (costs.hop_pj[ToIndex(link.link)] + costs.router_pj[ToIndex(link.link)]) * kMicroPerPico;
  }
  for (const KernelProgram::Leak& leak : program.leaks) {
    kernel_costs.leak_uj[ToIndex(leak.level)] = costs.leak_pj[ToIndex(leak.level)] * kMicroPerPico;
  }
  kernel_costs.mac_energy_uj = costs.mac_energy_pj * kMicroPerPico;
  return kernel_costs;
}

}  // namespace oneloop
