#ifndef ONELOOP_SERVER_STORE_JOB_FILTER_H_
#define ONELOOP_SERVER_STORE_JOB_FILTER_H_

#include <cstdint>
#include <string>
#include <vector>

namespace oneloop {

struct JobRecord;

// A condition on jobs: a tree of comparisons. All stores decide by Matches, so that they agree.
struct JobFilter {
  enum class Kind { kAnd, kOr, kNot, kCompare };
  enum class Field {
    kState,
    kOwner,
    kWorkload,
    kTemplate,
    kPriority,
    kPinned,
    kLabel,
    kCreateTime,
    kStartTime,
    kEndTime,
    kDeadline
  };
  enum class Operator { kEqual, kNotEqual, kLess, kLessOrEqual, kGreater, kGreaterOrEqual, kPresent };

  Kind kind = Kind::kAnd;
  std::vector<JobFilter> parts;  // of kAnd, kOr (at least one) and kNot (one)

  // Of kCompare.
  Field field = Field::kState;
  Operator op = Operator::kEqual;
  std::string label;        // of kLabel: which
  std::string text;         // of owner, workload, template and label
  std::int64_t number = 0;  // of the others: a JobState, a priority, 0 or 1, microseconds since 1970
};

// What a job has not (a label, the time of its end) is equal to nothing and neither before nor after anything.
bool Matches(const JobFilter& filter, const JobRecord& record);

enum class JobOrder { kCreateTime, kPriority, kEndTime };

// What a job is ordered by, before its id: its id, its priority, or the microseconds of its end; jobs that have not
// ended come after all that have.
std::int64_t OrderKey(JobOrder order, const JobRecord& record);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_JOB_FILTER_H_
