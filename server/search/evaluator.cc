#include "server/search/evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Layer evaluations between two looks at whether to stop: some tens of microseconds. What else takes long asks itself.
constexpr std::int64_t kStopCheckPeriod = 16;

}  // namespace

Evaluator::Evaluator(const SearchSpec& spec, const CostModel& model, PointSink& sink)
    : spec_(spec),
      model_(model),
      sink_(sink),
      num_layers_(static_cast<int>(spec.workload->layers.size())),
      start_budget_(spec.samples_per_start * num_layers_),
      stop_score_(spec.stop_score.value_or(-kInfinity)),
      goal_(GoalOf(spec)),
      stage_goal_(goal_),
      stage_end_(start_budget_),
      sum_(*spec.workload),
      best_score_(kInfinity) {}

void Evaluator::BeginStage(const Goal& goal, std::int64_t layer_evaluations) {
  stage_goal_ = goal;
  stage_begin_ = layer_evaluations_;
  stage_end_ = std::min(start_budget_, layer_evaluations_ + layer_evaluations);
}

const LayerShape& Evaluator::shape(int layer) const {
  return spec_.workload->layers[static_cast<std::size_t>(layer)].shape;
}

double Evaluator::count(int layer) const {
  return static_cast<double>(spec_.workload->layers[static_cast<std::size_t>(layer)].count);
}

std::size_t Evaluator::network(int layer) const {
  return static_cast<std::size_t>(spec_.workload->layers[static_cast<std::size_t>(layer)].network);
}

LayerUse Evaluator::EvaluateLayer(int layer, const Mapping& mapping) {
  ++layer_evaluations_;
  LayerUse use = model_.Use(shape(layer), mapping);
  if (spec_.latency != nullptr) use.predicted_cycles = spec_.latency->Predict(shape(layer), mapping, use).cycles;
  return use;
}

bool Evaluator::Finished() {
  if (layer_evaluations_ >= next_stop_check_) {
    next_stop_check_ = layer_evaluations_ + kStopCheckPeriod;
    Interrupted();
  }
  return stopped_ || stop_score_reached() || layer_evaluations_ >= stage_end_;
}

bool Evaluator::Interrupted() {
  stopped_ = stopped_ || sink_.StopRequested();
  return stopped_;
}

void Evaluator::Report(SearchPointOrigin origin, const WorkloadMetrics& metrics, const HardwarePoint& hardware,
                       const std::vector<Mapping>* mappings) {
  // It may rest on work that the stop cut short, and the start, run again, would find another in its place.
  if (stopped_) return;
  const double score = mappings == nullptr ? kInfinity : goal_.Score(metrics);
  best_score_ = std::min(best_score_, score);
  ++points_;
  if (archive_ != nullptr && std::isfinite(score)) archive_->Add(metrics, *mappings);
  sink_.OnPoint({std::max<std::int64_t>(1, samples()), origin, metrics, score, hardware, mappings});
}

void Evaluator::Offer(SearchPointOrigin origin, const WorkloadMetrics& metrics, const HardwarePoint& hardware,
                      const std::vector<Mapping>& mappings) {
  if (archive_ == nullptr || !std::isfinite(goal_.Score(metrics)) || !archive_->Wants(metrics)) return;
  Report(origin, metrics, hardware, &mappings);
}

}  // namespace oneloop
