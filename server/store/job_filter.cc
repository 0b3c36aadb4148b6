#include "server/store/job_filter.h"

#include <algorithm>
#include <compare>
#include <limits>
#include <optional>

#include "absl/time/time.h"
#include "server/store/run_store.h"

namespace oneloop {
namespace {

std::optional<std::int64_t> Micros(const std::optional<absl::Time>& time) {
  if (!time.has_value()) return std::nullopt;
  return absl::ToUnixMicros(*time);
}

std::optional<std::int64_t> NumberOf(JobFilter::Field field, const JobRecord& record) {
  switch (field) {
    case JobFilter::Field::kState:
      return static_cast<std::int64_t>(record.state);
    case JobFilter::Field::kPriority:
      return record.job.settings.priority;
    case JobFilter::Field::kPinned:
      return record.job.settings.pinned ? 1 : 0;
    case JobFilter::Field::kCreateTime:
      return absl::ToUnixMicros(record.create_time);
    case JobFilter::Field::kStartTime:
      return Micros(record.start_time);
    case JobFilter::Field::kEndTime:
      return Micros(record.end_time);
    case JobFilter::Field::kDeadline:
      return Micros(record.job.settings.deadline);
    case JobFilter::Field::kOwner:
    case JobFilter::Field::kWorkload:
    case JobFilter::Field::kTemplate:
    case JobFilter::Field::kLabel:
      break;
  }
  return std::nullopt;
}

std::optional<std::string> TextOf(const JobFilter& filter, const JobRecord& record) {
  switch (filter.field) {
    case JobFilter::Field::kOwner:
      return record.job.owner;
    case JobFilter::Field::kWorkload:
      return record.job.workload_name;
    case JobFilter::Field::kTemplate:
      return record.job.template_name;
    case JobFilter::Field::kLabel: {
      const auto label = record.job.settings.labels.find(filter.label);
      if (label == record.job.settings.labels.end()) return std::nullopt;
      return label->second;
    }
    default:
      return std::nullopt;
  }
}

template <class Value>
bool Compare(const std::optional<Value>& has, JobFilter::Operator op, const Value& wanted) {
  if (!has.has_value()) return op == JobFilter::Operator::kNotEqual;
  const std::strong_ordering order = *has <=> wanted;
  switch (op) {
    case JobFilter::Operator::kEqual:
      return order == 0;
    case JobFilter::Operator::kNotEqual:
      return order != 0;
    case JobFilter::Operator::kLess:
      return order < 0;
    case JobFilter::Operator::kLessOrEqual:
      return order <= 0;
    case JobFilter::Operator::kGreater:
      return order > 0;
    case JobFilter::Operator::kGreaterOrEqual:
      return order >= 0;
    case JobFilter::Operator::kPresent:
      return true;
  }
  return false;
}

bool IsText(JobFilter::Field field) {
  return field == JobFilter::Field::kOwner || field == JobFilter::Field::kWorkload ||
         field == JobFilter::Field::kTemplate || field == JobFilter::Field::kLabel;
}

}  // namespace

bool Matches(const JobFilter& filter, const JobRecord& record) {
  const auto matches = [&record](const JobFilter& part) { return Matches(part, record); };
  switch (filter.kind) {
    case JobFilter::Kind::kAnd:
      return std::all_of(filter.parts.begin(), filter.parts.end(), matches);
    case JobFilter::Kind::kOr:
      return std::any_of(filter.parts.begin(), filter.parts.end(), matches);
    case JobFilter::Kind::kNot:
      return std::none_of(filter.parts.begin(), filter.parts.end(), matches);
    case JobFilter::Kind::kCompare:
      break;
  }
  if (IsText(filter.field)) return Compare(TextOf(filter, record), filter.op, filter.text);
  return Compare(NumberOf(filter.field, record), filter.op, filter.number);
}

std::int64_t OrderKey(JobOrder order, const JobRecord& record) {
  switch (order) {
    case JobOrder::kCreateTime:
      break;
    case JobOrder::kPriority:
      return record.job.settings.priority;
    case JobOrder::kEndTime:
      return Micros(record.end_time).value_or(std::numeric_limits<std::int64_t>::max());
  }
  return record.id;
}

}  // namespace oneloop
