#include "server/work/worker.h"

#include <cmath>
#include <exception>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/failpoint.h"
#include "common/base/status.h"
#include "server/search/limit_conflict.h"
#include "server/search/own_best.h"
#include "server/search/search_memory.h"

namespace oneloop {
namespace {

// Asked by long work: says that it is alive and hears whether to stop.
std::function<bool()> StopRequestOf(WorkSignals& signals) {
  return [&signals] {
    signals.Beat();
    return signals.stopped();
  };
}

// Adds why no design keeps the limits, as far as they are to blame.
void Diagnose(const SearchSpec& spec, WorkSignals& signals, Outcome* outcome) {
  const std::optional<Diagnosis> diagnosis = DiagnoseLimits(spec, StopRequestOf(signals));
  if (!diagnosis) return;
  outcome->ending = Ending::kDone;
  if (diagnosis->conflict) outcome->conflict = diagnosis->conflict->ToString();
}

}  // namespace

Worker::Worker(Options options, LeaseSource* leases) : options_(std::move(options)), leases_(leases) {
  for (int i = 0; i < options_.num_threads; ++i) threads_.emplace_back([this] { Loop(); });
}

Worker::~Worker() {
  for (std::thread& thread : threads_) thread.join();
}

void Worker::Loop() {
  while (const std::optional<HeldLease> held = leases_->Take()) leases_->End(*held, Run(*held));
}

absl::StatusOr<Outcome> Worker::Run(const HeldLease& held) const {
  try {
    absl::StatusOr<Outcome> outcome = Outcome{};
    held.signals->SetWaiting(true);
    const auto stopped = [&held] { return held.signals->stopped(); };
    RETURN_IF_ERROR(options_.memory->Run(EstimateSearchBytes(*held.spec), stopped, [&] {
      held.signals->SetWaiting(false);
      outcome = RunUnit(held);
    }));
    return outcome;
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("it could not go on: ", error.what()));
  }
}

absl::StatusOr<Outcome> Worker::RunUnit(const HeldLease& held) const {
  if (held.lease.start == kBoundUnit) return Prove(held);
  if (held.lease.start != kDiagnosisUnit) return RunStartOf(held);
  Outcome outcome;
  Diagnose(*held.spec, *held.signals, &outcome);
  return outcome;
}

absl::StatusOr<Outcome> Worker::RunStartOf(const HeldLease& held) const {
  PointWriter writer(held.points, *held.spec->hardware_template, held.lease, held.signals.get(), options_.writer);
  Failpoint("jobs.before_start");
  const StartSummary summary = options_.run_start(*held.spec, held.lease.start, writer);
  const Ending ending = PointWriter::EndingOf(summary.termination);
  RETURN_IF_ERROR(writer.Finish(summary.samples, ending));
  Failpoint("jobs.after_start");
  Outcome outcome;
  outcome.ending = ending;
  outcome.remark = summary.message;
  return outcome;
}

absl::StatusOr<Outcome> Worker::Prove(const HeldLease& held) const {
  const std::function<bool()> stop_requested = StopRequestOf(*held.signals);
  std::optional<std::vector<double>> own_bests = FindOwnBests(*held.spec, stop_requested);
  if (!own_bests) return Outcome{};
  const std::shared_ptr<const SearchSpec> spec = WithReferences(held.spec, *own_bests);
  const std::optional<LowerBound> bound = options_.prove_bound(*spec, stop_requested);
  if (!bound) return Outcome{};
  Outcome outcome;
  outcome.ending = Ending::kDone;
  outcome.bound = JobBound{bound->objective, bound->energy_uj,      bound->latency_cycles, bound->boxes,
                           bound->exhausted, *std::move(own_bests), bound->area_mm2};
  // Its starts would look for what is not there.
  if (std::isinf(bound->objective)) {
    outcome.ending = Ending::kOpen;
    Diagnose(*spec, *held.signals, &outcome);
  }
  return outcome;
}

}  // namespace oneloop
