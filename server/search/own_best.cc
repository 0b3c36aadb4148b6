#include "server/search/own_best.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "server/search/best_sink.h"
#include "server/search/run_start.h"

namespace oneloop {
namespace {

double BestOf(const SearchSpec& alone, const std::function<bool()>& stop_requested, bool* stopped) {
  BestSink best(stop_requested);
  for (int start = 0; start < alone.starts && !*stopped; ++start) {
    *stopped = RunStart(alone, start, best).termination == StartSummary::Termination::kStopped;
  }
  return best.best().score;
}

}  // namespace

SearchSpec AloneSpec(const SearchSpec& spec, std::size_t network) {
  SearchSpec alone = spec;
  Workload workload{spec.workload->networks[network].name, "", {}};
  for (Layer layer : spec.workload->layers) {
    if (static_cast<std::size_t>(layer.network) != network) continue;
    layer.network = 0;
    workload.layers.push_back(std::move(layer));
  }
  alone.workload = std::make_shared<const Workload>(std::move(workload));
  alone.limits.clear();
  for (MetricLimit limit : spec.limits) {
    const bool is_own = limit.network == static_cast<int>(network);
    const bool is_of_chip = limit.network == MetricLimit::kWholeWorkload && limit.quantity == Quantity::kAreaMm2;
    if (!is_own && !is_of_chip) continue;
    limit.network = MetricLimit::kWholeWorkload;
    alone.limits.push_back(limit);
  }
  alone.combination = {};
  alone.front.reset();  // its product is what the price of sharing is told of
  alone.starts = std::min(spec.starts, kMostOwnBestStarts);
  alone.stop_score = std::nullopt;
  return alone;
}

std::optional<std::vector<double>> FindOwnBests(const SearchSpec& spec, const std::function<bool()>& stop_requested) {
  std::vector<double> bests;
  bool stopped = false;
  for (std::size_t n = 0; n < spec.workload->networks.size() && !stopped; ++n) {
    bests.push_back(BestOf(AloneSpec(spec, n), stop_requested, &stopped));
  }
  if (stopped) return std::nullopt;
  return bests;
}

bool LacksReferences(const SearchSpec& spec) {
  const std::vector<double>& references = spec.combination.references;
  return spec.combination.kind == Combination::Kind::kWorstRatio &&
         std::any_of(references.begin(), references.end(), [](double reference) { return !(reference > 0); });
}

std::shared_ptr<const SearchSpec> WithReferences(std::shared_ptr<const SearchSpec> spec,
                                                 const std::vector<double>& own_bests) {
  if (!LacksReferences(*spec) || own_bests.empty()) return spec;
  auto filled = std::make_shared<SearchSpec>(*spec);
  std::vector<double>& references = filled->combination.references;
  for (std::size_t n = 0; n < references.size() && n < own_bests.size(); ++n) {
    if (!(references[n] > 0) && std::isfinite(own_bests[n])) references[n] = own_bests[n];
  }
  return filled;
}

}  // namespace oneloop
