#include "server/jobs/end_message.h"

#include "absl/strings/str_cat.h"

namespace oneloop {

std::string EndMessage(std::optional<double> stop_gap, const std::optional<StopRule>& rule) {
  if (!stop_gap.has_value() || !rule.has_value()) return "";
  const std::string goal = absl::StrCat("a design at most ", 100 * *stop_gap, " % above the proven lower bound");
  if (const std::optional<int> start = rule->first_within()) {
    return absl::StrCat("ended early: start ", *start, " found ", goal);
  }
  return absl::StrCat("all samples were used without finding ", goal);
}

std::string ConvergenceMessage(RunStore& store, std::int64_t job_id) {
  const absl::StatusOr<JobRecord> record = store.GetJob(job_id);
  if (!record.ok() || !record->best_point.has_value()) return "";
  const absl::StatusOr<PointRecord> best = store.GetPoint(job_id, *record->best_point);
  if (!best.ok()) return "";
  const std::int64_t samples = record->job.samples_total / record->job.num_starts;
  if (2 * best->point.sample > samples) return "";
  return absl::StrCat("converged: start ", best->start, " found the best design at its sample ", best->point.sample,
                      " of ", samples, ", and none found a better one");
}

}  // namespace oneloop
