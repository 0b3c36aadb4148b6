// How well what `explain` predicts agrees with a re-search, over random designs:
//   sensitivity_quality [designs] [samples] [first seed] [reference samples] [verbose]
//     designs: each of a random network, ranges, objective and limits; samples: of each re-search; reference samples:
//     of a second, longer re-search that the first is held against, 0 for none
// docs/RESULTS.md, "Explain", has the table.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "common/base/random.h"
#include "server/search/sensitivity.h"
#include "server/search/spec_validation.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// Half shipped networks on `gemmini`, half random accelerators and layers; a budget in which some designs are done and
// some are not.
SearchSpec RandomDesignCase(Random& random) {
  SearchSpec spec;
  if (random.Below(2) == 0) {
    const std::vector<std::string> networks = {"resnet50", "bert", "unet", "retinanet", "alexnet", "vgg16"};
    spec = ShippedSpec(networks[random.Below(networks.size())]);
    if (random.Below(3) == 0) {
      const double pe_dim = std::exp2(3.0 + static_cast<double>(random.Below(5)));
      spec.hardware_range[0] = {pe_dim, pe_dim};
    }
    if (random.Below(2) == 0) {
      spec.limits = {{Quantity::kAreaMm2, std::exp2(static_cast<double>(random.Below(5)) - 1)}};
      if (spec.hardware_range[0].min == spec.hardware_range[0].max) spec.hardware_range[0] = {2, 128};
    }
  } else {
    spec = RandomSearchCase(random);
  }
  switch (random.Below(4)) {
    case 0:
      spec.objective = *MetricProduct::Parse("energy");
      break;
    case 1:
      spec.objective = *MetricProduct::Parse("energy*latency^2");
      break;
    default:
      break;
  }
  spec.seed = random.Next();
  spec.starts = 2;
  spec.samples_per_start = 300 + static_cast<std::int64_t>(random.Below(1200));
  return spec;
}

struct Tally {
  int pairs = 0;
  int signs = 0;
  int sizes = 0;
  int none = 0;

  // Both below the resolution: no change, and right. Otherwise the sign as it is, and the size within a quarter.
  void Add(double predicted, double searched) {
    ++pairs;
    if (std::max(std::abs(predicted), std::abs(searched)) < kSensitivityResolution) {
      ++none;
      ++signs;
      ++sizes;
      return;
    }
    signs += predicted * searched > 0;
    sizes += std::abs(predicted - searched) <= 0.25 * std::abs(searched);
  }
  void Print(const char* what) const {
    std::printf("%-28s %4d changes (%3d none): sign right in %5.1f %%, size within 25 %% in %5.1f %%\n", what, pairs,
                none, 100.0 * signs / std::max(1, pairs), 100.0 * sizes / std::max(1, pairs));
  }
};

int Run(int argc, char** argv) {
  const int designs = argc > 1 ? std::atoi(argv[1]) : 100;
  SensitivityOptions options;
  if (argc > 2) options.samples = std::atoll(argv[2]);
  const int first = argc > 3 ? std::atoi(argv[3]) : 0;
  SensitivityOptions longer;
  longer.samples = argc > 4 ? std::atoll(argv[4]) : 0;
  const bool verbose = argc > 5;
  Tally parameters;
  Tally slopes;
  Tally limits;
  Tally reference;
  double seconds = 0;
  double samples = 0;
  int done = 0;
  for (int i = first; done < designs; ++i) {
    Random random(MixSeed(77, static_cast<std::uint64_t>(i)));
    const SearchSpec spec = RandomDesignCase(random);
    if (!ValidateSearchSpec(spec).ok()) continue;
    const Found found = BestOf(spec);
    if (found.mappings.empty()) continue;
    ++done;
    const std::clock_t begin = std::clock();
    const auto result = FindSensitivities(spec, found.hardware, found.mappings, options, [] { return false; });
    seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (!result.has_value()) continue;
    samples += static_cast<double>(result->samples);
    std::optional<Sensitivities> second;
    if (longer.samples > 0) {
      second = FindSensitivities(spec, found.hardware, found.mappings, longer, [] { return false; });
    }
    const auto say = [&](const std::string& name, double from, const SensitivityStep& step, double by_slope) {
      if (verbose) {
        std::printf("  %-16s %8g -> %8g  slope %+8.3f %%  predicted %+8.3f %%  searched %+8.3f %%\n", name.c_str(),
                    from, step.value, 100 * by_slope, 100 * step.predicted.value_or(NAN),
                    100 * step.searched.value_or(NAN));
      }
    };
    if (verbose) {
      std::printf("design %d: %s, objective %s, %zu limits, settled %+.3f %%, freely %+.3f %%\n", i,
                  spec.workload->name.c_str(), spec.objective.ToString().c_str(), spec.limits.size(),
                  100 * result->settled, 100 * result->settled_freely.value_or(NAN));
    }
    for (const ParameterSensitivity& parameter : result->parameters) {
      const std::string& name = spec.hardware_template->parameter(static_cast<int>(parameter.parameter)).name;
      const double now = found.hardware[parameter.parameter];
      for (const auto member : {&ParameterSensitivity::less, &ParameterSensitivity::more}) {
        const std::optional<SensitivityStep>& step = parameter.*member;
        if (!step.has_value() || !step->searched.has_value()) continue;
        const double by_slope =
            std::exp2((parameter.direct_slope + parameter.room_slope) * std::log2(step->value / now)) - 1;
        say(name, now, *step, by_slope);
        parameters.Add(*step->predicted, *step->searched);
        slopes.Add(by_slope, *step->searched);
        if (second.has_value()) {
          const auto& other = second->parameters[parameter.parameter].*member;
          reference.Add(*step->searched, *other->searched);
        }
      }
    }
    for (const LimitSensitivity& limit : result->limits) {
      for (const auto member : {&LimitSensitivity::tighter, &LimitSensitivity::wider}) {
        const std::optional<SensitivityStep>& step = limit.*member;
        if (!step.has_value() || !step->searched.has_value() || !step->predicted.has_value()) continue;
        say(std::string(InfoOf(spec.limits[limit.limit].quantity).name), spec.limits[limit.limit].bound, *step, NAN);
        limits.Add(*step->predicted, *step->searched);
        if (second.has_value()) reference.Add(*step->searched, *(second->limits[limit.limit].*member)->searched);
      }
    }
    std::fflush(stdout);
  }
  std::printf("%d designs, %lld samples a re-search, %.0f samples and %.2f s of CPU time a design\n", done,
              static_cast<long long>(options.samples), samples / done, seconds / done);
  parameters.Print("parameters, predicted");
  slopes.Print("parameters, by slope alone");
  limits.Print("limits, predicted");
  if (longer.samples > 0) reference.Print("searched, against longer");
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) { return oneloop::Run(argc, argv); }
