#include "server/work/result_check.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/design_evaluation.h"

namespace oneloop {
namespace {

// A descent moves sizes between their bounds, up to rounding.
constexpr double kRangeSlack = 1e-6;

bool IsOrigin(PointOrigin origin) { return origin >= PointOrigin::kDescent && origin <= PointOrigin::kHeuristic; }

// Infinite for what does not fit, but never less than nothing.
absl::Status CheckFigure(std::string_view field, double value) {
  if (value >= 0) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", value, "; valid: numbers of at least 0"));
}

absl::Status CheckParameters(const SearchSpec& spec, const NewPoint& point) {
  if (point.parameters.size() != spec.hardware_range.size()) {
    return FieldError("parameters",
                      absl::StrCat("has ", point.parameters.size(), " values; valid: ", spec.hardware_range.size()));
  }
  for (std::size_t p = 0; p < point.parameters.size(); ++p) {
    const ParameterRange& range = spec.hardware_range[p];
    const double value = point.parameters[p];
    if (value >= range.min * (1 - kRangeSlack) && value <= range.max * (1 + kRangeSlack)) continue;
    return FieldError("parameters", absl::StrCat("has ", value, " for ", spec.hardware_template->parameter_names()[p],
                                                 "; valid: ", range.min, " to ", range.max));
  }
  return absl::OkStatus();
}

// Texts of mappings that were found to fit, by layer: of designs that follow each other most layers are as before.
using KnownTexts = std::vector<std::string_view>;

absl::Status CheckDesign(const SearchSpec& spec, const NewPoint& point, KnownTexts* known) {
  if (point.origin == PointOrigin::kDescent) {
    return point.design.empty() ? absl::OkStatus()
                                : FieldError("design", "is of a step of the descent, which has none");
  }
  std::string_view rest = point.design;
  for (std::size_t l = 0; l < known->size(); ++l) {
    const std::size_t end = rest.find('\n');
    const bool is_last = l + 1 == known->size();
    if ((end == std::string_view::npos) != is_last) {
      return FieldError("design", absl::StrCat("has not a line for each of the ", known->size(), " layers"));
    }
    const std::string_view text = rest.substr(0, end);
    if (text != (*known)[l] || text.empty()) {
      const absl::StatusOr<Mapping> mapping =
          ParseMapping(*spec.hardware_template, spec.workload->layers[l].shape, text);
      const auto field = [l] { return absl::StrCat("design[", l, "]"); };
      if (!mapping.ok()) return PrefixField(field(), mapping.status());
      // No other text says more, and it could be of any length.
      if (FormatMapping(*spec.hardware_template, *mapping) != text) {
        return FieldError(field(), "is not written as workers write it");
      }
      (*known)[l] = text;
    }
    if (!is_last) rest.remove_prefix(end + 1);
  }
  return absl::OkStatus();
}

absl::Status CheckPoint(const SearchSpec& spec, const NewPoint& point, KnownTexts* known) {
  if (!IsOrigin(point.origin)) {
    return FieldError("origin", absl::StrCat("is ", static_cast<int>(point.origin), "; valid: 1 to 6"));
  }
  RETURN_IF_ERROR(CheckFigure("energy_uj", point.energy_uj));
  RETURN_IF_ERROR(CheckFigure("latency_cycles", point.latency_cycles));
  RETURN_IF_ERROR(CheckFigure("area_mm2", point.area_mm2));
  RETURN_IF_ERROR(CheckFigure("score", point.score));
  if (point.origin == PointOrigin::kDescent && std::isfinite(point.score)) {
    return FieldError("score", "is finite for a step of the descent, which is not exact");
  }
  RETURN_IF_ERROR(CheckParameters(spec, point));
  if (point.origin != PointOrigin::kDescent) {
    RETURN_IF_ERROR(spec.hardware_template->ValidateHardware({point.parameters.begin(), point.parameters.end()}));
  }
  return CheckDesign(spec, point, known);
}

// Of a start that has used so many samples, sequences are below this: an evaluation of one layer makes a point at most,
// and one that was used up early makes another.
std::int64_t MostPoints(const SearchSpec& spec, std::int64_t samples) {
  return 2 * (samples + 1) * (std::ssize(spec.workload->layers) + 1);
}

std::string PlaceOf(const PointBatch& batch, const NewPoint& point) {
  return absl::StrCat("points[", &point - batch.points.data(), "]");
}

absl::Status CheckEqual(std::string_view field, double reported, double computed) {
  if (reported == computed) return absl::OkStatus();
  return FieldError(field, absl::StrFormat("is %.17g, and the model gives %.17g", reported, computed));
}

// The references of a worst ratio may have come after the lease was granted.
bool TellsScores(const SearchSpec& spec) { return spec.combination.kind != Combination::Kind::kWorstRatio; }

absl::Status CheckFigures(const SearchSpec& spec, const Goal& goal, const CostModel& model, const NewPoint& point) {
  ASSIGN_OR_RETURN(const DesignEvaluation design, EvaluateDesign(spec, model, point.parameters, point.design));
  RETURN_IF_ERROR(CheckEqual("energy_uj", point.energy_uj, design.metrics.energy_uj));
  RETURN_IF_ERROR(CheckEqual("latency_cycles", point.latency_cycles, design.metrics.latency_cycles));
  RETURN_IF_ERROR(CheckEqual("area_mm2", point.area_mm2, design.metrics.area_mm2));
  return TellsScores(spec) ? CheckEqual("score", point.score, goal.Score(design.metrics)) : absl::OkStatus();
}

}  // namespace

absl::Status CheckBatch(const SearchSpec& spec, const PointBatch& batch) {
  if (batch.start < 0 || batch.start >= spec.starts) {
    return FieldError("lease.unit", "is no start of the job, and finds no points");
  }
  if (batch.samples_done < 0 || batch.samples_done > spec.samples_per_start) {
    return FieldError("samples_done",
                      absl::StrCat("is ", batch.samples_done, "; valid: 0 to ", spec.samples_per_start));
  }
  if (batch.within_stop_gap && !(batch.start_done && spec.stop_score)) {
    return FieldError("within_stop_gap", "is of the end of a start of a job with a stop gap alone");
  }
  KnownTexts known(spec.workload->layers.size());
  std::int64_t last_sample = 0;
  for (const NewPoint& point : batch.points) {
    const auto in_points = [&](const absl::Status& status) { return PrefixField(PlaceOf(batch, point), status); };
    if (point.sample < last_sample || point.sample > batch.samples_done) {
      return in_points(FieldError(
          "sample", absl::StrCat("is ", point.sample, "; valid: ", last_sample, " to ", batch.samples_done)));
    }
    const std::int64_t most = MostPoints(spec, point.sample);
    if (point.sequence < 0 || point.sequence >= most) {
      return in_points(FieldError("sequence", absl::StrCat("is ", point.sequence, "; valid: 0 to ", most - 1,
                                                           " for a point of sample ", point.sample)));
    }
    last_sample = point.sample;
    if (const absl::Status valid = CheckPoint(spec, point, &known); !valid.ok()) return in_points(valid);
  }
  return absl::OkStatus();
}

absl::Status CheckBest(const SearchSpec& spec, const PointBatch& batch) {
  // No point that lies about its figures can dominate all that are computed anew. Of one network the score follows from
  // the figures, so that the least score stands for energy and latency.
  using Figure = double NewPoint::*;
  std::vector<Figure> figures = {&NewPoint::score, &NewPoint::area_mm2};
  const bool is_one = spec.workload->networks.empty() && TellsScores(spec);
  if (!is_one) figures.insert(figures.end(), {&NewPoint::energy_uj, &NewPoint::latency_cycles});
  std::vector<const NewPoint*> least(figures.size());
  const Goal goal = GoalOf(spec);
  for (const NewPoint& point : batch.points) {
    if (!std::isfinite(point.score)) continue;
    if (is_one) {
      const double score = goal.Score({point.energy_uj, point.latency_cycles, point.area_mm2});
      if (point.score != score) return PrefixField(PlaceOf(batch, point), CheckEqual("score", point.score, score));
    }
    for (std::size_t f = 0; f < figures.size(); ++f) {
      if (least[f] == nullptr || point.*figures[f] < least[f]->*figures[f]) least[f] = &point;
    }
  }
  if (least.front() == nullptr) return absl::OkStatus();
  const CostModel model(spec.hardware_template);
  std::sort(least.begin(), least.end());
  least.erase(std::unique(least.begin(), least.end()), least.end());
  for (const NewPoint* point : least) {
    RETURN_IF_ERROR(PrefixField(PlaceOf(batch, *point), CheckFigures(spec, goal, model, *point)));
  }
  return absl::OkStatus();
}

absl::Status CheckOutcome(const SearchSpec& spec, const Lease& lease, const Outcome& outcome) {
  if (outcome.bound && lease.start != kBoundUnit) return FieldError("bound", "is of no proof");
  const bool proves_none = outcome.bound && std::isinf(outcome.bound->objective);
  if (outcome.conflict && lease.start != kDiagnosisUnit && !proves_none) {
    return FieldError("conflict", "is of no diagnosis, and of no proof that there is no design");
  }
  if (outcome.conflict && outcome.conflict->empty()) return FieldError("conflict", "says nothing");
  if (outcome.ending == Ending::kWithinStopGap && !(lease.start >= 0 && spec.stop_score)) {
    return FieldError("ending", "is WITHIN_STOP_GAP of no start with a stop gap");
  }
  if (lease.start == kBoundUnit && outcome.ending == Ending::kDone && !outcome.bound) {
    return FieldError("bound", "is missing");
  }
  if (!outcome.bound) return absl::OkStatus();
  const JobBound& bound = *outcome.bound;
  RETURN_IF_ERROR(CheckFigure("bound.objective", bound.objective));
  RETURN_IF_ERROR(CheckFigure("bound.energy_uj", bound.energy_uj));
  RETURN_IF_ERROR(CheckFigure("bound.latency_cycles", bound.latency_cycles));
  RETURN_IF_ERROR(CheckFigure("bound.area_mm2", bound.area_mm2));
  if (bound.boxes < 0) return FieldError("bound.boxes", "is negative");
  const std::size_t networks = std::max(spec.workload->networks.size(), spec.combination.references.size());
  if (bound.own_bests.size() > networks) {
    return FieldError("bound.own_bests",
                      absl::StrCat("has ", bound.own_bests.size(), " values; valid: at most ", networks));
  }
  for (const double best : bound.own_bests) RETURN_IF_ERROR(CheckFigure("bound.own_bests", best));
  return absl::OkStatus();
}

}  // namespace oneloop
