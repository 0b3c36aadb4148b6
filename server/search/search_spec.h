#ifndef ONELOOP_SERVER_SEARCH_SEARCH_SPEC_H_
#define ONELOOP_SERVER_SEARCH_SEARCH_SPEC_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/front/front_space.h"
#include "common/hardware/template.h"
#include "common/model/goal/goal.h"
#include "common/model/goal/metrics.h"
#include "common/model/latency/latency_predictor.h"
#include "common/workload/workload.h"

namespace oneloop {

enum class Algorithm { kGradient, kRandom, kBayesian, kDefaultTiling };
enum class OrderStrategy { kFixed, kIterate, kSoftmax };
// What the descent moves: log2 of the factors, or the factors.
enum class Parametrization { kLog, kRaw };

// Everything that a start's result depends on, beside its index. Immutable once built; shared by all threads.
struct SearchSpec {
  std::shared_ptr<const Workload> workload;  // shared: jobs outlive neither, and many threads read it
  std::shared_ptr<const Template> hardware_template;
  // Of a model of the same template: its cycles stand in the place of the analytical latency. Null for none.
  std::shared_ptr<const LatencyPredictor> latency;
  MetricProduct objective = MetricProduct::Edp();
  Combination combination;  // of the objectives of the workload's networks
  // For a search for the front over these figures. The objective, which is the score of a point, is their product then.
  std::optional<FrontSpace> front;
  Algorithm algorithm = Algorithm::kGradient;
  OrderStrategy order_strategy = OrderStrategy::kIterate;
  int starts = 7;
  std::int64_t samples_per_start = 1490;
  std::uint64_t seed = 0;
  std::vector<ParameterRange> hardware_range;  // by parameter index
  std::vector<MetricLimit> limits;             // hard; at most one of a quantity
  int round_period = 100;
  double learning_rate = 0.5;  // of Adam, in what the descent moves
  double descent_share = 0.3;  // of the samples, for the descent with its roundings; the rest is for polish
  Parametrization parametrization = Parametrization::kLog;
  std::optional<double> stop_score;  // a start ends once its best score is this or less
};

// Of the front's metrics: what the points of a search for it are scored by.
MetricProduct ProductOf(const FrontSpace& front);

// The spec's objective and limits on its template.
Goal GoalOf(const SearchSpec& spec);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SEARCH_SPEC_H_
