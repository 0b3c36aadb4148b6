#include "server/handlers/job_filter_parser.h"
#include "server/store/run_store.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// A filter that is read tells for every job whether it matches; no filter and its negation both do.
TEXT_FUZZER(input) {
  CheckAnswer(ParseJobOrder(input).status());
  const absl::StatusOr<JobFilter> filter = ParseJobFilter(input);
  CheckAnswer(filter.status());
  if (!filter.ok()) return;
  JobFilter negation;
  negation.kind = JobFilter::Kind::kNot;
  negation.parts.push_back(*filter);
  JobRecord record;
  Check(Matches(*filter, record) != Matches(negation, record), "NOT turns the answer");
  record.state = JobState::kRunning;
  record.job.owner = "ada";
  record.job.settings.labels["chip"] = "a1";
  record.end_time = absl::UnixEpoch();
  Check(Matches(*filter, record) != Matches(negation, record), "NOT turns the answer");
}

}  // namespace oneloop
