// The part of a MemoryRunStore that has to do with calibrations, with daemons that died, and with overviews.

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/status.h"
#include "server/store/overview_choice.h"
#include "server/store/store_errors.h"
#include "tests/server/store/memory_run_store.h"

namespace oneloop {
namespace {

// What SQLite keeps of a time.
absl::Time WholeMicros(absl::Time time) { return absl::FromUnixMicros(absl::ToUnixMicros(time)); }

CalibrationRecord WithoutBlobs(CalibrationRecord record) {
  record.calibration.request.clear();
  record.model.clear();
  return record;
}

}  // namespace

absl::StatusOr<CalibrationRecord> MemoryRunStore::GetCalibration(const std::string& project, const std::string& name) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  const auto known = calibrations_.find({project, name});
  if (known == calibrations_.end()) return NoCalibration(name);
  return known->second;
}

absl::StatusOr<std::vector<CalibrationRecord>> MemoryRunStore::ListCalibrations(const std::string& project,
                                                                                const std::string& after, int limit) {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  RETURN_IF_ERROR(CheckLimit(limit));
  std::vector<CalibrationRecord> records;
  for (auto it = calibrations_.upper_bound({project, after});
       it != calibrations_.end() && it->first.first == project && records.size() < static_cast<std::size_t>(limit);
       ++it) {
    records.push_back(WithoutBlobs(it->second));
  }
  return records;
}

