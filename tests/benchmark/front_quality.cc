// How much whole jobs' fronts over energy, latency and area dominate, without daemon or store:
//   front_quality [samples per start] [starts] [seeds] [workload]...
// Compares a search for the front with one for the EDP and with EDP jobs under limits on the area, as many as the
// others have starts and one start each: all have equal samples. Volumes are in log2, from the worst on all fronts of a
// seed together and a tenth more; those of the low half count only what is below the geometric middle of the areas
// there.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "common/front/front_space.h"
#include "server/search/run_start.h"
#include "tests/server/search/search_cases.h"

namespace oneloop {
namespace {

class FrontSink : public PointSink {
 public:
  void OnPoint(const SearchPoint& point) override {
    if (!std::isfinite(point.score)) return;
    designs_.push_back({point.metrics.energy_uj, point.metrics.latency_cycles, point.metrics.area_mm2});
  }
  bool StopRequested() override { return false; }
  Front front() const { return Front(designs_); }

 private:
  std::vector<FrontPoint> designs_;
};

Front FrontOfJobs(const std::vector<SearchSpec>& specs) {
  FrontSink sink;
  for (const SearchSpec& spec : specs) {
    for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
  }
  return sink.front();
}

// Limits that are evenly spaced in log2.
std::vector<SearchSpec> Limited(const SearchSpec& spec, double least, double most) {
  std::vector<SearchSpec> specs;
  for (int i = 0; i < spec.starts; ++i) {
    SearchSpec limited = spec;
    limited.starts = 1;
    limited.seed = spec.seed * static_cast<std::uint64_t>(spec.starts) + static_cast<std::uint64_t>(i);
    limited.limits = {{Quantity::kAreaMm2, least * std::pow(most / least, i / std::max(1.0, spec.starts - 1.0))}};
    specs.push_back(std::move(limited));
  }
  return specs;
}

SearchSpec ForFront(SearchSpec spec) {
  spec.front.emplace();
  spec.objective = ProductOf(*spec.front);
  return spec;
}

double LeastEdpWithin(const Front& front, double area_mm2) {
  double least = std::numeric_limits<double>::infinity();
  for (const FrontPoint& point : front.points()) {
    if (point[kAreaFigure] <= area_mm2) least = std::min(least, point[kEnergyFigure] * point[kLatencyFigure]);
  }
  return least;
}

struct Volumes {
  double whole = 0;
  double low = 0;
};

// At which designs are compared one by one, too.
constexpr double kAreas[] = {0.25, 0.5, 1, 2, 4, 8, 16};

// Adds the front's least EDP within each area, as a multiple of the limited jobs', to `edps`.
std::vector<Volumes> RunSeed(const SearchSpec& spec, double* seconds, std::vector<double>* edps) {
  std::vector<Front> fronts;
  const std::clock_t begin = std::clock();
  fronts.push_back(FrontOfJobs({ForFront(spec)}));
  *seconds += static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  fronts.push_back(FrontOfJobs({spec}));
  // What an architect would ask for, and what covers the fronts that were found: known only afterwards.
  fronts.push_back(FrontOfJobs(Limited(spec, 0.25, 16)));
  fronts.push_back(FrontOfJobs(Limited(spec, 0.03, 12)));
  for (std::size_t i = 0; i < edps->size(); ++i) {
    (*edps)[i] += LeastEdpWithin(fronts[0], kAreas[i]) / LeastEdpWithin(fronts[2], kAreas[i]);
  }
  const Front joint = JointFront(fronts);
  const FrontPoint reference = ReferenceOf(joint);
  FrontPoint low = reference;
  low[kAreaFigure] = std::sqrt(joint.points().front()[kAreaFigure] * joint.points().back()[kAreaFigure]);
  std::vector<Volumes> volumes;
  volumes.reserve(fronts.size());
  for (const Front& front : fronts) volumes.push_back({LogHypervolume(front, reference), LogHypervolume(front, low)});
  return volumes;
}

void RunWorkload(const std::string& name, SearchSpec spec, int seeds) {
  constexpr const char* kNames[] = {"front", "edp", "limits 0.25 to 16 mm2", "limits 0.03 to 12 mm2"};
  std::vector<Volumes> sums(std::size(kNames));
  std::vector<Volumes> ratios(std::size(kNames));
  std::vector<Volumes> worst(std::size(kNames), {1e300, 1e300});
  std::vector<double> edps(std::size(kAreas));
  double seconds = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    spec.seed = static_cast<std::uint64_t>(seed);
    const std::vector<Volumes> volumes = RunSeed(spec, &seconds, &edps);
    for (std::size_t job = 0; job < volumes.size(); ++job) {
      sums[job].whole += volumes[job].whole / seeds;
      sums[job].low += volumes[job].low / seeds;
      const Volumes ratio = {volumes[0].whole / volumes[job].whole, volumes[0].low / volumes[job].low};
      ratios[job].whole += ratio.whole / seeds;
      ratios[job].low += ratio.low / seeds;
      worst[job] = {std::min(worst[job].whole, ratio.whole), std::min(worst[job].low, ratio.low)};
    }
  }
  for (std::size_t job = 0; job < sums.size(); ++job) {
    std::printf(
        "%-10s %-22s hypervolume %6.1f, low half %5.1f; front's is x%.3f (worst seed %.3f), low half x%.3f (%.3f)\n",
        name.c_str(), kNames[job], sums[job].whole, sums[job].low, ratios[job].whole, worst[job].whole, ratios[job].low,
        worst[job].low);
  }
  std::printf("%-10s least EDP within the area over that of the limited jobs:", name.c_str());
  for (std::size_t i = 0; i < edps.size(); ++i) std::printf(" %g mm2 %.3f", kAreas[i], edps[i] / seeds);
  std::printf("; %.2f s of CPU a front\n", seconds / seeds);
  std::fflush(stdout);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  std::vector<std::string> workloads(argv + std::min(argc, 4), argv + argc);
  if (workloads.empty()) workloads = {"bert", "resnet50", "retinanet", "unet"};
  for (const std::string& workload : workloads) {
    oneloop::SearchSpec spec = oneloop::ShippedSpec(workload);
    if (argc > 1) spec.samples_per_start = std::atoll(argv[1]);
    if (argc > 2) spec.starts = std::atoi(argv[2]);
    oneloop::RunWorkload(workload, spec, argc > 3 ? std::max(1, std::atoi(argv[3])) : 5);
  }
  return 0;
}
