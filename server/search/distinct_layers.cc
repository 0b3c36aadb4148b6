#include "server/search/distinct_layers.h"

#include <memory>
#include <utility>

namespace oneloop {

DistinctLayers::DistinctLayers(const SearchSpec& spec, PointSink& sink) : sink_(sink), merged_(spec) {
  DistinctShapes distinct = MergeEqualShapes(*spec.workload);
  if (distinct.workload.layers.size() == spec.workload->layers.size()) return;
  distinct_ = std::move(distinct.layers);
  merged_.workload = std::make_shared<const Workload>(std::move(distinct.workload));
}

void DistinctLayers::OnPoint(const SearchPoint& point) {
  if (point.mappings == nullptr || distinct_.empty()) {
    sink_.OnPoint(point);
    return;
  }
  mappings_.clear();
  for (const std::size_t layer : distinct_) mappings_.push_back((*point.mappings)[layer]);
  sink_.OnPoint({point.sample, point.origin, point.metrics, point.score, point.hardware, &mappings_});
}

}  // namespace oneloop
