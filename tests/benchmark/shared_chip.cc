// What one chip for several networks is worth: the search of it against the best of jobs of the same budget that fix a
// parameter, as a whole and for each network; and each network on it against a chip of its own.
//   shared_chip TEMPLATE COMBINATION PARAMETER=VALUE[,VALUE...] SAMPLES STARTS SEEDS NETWORK[:WEIGHT]...
//   [LIMIT=BOUND...]
//     COMBINATION: sum, geometric_mean or worst_ratio
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/workload_sum.h"
#include "server/search/own_best.h"
#include "server/search/search_spec.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// The objective of each network of a design.
std::vector<double> ByNetwork(const SearchSpec& spec, const Found& found) {
  const CostModel model(spec.hardware_template);
  const ComponentCosts costs = model.CostsAt(found.hardware);
  const WorkloadSum sum(*spec.workload);
  WorkloadMetrics metrics = sum.Start(costs.area_mm2);
  for (std::size_t i = 0; i < found.mappings.size(); ++i) {
    sum.Add(i, model.Score(model.Use(spec.workload->layers[i].shape, found.mappings[i]), costs), &metrics);
  }
  std::vector<double> values;
  const Goal goal = GoalOf(spec);
  for (std::size_t n = 0; n < spec.workload->networks.size(); ++n) {
    values.push_back(goal.objective().ValueOfNetwork(metrics, n));
  }
  return values;
}

struct Arguments {
  SearchSpec spec;
  int parameter = -1;
  std::vector<double> values;
  int seeds = 1;
};

bool Parse(int argc, char** argv, Arguments* arguments) {
  if (argc < 8) return false;
  std::vector<Network> networks;
  std::vector<MetricLimit> limits;
  for (int i = 7; i < argc; ++i) {
    const std::vector<std::string> limit = absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
    double number = 1;
    if (limit.size() == 2) {
      const QuantityInfo* const quantity = FindQuantity(limit[0]);
      if (quantity == nullptr || !absl::SimpleAtod(limit[1], &number)) return false;
      limits.push_back({quantity->quantity, number});
      continue;
    }
    const std::vector<std::string> network = absl::StrSplit(argv[i], ':');
    if (network.size() == 2 && !absl::SimpleAtod(network[1], &number)) return false;
    networks.push_back({network[0], number});
  }
  arguments->spec = SpecFor(JoinShipped(networks), ShippedTemplate(argv[1]));
  SearchSpec& spec = arguments->spec;
  const std::string combination = argv[2];
  spec.combination.kind = combination == "sum"              ? Combination::Kind::kSum
                          : combination == "geometric_mean" ? Combination::Kind::kGeometricMean
                                                            : Combination::Kind::kWorstRatio;
  spec.combination.references.assign(networks.size(), 0);
  spec.limits = std::move(limits);
  const std::vector<std::string> fix = absl::StrSplit(argv[3], absl::MaxSplits('=', 1));
  arguments->parameter = spec.hardware_template->FindParameter(fix[0]);
  for (const auto text : absl::StrSplit(fix.size() > 1 ? fix[1] : "", ',')) {
    double value = 0;
    if (absl::SimpleAtod(text, &value)) arguments->values.push_back(value);
  }
  spec.samples_per_start = std::atoll(argv[4]);
  spec.starts = std::atoi(argv[5]);
  arguments->seeds = std::atoi(argv[6]);
  return arguments->parameter >= 0 && !arguments->values.empty();
}

int Run(Arguments arguments) {
  for (int seed = 0; seed < arguments.seeds; ++seed) {
    arguments.spec.seed = static_cast<std::uint64_t>(seed);
    const std::vector<double> own = *FindOwnBests(arguments.spec, [] { return false; });
    const auto spec = WithReferences(std::make_shared<const SearchSpec>(arguments.spec), own);
    const Found free = BestOf(*spec);
    const Found fixed = BestFixed(*spec, arguments.parameter, arguments.values);
    std::printf("seed %d: free %.5g, fixed %.5g (%g), %+.2f %%; hardware", seed, free.score, fixed.score,
                fixed.hardware[static_cast<std::size_t>(arguments.parameter)], 100 * (free.score / fixed.score - 1));
    for (const double value : free.hardware) std::printf(" %g", value);
    std::printf("\n");
    const std::vector<double> shared = ByNetwork(*spec, free);
    const std::vector<double> swept = ByNetwork(*spec, fixed);
    for (std::size_t n = 0; n < shared.size(); ++n) {
      std::printf("  %-12s shared %.5g, swept %.5g (%+.2f %%), own %.5g (price %+.2f %%)\n",
                  spec->workload->networks[n].name.c_str(), shared[n], swept[n], 100 * (shared[n] / swept[n] - 1),
                  own[n], 100 * (shared[n] / own[n] - 1));
    }
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  oneloop::Arguments arguments;
  if (!oneloop::Parse(argc, argv, &arguments)) {
    std::fprintf(stderr,
                 "usage: shared_chip TEMPLATE COMBINATION PARAMETER=VALUE[,VALUE...] SAMPLES STARTS SEEDS "
                 "NETWORK[:WEIGHT]... [LIMIT=BOUND...]\n");
    return 2;
  }
  return oneloop::Run(std::move(arguments));
}
