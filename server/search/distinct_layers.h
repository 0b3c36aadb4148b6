#ifndef ONELOOP_SERVER_SEARCH_DISTINCT_LAYERS_H_
#define ONELOOP_SERVER_SEARCH_DISTINCT_LAYERS_H_

#include <cstddef>
#include <vector>

#include "server/search/point_sink.h"
#include "server/search/search_spec.h"

namespace oneloop {

// Layers of one shape are one layer to a search, whatever the workload calls them: it searches the workload with each
// shape once, and what it finds is passed on with all layers in their order. Used by one thread.
class DistinctLayers : public PointSink {
 public:
  // The sink must outlive this.
  DistinctLayers(const SearchSpec& spec, PointSink& sink);

  // The job to search in the place of `spec`, and to be reported to this. Counts of layers are sums.
  const SearchSpec& spec() const { return merged_; }

  void OnPoint(const SearchPoint& point) override;
  bool StopRequested() override { return sink_.StopRequested(); }

 private:
  PointSink& sink_;
  SearchSpec merged_;
  std::vector<std::size_t> distinct_;  // as DistinctShapes::layers; empty when there is nothing to merge
  std::vector<Mapping> mappings_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_DISTINCT_LAYERS_H_