absl::StatusOr<std::vector<CalibrationRecord>> MemoryRunStore::ListTrainings() {
  MutexLock lock(&mutex_);
  RETURN_IF_ERROR(CheckOpen());
  std::vector<CalibrationRecord> records;
  for (const auto& [name, record] : calibrations_) {
    if (record.state == CalibrationState::kTraining) records.push_back(WithoutBlobs(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return records;
}

CalibrationRecord* MemoryRunStore::FindCalibration(std::int64_t id) {
  const auto known = std::find_if(calibrations_.begin(), calibrations_.end(),
                                  [id](const auto& entry) { return entry.second.id == id; });
  return known != calibrations_.end() ? &known->second : nullptr;
}

void MemoryRunStore::Change(const NewCalibration& calibration, CalibrationWrite& write) {
  CalibrationRecord record;
  record.calibration = calibration;
  record.create_time = WholeMicros(clock_());
  record.id = last_calibration_id_ + 1;
  const auto [known, created] = calibrations_.try_emplace({calibration.project, calibration.name}, record);
  last_calibration_id_ = std::max(last_calibration_id_, known->second.id);
  write.result = CreateCalibrationResult{known->second, created};
  others_changed_ = others_changed_ || created;
}

void MemoryRunStore::Change(const CalibrationOutcome& outcome, CalibrationWrite& write) {
  CalibrationRecord* const record = FindCalibration(outcome.id);
  const absl::Status refusal = record == nullptr ? NoCalibration(outcome.id) : CheckTraining(outcome.id, record->state);
  if (!refusal.ok()) {
    write.result = refusal;
    return;
  }
  record->state = outcome.state;
  record->message = outcome.message;
  record->calibration.summary = outcome.summary;
  record->model = outcome.model;
  record->end_time = WholeMicros(clock_());
  record->attempts = 0;
  others_changed_ = true;
}

void MemoryRunStore::Apply(CalibrationWrite& write) {
  write.result = CreateCalibrationResult{};
  if (const auto* calibration = std::get_if<NewCalibration>(&write.change)) {
    Change(*calibration, write);
  } else if (const auto* outcome = std::get_if<CalibrationOutcome>(&write.change)) {
    Change(*outcome, write);
  } else if (const auto* attempts = std::get_if<CalibrationWrite::Attempts>(&write.change)) {
    CalibrationRecord* const record = FindCalibration(attempts->id);
    if (record == nullptr) {
      write.result = NoCalibration(attempts->id);
      return;
    }
    record->attempts = attempts->attempts;
    others_changed_ = true;
  } else if (const auto& deletion = std::get<CalibrationWrite::Deletion>(write.change);
             calibrations_.erase({deletion.project, deletion.name}) == 0) {
    write.result = NoCalibration(deletion.name);
  } else {
    others_changed_ = true;
  }
}

void MemoryRunStore::FollowState(Job& job) {
  const JobState state = job.record.state;
  if (IsFinal(state)) {
    job.crashes.reset();
  } else if (state == JobState::kRunning) {
    if (!job.crashes) job.crashes.emplace().job_id = job.record.id;
    job.crashes->activity = JobActivity::kRunning;
  } else if (job.crashes) {
    job.crashes->activity = JobActivity::kIdle;
  }
}

void MemoryRunStore::Apply(CrashWrite& write) {
  others_changed_ = true;
  std::vector<JobCrashes> counted;
  const auto* const activities = std::get_if<std::map<std::int64_t, JobActivity>>(&write.change);
  for (auto& [id, job] : jobs_) {
    if (std::holds_alternative<CrashWrite::Forget>(write.change)) job.crashes.reset();
    if (activities != nullptr && activities->contains(id) && job.record.state == JobState::kRunning) {
      if (!job.crashes) job.crashes.emplace().job_id = id;
      job.crashes->activity = activities->at(id);
    }
    if (!std::holds_alternative<CrashWrite::Count>(write.change) || !job.crashes) continue;
    CountCrash(job.record.points, job.record.starts_done + (job.record.bound ? 1 : 0), &*job.crashes);
    counted.push_back(*job.crashes);
  }
  write.result = std::move(counted);
}

absl::StatusOr<PointSample> MemoryRunStore::SamplePoints(std::int64_t job_id, int most) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  const auto read = [job](std::int64_t number) {
    PointRecord record = job->points.at(number);
    record.point.design.clear();
    return record;
  };
  PointSample sample;
  sample.revision = revision_;
  sample.total = job->ledger.results();
  std::vector<PointRecord> marked;
  for (const auto& [figure, number] : job->greatest) marked.push_back(read(number));
  if (job->record.best_point) marked.push_back(read(*job->record.best_point));
  std::vector<PointRecord> results;
  std::vector<PointRecord> front;
  for (const auto& [number, record] : job->points) {
    if (IsResult(record.point)) results.push_back(read(number));
    if (record.on_front()) front.push_back(read(number));
  }
  if (sample.total <= most) {
    sample.points = std::move(results);
    return sample;
  }
  ResultSample choice(most);
  choice.AddFront(marked, std::move(front));
  RETURN_IF_ERROR(
      choice.Fill(job->points.rbegin()->first + 1, [&](std::int64_t number) -> absl::StatusOr<ResultSample::Found> {
        const auto next =
            std::find_if(results.begin(), results.end(), [&](const auto& p) { return p.number >= number; });
        if (next == results.end()) return ResultSample::Found();
        return ResultSample::Found{*next, -1};
      }));
  sample.points = choice.Take();
  return sample;
}

absl::StatusOr<JobHistory> MemoryRunStore::ReadHistory(std::int64_t job_id, int most) {
  MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(const Job* const job, FindToRead(job_id));
  JobHistory history;
  history.revision = revision_;
  std::vector<StartHistory> begun;
  std::vector<StartSize> sizes;
  for (const auto& [index, start] : job->starts) {
    if (!HasBegun(start)) continue;
    const auto known = job->improvements.find(start.start);
    begun.push_back({start, known == job->improvements.end() ? std::vector<Improvement>() : known->second});
    const std::vector<Improvement>& all = begun.back().improvements;
    sizes.push_back({static_cast<std::int64_t>(all.size()),
                     all.empty() ? std::numeric_limits<double>::infinity() : all.back().score});
  }
  const std::vector<std::optional<std::int64_t>> shares = ShareImprovements(sizes, most);
  for (std::size_t i = 0; i < begun.size(); ++i) {
    if (!shares[i]) continue;
    StartHistory& shown = history.starts.emplace_back();
    shown.start = begun[i].start;
    for (const std::int64_t place : EvenPlaces(sizes[i].improvements, *shares[i])) {
      shown.improvements.push_back(begun[i].improvements[static_cast<std::size_t>(place)]);
    }
  }
  return history;
}

}  // namespace oneloop
