#ifndef ONELOOP_SERVER_SEARCH_EVALUATOR_H_
#define ONELOOP_SERVER_SEARCH_EVALUATOR_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/goal/goal.h"
#include "common/model/goal/workload_sum.h"
#include "server/search/front_archive.h"
#include "server/search/point_sink.h"
#include "server/search/search_spec.h"

namespace oneloop {

// The one place where a start asks the cost model, counts what it asked and reports what it found. A sample is one
// evaluation of the whole workload; one layer alone is 1/layers of it. Used by one thread.
class Evaluator {
 public:
  // All must outlive the evaluator.
  Evaluator(const SearchSpec& spec, const CostModel& model, PointSink& sink);

  // A start may be a sequence of stages, each with a goal and a part of the samples of its own; one that begins none
  // is a single stage with the spec's. From here on `goal` is what the search goes by, while scores stay the spec's,
  // and the budget is so many evaluations of one layer, as far as the start still has them. Designs hold the merit of
  // the stage in which they were made.
  void BeginStage(const Goal& goal, std::int64_t layer_evaluations);
  // Of the whole start, in evaluations of one layer.
  std::int64_t start_left() const { return start_budget_ - layer_evaluations_; }

  const SearchSpec& spec() const { return spec_; }
  const CostModel& model() const { return model_; }
  int num_layers() const { return num_layers_; }
  const LayerShape& shape(int layer) const;
  double count(int layer) const;
  std::size_t network(int layer) const;
  // How figures of layers add up.
  const WorkloadSum& sum() const { return sum_; }

  // The exact model on one layer, with the predicted latency if the spec has a predictor; counts 1/layers of a sample.
  LayerUse EvaluateLayer(int layer, const Mapping& mapping);
  // Counts evaluations of the whole workload made elsewhere: steps of the descent, re-scoring on other hardware.
  void CountWorkloads(int evaluations) { layer_evaluations_ += std::int64_t{evaluations} * num_layers_; }
  // Counts re-scoring of one layer on other hardware.
  void CountLayer() { ++layer_evaluations_; }

  // Samples used, the one under way included.
  std::int64_t samples() const { return (layer_evaluations_ + num_layers_ - 1) / num_layers_; }
  // What is left of the stage's budget, in evaluations of one layer.
  std::int64_t layer_evaluations_left() const { return stage_end_ - layer_evaluations_; }
  std::int64_t budget() const { return stage_end_ - stage_begin_; }
  // Whether the budget still holds so many evaluations of the whole workload.
  bool Affords(int workloads) const { return layer_evaluations_left() >= std::int64_t{workloads} * num_layers_; }
  // The budget is used up, the best score is good enough or the caller wants the start to end.
  bool Finished();
  bool stopped() const { return stopped_; }
  bool stop_score_reached() const { return best_score_ <= stop_score_; }
  // Asks the caller at once; for long work between evaluations.
  bool Interrupted();

  // The stage's.
  const Goal& goal() const { return stage_goal_; }
  double Merit(const WorkloadMetrics& metrics) const { return stage_goal_.Merit(metrics); }
  // Exponents of a layer's energy and latency in what the search minimises.
  const ObjectiveWeights& weights() const { return stage_goal_.objective().layer_weights(); }
  // ∂(log2 of the objective)/∂energy and ∂latency of a layer alone at these figures, up to a common factor.
  ObjectiveWeights SlopesAt(const LayerFigures& figures) const {
    return {figures.energy_uj > 0 ? weights().energy / figures.energy_uj : 0,
            figures.latency_cycles > 0 ? weights().latency / figures.latency_cycles : 0};
  }

  // Has every design that is reported and keeps the spec's limits added to it; null for none. It is the
  // caller's.
  void set_archive(FrontArchive* archive) { archive_ = archive; }
  // Reports a design that the search goes on without, if it is kept by the archive.
  void Offer(SearchPointOrigin origin, const WorkloadMetrics& metrics, const HardwarePoint& hardware,
             const std::vector<Mapping>& mappings);

  // `mappings` is null for a step of the descent. Does nothing once the start is stopped.
  void Report(SearchPointOrigin origin, const WorkloadMetrics& metrics, const HardwarePoint& hardware,
              const std::vector<Mapping>* mappings);
  std::int64_t points() const { return points_; }
  double best_score() const { return best_score_; }

 private:
  const SearchSpec& spec_;
  const CostModel& model_;
  PointSink& sink_;
  const int num_layers_;
  const std::int64_t start_budget_;
  const double stop_score_;
  const Goal goal_;
  Goal stage_goal_;
  std::int64_t stage_begin_ = 0;
  std::int64_t stage_end_;
  FrontArchive* archive_ = nullptr;
  const WorkloadSum sum_;
  std::int64_t layer_evaluations_ = 0;
  std::int64_t next_stop_check_ = 0;
  bool stopped_ = false;
  std::int64_t points_ = 0;
  double best_score_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_EVALUATOR_H_
