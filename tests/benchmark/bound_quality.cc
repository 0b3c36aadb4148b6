// How near the proven lower bound comes to the best design known, per network on `gemmini`:
// bound_quality [boxes] [workload...]. docs/RESULTS.md has the table.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "common/model/lower_bound.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// µJ·cycles, confirmed by Timeloop.
const std::map<std::string, double>& BestKnownEdp() {
  static const auto* known = new std::map<std::string, double>{
      {"bert", 1.507e9}, {"resnet50", 6.301e10}, {"retinanet", 2.050e10}, {"unet", 1.091e13}};
  return *known;
}

void Print(const std::string& name, const LowerBoundOptions& options) {
  const CostModel model(ShippedTemplate("gemmini"));
  const Workload workload = ShippedWorkload(name);
  std::vector<ParameterRange> ranges;
  for (const ParameterSpec& parameter : model.hardware_template().spec().parameters) {
    ranges.push_back({parameter.min, parameter.max});
  }
  const std::clock_t begin = std::clock();
  const LowerBound bound =
      ProveLowerBound(model, workload, ranges, Goal(MetricProduct::Edp(), {}, model.hardware_template()), options);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-16s EDP >= %.4e", name.c_str(), bound.objective);
  const auto known = BestKnownEdp().find(name);
  if (known != BestKnownEdp().end()) {
    std::printf("  best known %.4e  gap %5.2f %%", known->second, 100 * (known->second / bound.objective - 1));
  } else {
    std::printf("%41s", "");
  }
  std::printf("  energy >= %.4e  latency >= %.4e  %5d boxes  %5.2f s of CPU time  at", bound.energy_uj,
              bound.latency_cycles, bound.boxes, seconds);
  for (const ParameterRange& range : bound.box) std::printf(" %g-%g", range.min, range.max);
  std::printf("\n");
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  oneloop::LowerBoundOptions options;
  if (argc > 1) options.max_boxes = std::atoi(argv[1]);
  std::vector<std::string> workloads(argv + std::min(argc, 2), argv + argc);
  if (workloads.empty()) {
    workloads = {"bert", "resnet50", "retinanet", "unet", "alexnet", "vgg16", "resnext50_32x4d", "deepbench"};
  }
  for (const std::string& workload : workloads) oneloop::Print(workload, options);
  return 0;
}
