#include "server/search/distinct_layers.h"

#include <memory>
#include <utility>

namespace oneloop {

DistinctLayers::DistinctLayers(const SearchSpec& spec, PointSink& sink)
    : given_(spec), sink_(sink), merged_(spec), distinct_(MergeEqualShapes(*spec.workload)) {
  merged_.workload = std::make_shared<const Workload>(distinct_.workload);
}

void DistinctLayers::OnPoint(const SearchPoint& point) {
  if (point.mappings == nullptr || !merges()) {
    sink_.OnPoint(point);
    return;
  }
  mappings_.clear();
  for (const std::size_t layer : distinct_.layers) mappings_.push_back((*point.mappings)[layer]);
  sink_.OnPoint({point.sample, point.origin, point.metrics, point.score, point.hardware, &mappings_});
}

}  // namespace oneloop
