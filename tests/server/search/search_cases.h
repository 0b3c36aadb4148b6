#ifndef ONELOOP_TESTS_SERVER_SEARCH_SEARCH_CASES_H_
#define ONELOOP_TESTS_SERVER_SEARCH_SEARCH_CASES_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/search/point_sink.h"
#include "server/search/search_spec.h"
#include "tests/testing/shipped.h"

namespace oneloop {

// A job on the whole range of a template.
inline SearchSpec SpecFor(Workload workload, std::shared_ptr<const Template> hardware_template) {
  SearchSpec spec;
  spec.workload = std::make_shared<const Workload>(std::move(workload));
  spec.hardware_template = std::move(hardware_template);
  for (int p = 0; p < spec.hardware_template->num_parameters(); ++p) {
    const ParameterSpec& parameter = spec.hardware_template->parameter(p);
    spec.hardware_range.push_back({parameter.min, parameter.max});
  }
  return spec;
}

// Shipped workloads as the networks of one, with these weights.
inline Workload JoinShipped(const std::vector<Network>& networks) {
  Workload joined;
  joined.name = "joined";
  for (const Network& network : networks) {
    for (Layer layer : ShippedWorkload(network.name).layers) {
      layer.network = static_cast<int>(joined.networks.size());
      joined.layers.push_back(std::move(layer));
    }
    joined.networks.push_back(network);
  }
  return joined;
}

inline SearchSpec ShippedSpec(const std::string& workload) {
  return SpecFor(ShippedWorkload(workload), ShippedTemplate("gemmini"));
}

// Keeps what a start reports.
class RecordingSink : public PointSink {
 public:
  struct Point {
    std::int64_t sample;
    SearchPointOrigin origin;
    WorkloadMetrics metrics;
    double score;
    HardwarePoint hardware;
    std::vector<Mapping> mappings;

    bool operator==(const Point& other) const {
      return sample == other.sample && origin == other.origin && metrics.energy_uj == other.metrics.energy_uj &&
             metrics.latency_cycles == other.metrics.latency_cycles && metrics.area_mm2 == other.metrics.area_mm2 &&
             score == other.score && hardware == other.hardware && mappings == other.mappings;
    }
  };

  void OnPoint(const SearchPoint& point) override {
    points.push_back({point.sample, point.origin, point.metrics, point.score, point.hardware,
                      point.mappings == nullptr ? std::vector<Mapping>() : *point.mappings});
    if (stop_after > 0 && static_cast<int>(points.size()) >= stop_after) stop = true;
  }
  bool StopRequested() override { return ++asked == stop_at_question || stop; }

  double best() const {
    double least = std::numeric_limits<double>::infinity();
    for (const Point& point : points) least = point.score < least ? point.score : least;
    return least;
  }

  std::vector<Point> points;
  int stop_after = 0;        // points
  int stop_at_question = 0;  // whether to stop
  int asked = 0;
  bool stop = false;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_SEARCH_SEARCH_CASES_H_
