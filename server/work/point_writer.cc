#include "server/work/point_writer.h"

#include <cstddef>
#include <string>
#include <utility>

#include "common/mapping/mapping.h"

namespace oneloop {
namespace {

PointOrigin StoredOrigin(SearchPointOrigin origin) {
  switch (origin) {
    case SearchPointOrigin::kDescent:
      return PointOrigin::kDescent;
    case SearchPointOrigin::kRounded:
      return PointOrigin::kRounded;
    case SearchPointOrigin::kPolish:
      return PointOrigin::kPolish;
    case SearchPointOrigin::kRandom:
      return PointOrigin::kRandom;
    case SearchPointOrigin::kBayesian:
      return PointOrigin::kBayesian;
    case SearchPointOrigin::kHeuristic:
      return PointOrigin::kHeuristic;
  }
  return PointOrigin::kDescent;
}

// One line of mapping text for each layer.
std::string DesignText(const Template& hardware_template, const std::vector<Mapping>* mappings) {
  std::string text;
  if (mappings == nullptr) return text;
  for (const Mapping& mapping : *mappings) {
    if (!text.empty()) text += '\n';
    text += FormatMapping(hardware_template, mapping);
  }
  return text;
}

}  // namespace

Ending PointWriter::EndingOf(StartSummary::Termination termination) {
  switch (termination) {
    case StartSummary::Termination::kStopped:
      return Ending::kOpen;
    case StartSummary::Termination::kStopScoreReached:
      return Ending::kWithinStopGap;
    case StartSummary::Termination::kBudgetUsed:
    case StartSummary::Termination::kConverged:
    case StartSummary::Termination::kDiverged:
      break;
  }
  return Ending::kDone;
}

PointWriter::PointWriter(BatchSink* batches, const Template& hardware_template, const Lease& lease,
                         WorkSignals* signals, const Options& options)
    : batches_(batches),
      template_(hardware_template),
      lease_(lease),
      signals_(signals),
      options_(options),
      last_flush_(options_.clock()) {}

PointWriter::~PointWriter() { AwaitInFlight(0); }

void PointWriter::OnPoint(const SearchPoint& point) {
  signals_->Beat();
  if (batch_.points.empty()) batch_.points.reserve(static_cast<std::size_t>(options_.points_per_batch));
  NewPoint& stored = batch_.points.emplace_back();
  stored.sequence = next_sequence_++;
  stored.sample = point.sample;
  stored.origin = StoredOrigin(point.origin);
  stored.energy_uj = point.metrics.energy_uj;
  stored.latency_cycles = point.metrics.latency_cycles;
  stored.area_mm2 = point.metrics.area_mm2;
  stored.score = point.score;
  stored.parameters.assign(point.hardware.begin(), point.hardware.end());
  stored.design = DesignText(template_, point.mappings);
  batch_bytes_ += stored.design.size();
  samples_done_ = point.sample;
  // Whether it is late for a smaller batch is looked at by StopRequested, which comes often: a point is cheap.
  if (batch_.points.size() >= static_cast<std::size_t>(options_.points_per_batch) ||
      batch_bytes_ >= options_.bytes_per_batch) {
    Flush(Ending::kOpen);
  }
}

bool PointWriter::StopRequested() {
  signals_->Beat();
  if (signals_->stopped() || failed_.load(std::memory_order_relaxed)) return true;
  FlushIfLate();
  return false;
}

absl::Status PointWriter::Finish(std::int64_t samples, Ending ending) {
  samples_done_ = samples;
  if (ending != Ending::kOpen || !batch_.points.empty()) Flush(ending);
  AwaitInFlight(0);
  MutexLock lock(&mutex_);
  return error_;
}

void PointWriter::FlushIfLate() {
  if (!batch_.points.empty() && options_.clock() - last_flush_ >= options_.flush_interval) Flush(Ending::kOpen);
}

void PointWriter::Flush(Ending ending) {
  last_flush_ = options_.clock();
  PointBatch batch = std::exchange(batch_, PointBatch());
  const std::size_t bytes = std::exchange(batch_bytes_, 0);
  batch.job_id = lease_.job_id;
  batch.start = lease_.start;
  batch.samples_done = samples_done_;
  batch.start_done = ending != Ending::kOpen;
  batch.within_stop_gap = ending == Ending::kWithinStopGap;
  AwaitInFlight(options_.batches_in_flight - 1);
  // What follows a batch that was lost is not written: the start will run again from its beginning.
  if (failed_) return;
  {
    MutexLock lock(&mutex_);
    ++in_flight_;
    bytes_in_flight_ += bytes;
  }
  batches_->AppendPoints(std::move(batch), [this, bytes](const absl::Status& status) { OnCommitted(bytes, status); });
}

void PointWriter::OnCommitted(std::size_t bytes, const absl::Status& status) {
  MutexLock lock(&mutex_);
  if (!status.ok() && error_.ok()) {
    // A copy that shares nothing with the writer's thread: TSan cannot see into the packaged Abseil's counts.
    error_ = absl::Status(status.code(), status.message());
    failed_ = true;
  }
  --in_flight_;
  bytes_in_flight_ -= bytes;
  // Under the lock: once it is free, this object may be gone.
  committed_.SignalAll();
}

void PointWriter::AwaitInFlight(int at_most) {
  MutexLock lock(&mutex_);
  const auto is_behind = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return in_flight_ > at_most || (in_flight_ > 0 && bytes_in_flight_ > options_.bytes_in_flight);
  };
  if (!is_behind()) return;
  signals_->SetWaiting(true);
  while (is_behind()) committed_.Wait(mutex_);
  signals_->SetWaiting(false);
}

}  // namespace oneloop
