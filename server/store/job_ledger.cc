#include "server/store/job_ledger.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

bool IsResult(const NewPoint& point) {
  return point.origin != PointOrigin::kDescent && std::isfinite(point.score) && std::isfinite(point.energy_uj) &&
         std::isfinite(point.latency_cycles) && std::isfinite(point.area_mm2);
}

void NormalizeFigures(NewPoint& point) {
  for (double* figure : {&point.energy_uj, &point.latency_cycles, &point.area_mm2, &point.score}) {
    if (!std::isfinite(*figure)) *figure = std::numeric_limits<double>::infinity();
  }
  for (double& parameter : point.parameters) {
    if (!std::isfinite(parameter)) parameter = std::numeric_limits<double>::quiet_NaN();
  }
}

double RoundedScore(double score) {
  constexpr int kDigits = 40;
  int exponent = 0;
  const double mantissa = std::frexp(score, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(mantissa, kDigits)), exponent - kDigits);
}

bool JobLedger::Best::operator<(const Best& other) const {
  const double rounded = RoundedScore(score);
  const double other_rounded = RoundedScore(other.score);
  return std::tie(rounded, edp, area_mm2, number) < std::tie(other_rounded, other.edp, other.area_mm2, other.number);
}

JobLedger::JobLedger(int num_starts, std::size_t num_parameters)
    : num_starts_(num_starts), num_parameters_(num_parameters), starts_(static_cast<std::size_t>(num_starts)) {}

void JobLedger::RestoreStart(const StartRecord& record) {
  Start& start = starts_[static_cast<std::size_t>(record.start)];
  start.points = record.points;
  start.samples_done = record.samples_done;
  start.done = record.done;
  start.within_stop_gap = record.within_stop_gap;
  starts_done_ += start.done ? 1 : 0;
  samples_done_ += start.samples_done;
  points_ += start.points;
}

void JobLedger::RestoreImprovements(int start, std::int64_t improvements, double score) {
  starts_[static_cast<std::size_t>(start)].improvements = improvements;
  starts_[static_cast<std::size_t>(start)].best_score = score;
}

absl::Status JobLedger::Check(const PointBatch& batch) const {
  if (batch.start < 0 || batch.start >= num_starts_) {
    return FieldError("start", absl::StrCat("is ", batch.start, ", but the job has starts 0 to ", num_starts_ - 1));
  }
  if (batch.points.empty()) return absl::OkStatus();
  const std::int64_t first = batch.points.front().sequence;
  if (first < 0) return FieldError("points[0].sequence", "is negative");
  for (std::size_t i = 0; i < batch.points.size(); ++i) {
    const NewPoint& point = batch.points[i];
    if (point.sequence != first + static_cast<std::int64_t>(i)) {
      return FieldError(absl::StrCat("points[", i, "].sequence"),
                        absl::StrCat("is ", point.sequence, ", must be ", first + static_cast<std::int64_t>(i)));
    }
    if (point.parameters.size() != num_parameters_) {
      return FieldError(
          absl::StrCat("points[", i, "].parameters"),
          absl::StrCat("has ", point.parameters.size(), " values, the job has ", num_parameters_, " parameters"));
    }
  }
  const std::int64_t stored = starts_[static_cast<std::size_t>(batch.start)].points;
  if (first > stored) {
    return absl::OutOfRangeError(absl::StrCat("points ", stored, " to ", first - 1, " of start ", batch.start,
                                              " are missing; append them first"));
  }
  return absl::OkStatus();
}

std::size_t JobLedger::Add(const PointBatch& batch) {
  Start& start = starts_[static_cast<std::size_t>(batch.start)];
  std::size_t first_new = batch.points.size();
  if (!batch.points.empty()) {
    const std::int64_t known = start.points - batch.points.front().sequence;
    first_new = std::min(static_cast<std::size_t>(known), batch.points.size());
  }
  for (std::size_t i = first_new; i < batch.points.size(); ++i) {
    bytes_ += static_cast<std::int64_t>(batch.points[i].design.size());
    if (IsResult(batch.points[i])) AddResult(batch.start, batch.points[i]);
  }
  const auto added = static_cast<std::int64_t>(batch.points.size() - first_new);
  const std::int64_t samples = std::max(start.samples_done, batch.samples_done);
  const bool ends = batch.start_done && !start.done;
  if (added != 0 || samples != start.samples_done || ends) changed_starts_.insert(batch.start);
  points_ += added;
  new_points_ += added;
  samples_done_ += samples - start.samples_done;
  starts_done_ += ends ? 1 : 0;
  start.points += added;
  start.samples_done = samples;
  if (ends) start.within_stop_gap = batch.within_stop_gap;
  start.done = start.done || batch.start_done;
  return first_new;
}

void JobLedger::AddResult(int start, const NewPoint& point) {
  const std::int64_t number = Number(start, point.sequence);
  ++results_;
  AddImprovement(start, point);
  AddToGreatest(number, point);
  const Best result{number, point.score, point.energy_uj * point.latency_cycles, point.area_mm2};
  if (!best_ || result < *best_) best_ = result;
  const ParetoFront::Change change = front_.Insert({number, point.energy_uj, point.latency_cycles, point.area_mm2});
  if (change.entered) entered_front_.insert(number);
  for (const std::int64_t left : change.left) {
    if (entered_front_.erase(left) == 0) left_front_.insert(left);
  }
}

void JobLedger::AddImprovement(int index, const NewPoint& point) {
  Start& start = starts_[static_cast<std::size_t>(index)];
  if (point.score >= start.best_score) return;
  start.best_score = point.score;
  Improvement improvement;
  improvement.number = Number(index, point.sequence);
  improvement.sample = point.sample;
  improvement.energy_uj = point.energy_uj;
  improvement.latency_cycles = point.latency_cycles;
  improvement.area_mm2 = point.area_mm2;
  improvement.score = point.score;
  new_improvements_.push_back({index, start.improvements++, improvement});
}

void JobLedger::AddToGreatest(std::int64_t number, const NewPoint& point) {
  for (const Figure figure : kFigures) {
    const Greatest candidate = {number, FigureOf(figure, point)};
    const auto [known, first] = greatest_.emplace(figure, candidate);
    Greatest& greatest = known->second;
    if (!first && candidate.value < greatest.value) continue;
    if (!first && candidate.value == greatest.value && candidate.number > greatest.number) continue;
    greatest = candidate;
    new_greatest_[figure] = number;
  }
}

JobLedger::Changes JobLedger::TakeChanges() {
  Changes changes;
  changes.entered_front.assign(entered_front_.begin(), entered_front_.end());
  changes.left_front.assign(left_front_.begin(), left_front_.end());
  for (const int index : changed_starts_) {
    const Start& start = starts_[static_cast<std::size_t>(index)];
    changes.starts.push_back({index, start.done, start.points, start.samples_done, start.within_stop_gap});
  }
  changes.new_points = new_points_;
  changes.improvements = std::exchange(new_improvements_, {});
  changes.greatest = std::exchange(new_greatest_, {});
  entered_front_.clear();
  left_front_.clear();
  changed_starts_.clear();
  new_points_ = 0;
  return changes;
}

}  // namespace oneloop
