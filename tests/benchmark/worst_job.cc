// The worst jobs that the limits admit: what a single evaluation, a start of each algorithm and the proof take, and how
// long they go on after they are told to stop. The promise is 200 ms.
//   worst_job [layers]...    default: the most that validation admits of 1, 64, 512 and 4096
// Layers have bounds with the most divisors, or primes, or strides that make windows coincide; the template has the
// most levels, axes and parameters, every axis and level open to every dimension.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "server/search/null_sink.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "server/search/search_memory.h"
#include "server/search/spec_validation.h"

namespace oneloop {
namespace {

std::shared_ptr<const Template> WorstTemplate() {
  TemplateSpec spec;
  spec.name = "worst";
  std::vector<std::string> names;
  for (int p = 0; p < kMaxParameters; ++p) {
    ParameterSpec parameter;
    parameter.name = absl::StrCat("p", p);
    parameter.max = parameter.start_max = 1e9;
    names.push_back(parameter.name);
    spec.parameters.push_back(parameter);
  }
  for (int l = 0; l < kMaxLevels; ++l) {
    LevelSpec level;
    level.name = absl::StrCat("level", l);
    level.keeps = {Tensor::kW, Tensor::kI, Tensor::kO};
    level.spatial.push_back({"X", kEveryDim, *Formula::Parse(names[static_cast<std::size_t>(l)], names)});
    if (l + 1 < kMaxLevels) {
      level.capacity_bytes =
          *Formula::Parse(names[static_cast<std::size_t>(kMaxLevels) + static_cast<std::size_t>(l)], names);
    }
    level.energy_pj = Formula::Constant(1 + l, kMaxParameters);
    level.words_per_cycle = Formula::Constant(4, kMaxParameters);
    spec.levels.push_back(level);
  }
  spec.mac_energy_pj = Formula::Constant(1, kMaxParameters);
  return *Template::Create(std::move(spec));
}

std::shared_ptr<const Workload> WorstWorkload(int layers) {
  auto workload = std::make_shared<Workload>();
  workload->name = "worst";
  const std::vector<std::array<std::int64_t, kNumDims>> kinds = {
      // R S P Q C K N G; bounds with 1,536, 160 and 12 divisors.
      {6, 6, 2095133040, 2520, 2, 2, 2, 1},
      {3, 1, 2147483647, 1, 1048573, 1, 1, 1},
      {64, 64, 5040, 5040, 720, 720, 2, 1},
      {55440, 12, 55440, 12, 12, 12, 2, 2},
  };
  for (int i = 0; i < layers; ++i) {
    Layer layer{absl::StrCat("layer", i), 1, {}};
    layer.shape.bounds = kinds[static_cast<std::size_t>(i) % kinds.size()];
    layer.shape.w_stride = 1 + i / 4 % 3;
    layer.shape.h_dilation = 1 + i / 12 % 64;
    if (!ValidateShape(layer.shape).ok()) std::abort();
    workload->layers.push_back(layer);
  }
  return workload;
}

double ResidentMib() {
  std::ifstream statm("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * 4096 / (1 << 20);
}

// Asks `work` to stop at several moments; prints the longest it went on, and the most memory seen.
void MeasureStops(const std::string& name, const std::function<void(const std::atomic<bool>&)>& work) {
  double longest_ms = 0;
  double most_mib = 0;
  for (const double moment_s : {0.02, 0.1, 0.3, 0.7, 1.5, 3.0, 6.0}) {
    std::atomic<bool> stop = false;
    absl::Time end;
    std::thread worker([&] {
      work(stop);
      end = absl::Now();
    });
    const absl::Time until = absl::Now() + absl::Seconds(moment_s);
    while (absl::Now() < until) {
      absl::SleepFor(absl::Milliseconds(10));
      most_mib = std::max(most_mib, ResidentMib());
    }
    const absl::Time asked = absl::Now();
    stop = true;
    worker.join();
    longest_ms = std::max(longest_ms, absl::ToDoubleMilliseconds(end - asked));
  }
  std::printf("  %-10s stopped within %.1f ms, %.0f MiB resident\n", name.c_str(), longest_ms, most_mib);
  std::fflush(stdout);
}

void MeasureEvaluations(const SearchSpec& spec) {
  const CostModel model(spec.hardware_template);
  Random random(1);
  double longest_us = 0;
  double total_us = 0;
  int count = 0;
  for (const Layer& layer : spec.workload->layers) {
    for (int i = 0; i < 200 && count < 20000; ++i, ++count) {
      const Mapping mapping = RandomMapping(*spec.hardware_template, layer.shape, random);
      const absl::Time begin = absl::Now();
      if (!(model.Use(layer.shape, mapping).macs > 0)) std::abort();
      const double us = absl::ToDoubleMicroseconds(absl::Now() - begin);
      longest_us = std::max(longest_us, us);
      total_us += us;
    }
  }
  std::printf("  one evaluation: mean %.2f us, longest %.0f us\n", total_us / count, longest_us);
}

void Run(int layers) {
  std::printf("%d layers\n", layers);
  for (const auto& [name, algorithm] :
       {std::pair{"gradient", Algorithm::kGradient}, std::pair{"random", Algorithm::kRandom},
        std::pair{"bayesian", Algorithm::kBayesian}, std::pair{"tiling", Algorithm::kDefaultTiling}}) {
    SearchSpec spec;
    spec.workload = WorstWorkload(layers);
    spec.hardware_template = WorstTemplate();
    spec.algorithm = algorithm;
    spec.order_strategy = OrderStrategy::kSoftmax;
    const bool fixed = algorithm == Algorithm::kDefaultTiling;
    for (const ParameterSpec& parameter : spec.hardware_template->spec().parameters) {
      spec.hardware_range.push_back({fixed ? parameter.max : parameter.min, parameter.max});
    }
    const absl::Time begin = absl::Now();
    const absl::Status valid = ValidateSearchSpec(spec);
    std::printf("  %-10s about %lld MiB expected, checked in %.1f ms: %s\n", name,
                static_cast<long long>(EstimateSearchBytes(spec) >> 20),
                absl::ToDoubleMilliseconds(absl::Now() - begin),
                valid.ok() ? "admitted" : std::string(valid.message()).c_str());
    if (!valid.ok()) continue;
    if (algorithm == Algorithm::kGradient) {
      MeasureEvaluations(spec);
      MeasureStops("proof",
                   [&](const std::atomic<bool>& stop) { ProveSearchBound(spec, [&stop] { return stop.load(); }); });
    }
    MeasureStops(name, [&](const std::atomic<bool>& stop) {
      NullSink sink([&stop] { return stop.load(); });
      RunStart(spec, 0, sink);
    });
  }
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  std::vector<int> layers;
  for (int i = 1; i < argc; ++i) layers.push_back(std::atoi(argv[i]));
  if (layers.empty()) layers = {1, 64, 512, 4096};
  for (const int count : layers) oneloop::Run(std::clamp(count, 1, oneloop::kMaxLayers));
  return 0;
}
