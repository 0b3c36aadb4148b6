#include "server/jobs/end_message.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/search/search_bound.h"

namespace oneloop {

namespace {

// With three digits.
std::string Percent(double share) { return absl::StrFormat("%.3g", 100 * std::max(share, 0.0)); }

}  // namespace

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
  const std::optional<double> gap = record->bound ? GapOf(best->point.score, record->bound->objective) : std::nullopt;
  if (!gap) return "";
  return absl::StrCat("converged: start ", best->start, " found the best design at its sample ", best->point.sample,
                      " of ", samples, ", and none found a better one; it is ", Percent(*gap),
                      " % above the proven lower bound");
}

std::string WithRemark(const std::string& message, const StartRemarks& remarks) {
  if (remarks.count == 0) return message;
  const std::string remark = absl::StrCat(remarks.count == 1 ? "1 start" : absl::StrCat(remarks.count, " starts"),
                                          " did not run as planned, start ", remarks.start, " for one: ", remarks.text);
  return message.empty() ? remark : absl::StrCat(message, "; ", remark);
}

}  // namespace oneloop
