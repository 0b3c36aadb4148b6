// Best EDP of whole jobs, without daemon or store:
//   search_quality [algorithm] [samples per start] [starts] [seeds] [workload | FILE.yaml | parameter=value |
//   perfect]...
// perfect: factors have to divide. algorithm: gradient, random, bayesian, or all, which also prints how many times the
// others' mean EDP is gradient's.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "server/search/search_spec.h"
#include "tests/common/model/perfect_template.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

struct NamedAlgorithm {
  const char* name;
  Algorithm algorithm;
};
constexpr NamedAlgorithm kAlgorithms[] = {
    {"gradient", Algorithm::kGradient}, {"random", Algorithm::kRandom}, {"bayesian", Algorithm::kBayesian}};

struct Budget {
  std::int64_t samples_per_start;
  int starts;
  int seeds;
};

struct Setting {
  std::map<std::string, double> fixed;  // parameters by name
  bool perfect = false;
};

Workload WorkloadOf(const std::string& name) {
  if (!name.ends_with(".yaml")) return ShippedWorkload(name);
  std::ifstream file(name);
  std::stringstream text;
  text << file.rdbuf();
  return WorkloadFromYaml(text.str());
}

std::shared_ptr<const Template> TemplateOf(const Setting& setting) {
  std::unique_ptr<const Template> gemmini = ShippedTemplate("gemmini");
  return setting.perfect ? Perfect(*gemmini) : std::move(gemmini);
}

// Prints each seed's best EDP and their summary; returns the mean.
double RunWorkload(const NamedAlgorithm& algorithm, const std::string& name, const Budget& budget,
                   const Setting& setting) {
  SearchSpec spec = SpecFor(WorkloadOf(name), TemplateOf(setting));
  for (std::size_t p = 0; p < spec.hardware_range.size(); ++p) {
    const auto value = setting.fixed.find(spec.hardware_template->parameter(static_cast<int>(p)).name);
    if (value != setting.fixed.end()) spec.hardware_range[p] = {value->second, value->second};
  }
  spec.algorithm = algorithm.algorithm;
  spec.samples_per_start = budget.samples_per_start;
  spec.starts = budget.starts;
  std::vector<double> bests;
  double total_seconds = 0;
  for (int seed = 0; seed < budget.seeds; ++seed) {
    spec.seed = static_cast<std::uint64_t>(seed);
    const std::clock_t begin = std::clock();
    const Found found = BestOf(spec);
    const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%-9s %-10s seed %d: best %.4g, %lld points, %.2f s of CPU, hardware", algorithm.name, name.c_str(),
                seed, found.score, static_cast<long long>(found.points), seconds);
    for (const double value : found.hardware) std::printf(" %g", value);
    std::printf("\n");
    std::fflush(stdout);
    bests.push_back(found.score);
    total_seconds += seconds;
  }
  std::sort(bests.begin(), bests.end());
  double sum = 0;
  for (const double best : bests) sum += best;
  const double mean = sum / static_cast<double>(bests.size());
  std::printf("%-9s %-10s mean %.5g, median %.5g, worst %.5g, %.2f s of CPU a job\n", algorithm.name, name.c_str(),
              mean, bests[bests.size() / 2], bests.back(), total_seconds / budget.seeds);
  return mean;
}

int Run(const std::string& wanted, const Budget& budget, const std::vector<std::string>& workloads,
        const Setting& setting) {
  std::vector<double> gradient_means;
  bool found = false;
  for (const NamedAlgorithm& algorithm : kAlgorithms) {
    if (wanted != "all" && wanted != algorithm.name) continue;
    found = true;
    double log_ratio = 0;
    for (std::size_t w = 0; w < workloads.size(); ++w) {
      const double mean = RunWorkload(algorithm, workloads[w], budget, setting);
      if (algorithm.algorithm == Algorithm::kGradient) gradient_means.push_back(mean);
      if (!gradient_means.empty()) log_ratio += std::log(mean / gradient_means[w]);
    }
    if (wanted == "all") {
      std::printf("%-9s geometric mean of the ratios to gradient: %.3g\n", algorithm.name,
                  std::exp(log_ratio / static_cast<double>(workloads.size())));
    }
  }
  if (!found) std::fprintf(stderr, "no algorithm '%s'; valid: gradient, random, bayesian, all\n", wanted.c_str());
  return found ? 0 : 1;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const std::string algorithm = argc > 1 ? argv[1] : "gradient";
  const oneloop::Budget budget{argc > 2 ? std::atoll(argv[2]) : 1490, argc > 3 ? std::atoi(argv[3]) : 7,
                               argc > 4 ? std::max(1, std::atoi(argv[4])) : 5};
  std::vector<std::string> workloads;
  oneloop::Setting setting;
  for (int i = std::min(argc, 5); i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    if (argument == "perfect") {
      setting.perfect = true;
    } else if (equals == std::string::npos) {
      workloads.push_back(argument);
    } else {
      setting.fixed[argument.substr(0, equals)] = std::atof(argument.c_str() + equals + 1);
    }
  }
  if (workloads.empty()) workloads = {"bert", "resnet50", "retinanet", "unet"};
  return oneloop::Run(algorithm, budget, workloads, setting);
}
