// One search for each accelerator of ../shared/data/accelerators.json (ONELOOP_ACCELERATORS names others), with what is
// proven for it: accelerator_searches [--newer] [accelerator | workload]... docs/RESULTS.md has the table.
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/model/bound/lower_bound.h"
#include "server/search/search_spec.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

void Search(const std::string& accelerator, const std::shared_ptr<const Template>& hardware,
            const std::string& network) {
  SearchSpec spec;
  spec.hardware_template = hardware;
  spec.workload = std::make_shared<const Workload>(ShippedWorkload(network));
  for (const ParameterSpec& parameter : hardware->spec().parameters) {
    spec.hardware_range.push_back({parameter.min, parameter.max});
  }
  std::clock_t begin = std::clock();
  const Found found = BestOf(spec);
  const double search_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const CostModel model(hardware);
  begin = std::clock();
  const LowerBound bound = ProveLowerBound(model, *spec.workload, spec.hardware_range, GoalOf(spec), {});
  const double proof_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-12s %-10s EDP %.4e >= %.4e, gap %5.2f %%; CPU: search %.2f s, proof %.2f s\n", accelerator.c_str(),
              network.c_str(), found.score, bound.objective, 100 * (found.score / bound.objective - 1), search_seconds,
              proof_seconds);
  std::fflush(stdout);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  bool newer = false;
  std::vector<std::string> wanted;
  for (int i = 1; i < argc; ++i) {
    if (std::string(argv[i]) == "--newer") {
      newer = true;
    } else {
      wanted.emplace_back(argv[i]);
    }
  }
  const std::string path = oneloop::AcceleratorsPath();
  if (path.empty()) {
    std::fprintf(stderr, "no ../shared/data/accelerators.json; ONELOOP_ACCELERATORS names such a file\n");
    return 1;
  }
  std::vector<oneloop::Accelerator> accelerators = oneloop::ReadAccelerators(path);
  const auto is_wanted = [&wanted](const std::string& name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  const bool any_accelerator = std::none_of(accelerators.begin(), accelerators.end(),
                                            [&](const oneloop::Accelerator& of) { return is_wanted(of.name); });
  std::vector<std::string> networks;
  for (const std::string& name : wanted) {
    const bool names_accelerator = std::any_of(accelerators.begin(), accelerators.end(),
                                               [&](const oneloop::Accelerator& of) { return of.name == name; });
    if (!names_accelerator) networks.push_back(name);
  }
  if (networks.empty()) networks = {"resnet50", "bert"};
  for (oneloop::Accelerator& of : accelerators) {
    if (!any_accelerator && !is_wanted(of.name)) continue;
    const std::shared_ptr<const oneloop::Template> hardware = std::move(newer ? of.newer : of.hardware_template);
    for (const std::string& network : networks) oneloop::Search(of.name, hardware, network);
  }
  return 0;
}
