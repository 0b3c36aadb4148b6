#include "server/wire/work_convert.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "google/rpc/status.pb.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestRemark = 1000;
constexpr std::size_t kLongestConflict = 4000;

absl::Status CheckLength(std::string_view field, int length, int points) {
  if (length == points) return absl::OkStatus();
  return FieldError(absl::StrCat("points.", ToAbsl(field)),
                    absl::StrCat("has ", length, " values for ", points, " points"));
}

// For people, who read it in a terminal.
absl::StatusOr<std::string> ReadText(std::string_view field, const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return PrintableText(text);
  return FieldError(field, absl::StrCat("has ", text.size(), " bytes; valid: at most ", longest));
}

absl::Status AddDesigns(const v1::WorkPoints& points, PointBatch* batch) {
  if (points.designs_size() != points.design_points_size()) {
    return FieldError("points.designs", absl::StrCat("has ", points.designs_size(), " texts for ",
                                                     points.design_points_size(), " points"));
  }
  int last = -1;
  for (int i = 0; i < points.designs_size(); ++i) {
    const int point = points.design_points(i);
    if (point <= last || point >= static_cast<int>(batch->points.size())) {
      return FieldError(absl::StrCat("points.design_points[", i, "]"),
                        absl::StrCat("is ", point, "; valid: ascending indices of points"));
    }
    last = point;
    batch->points[static_cast<std::size_t>(point)].design = points.designs(i);
  }
  return absl::OkStatus();
}

v1::EndLeaseRequest::Ending EndingToProto(Ending ending) {
  switch (ending) {
    case Ending::kOpen:
      return v1::EndLeaseRequest::OPEN;
    case Ending::kDone:
      return v1::EndLeaseRequest::DONE;
    case Ending::kWithinStopGap:
      break;
  }
  return v1::EndLeaseRequest::WITHIN_STOP_GAP;
}

absl::StatusOr<Ending> EndingFromProto(v1::EndLeaseRequest::Ending ending) {
  switch (ending) {
    case v1::EndLeaseRequest::OPEN:
      return Ending::kOpen;
    case v1::EndLeaseRequest::DONE:
      return Ending::kDone;
    case v1::EndLeaseRequest::WITHIN_STOP_GAP:
      return Ending::kWithinStopGap;
    default:
      return FieldError("ending", absl::StrCat("is ", ending, "; valid: OPEN, DONE, WITHIN_STOP_GAP"));
  }
}

}  // namespace

v1::WorkLease ToProto(const NamedLease& named) {
  v1::WorkLease message;
  message.set_job_id(named.lease.job_id);
  message.set_unit(named.lease.start);
  message.set_epoch(named.epoch);
  return message;
}

NamedLease FromProto(const v1::WorkLease& message) {
  return {Lease{message.job_id(), message.unit()}, message.epoch()};
}

v1::GrantedLease GrantToProto(const HeldLease& held) {
  v1::GrantedLease granted;
  *granted.mutable_lease() = ToProto({held.lease, held.epoch});
  if (held.spec->stop_score) granted.set_stop_score(*held.spec->stop_score);
  for (const double reference : held.spec->combination.references) granted.add_references(reference);
  return granted;
}

std::shared_ptr<const SearchSpec> SearchOfGrant(std::shared_ptr<const SearchSpec> search,
                                                const v1::GrantedLease& granted) {
  if (!granted.has_stop_score() && granted.references().empty()) return search;
  auto filled = std::make_shared<SearchSpec>(*search);
  if (granted.has_stop_score()) filled->stop_score = granted.stop_score();
  if (!granted.references().empty()) {
    filled->combination.references.assign(granted.references().begin(), granted.references().end());
  }
  return filled;
}

void BatchToProto(const PointBatch& batch, v1::ReportPointsRequest* request) {
  v1::WorkPoints& points = *request->mutable_points();
  if (!batch.points.empty()) points.set_first_sequence(batch.points.front().sequence);
  for (const NewPoint& point : batch.points) {
    if (!point.design.empty()) {
      points.add_design_points(points.samples_size());
      points.add_designs(point.design);
    }
    points.add_samples(point.sample);
    points.mutable_origins()->push_back(static_cast<char>(point.origin));
    points.add_energy_uj(point.energy_uj);
    points.add_latency_cycles(point.latency_cycles);
    points.add_area_mm2(point.area_mm2);
    points.add_scores(point.score);
    for (const double value : point.parameters) points.add_parameters(value);
  }
  request->set_samples_done(batch.samples_done);
  request->set_start_done(batch.start_done);
  request->set_within_stop_gap(batch.within_stop_gap);
}

absl::StatusOr<PointBatch> BatchFromProto(const v1::ReportPointsRequest& request, std::size_t parameters) {
  const v1::WorkPoints& points = request.points();
  const int count = points.samples_size();
  RETURN_IF_ERROR(CheckLength("origins", static_cast<int>(points.origins().size()), count));
  RETURN_IF_ERROR(CheckLength("energy_uj", points.energy_uj_size(), count));
  RETURN_IF_ERROR(CheckLength("latency_cycles", points.latency_cycles_size(), count));
  RETURN_IF_ERROR(CheckLength("area_mm2", points.area_mm2_size(), count));
  RETURN_IF_ERROR(CheckLength("scores", points.scores_size(), count));
  if (static_cast<std::size_t>(points.parameters_size()) != static_cast<std::size_t>(count) * parameters) {
    return FieldError("points.parameters", absl::StrCat("has ", points.parameters_size(), " values for ", count,
                                                        " points of ", parameters, " parameters"));
  }
  PointBatch batch;
  batch.job_id = request.lease().job_id();
  batch.start = request.lease().unit();
  batch.samples_done = request.samples_done();
  batch.start_done = request.start_done();
  batch.within_stop_gap = request.within_stop_gap();
  batch.points.resize(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    NewPoint& point = batch.points[static_cast<std::size_t>(i)];
    point.sequence = points.first_sequence() + i;
    point.sample = points.samples(i);
    point.origin = static_cast<PointOrigin>(points.origins()[static_cast<std::size_t>(i)]);
    point.energy_uj = points.energy_uj(i);
    point.latency_cycles = points.latency_cycles(i);
    point.area_mm2 = points.area_mm2(i);
    point.score = points.scores(i);
    const double* const first = points.parameters().data() + static_cast<std::size_t>(i) * parameters;
    point.parameters.assign(first, first + parameters);
  }
  RETURN_IF_ERROR(AddDesigns(points, &batch));
  return batch;
}

void OutcomeToProto(const absl::StatusOr<Outcome>& outcome, v1::EndLeaseRequest* request) {
  if (!outcome.ok()) {
    request->mutable_error()->set_code(static_cast<int>(outcome.status().code()));
    request->mutable_error()->set_message(Message(outcome.status()));
    return;
  }
  request->set_ending(EndingToProto(outcome->ending));
  request->set_remark(outcome->remark.substr(0, kLongestRemark));
  if (outcome->conflict) request->set_conflict(outcome->conflict->substr(0, kLongestConflict));
  if (!outcome->bound) return;
  v1::WorkBound& bound = *request->mutable_bound();
  bound.set_objective(outcome->bound->objective);
  bound.set_energy_uj(outcome->bound->energy_uj);
  bound.set_latency_cycles(outcome->bound->latency_cycles);
  bound.set_area_mm2(outcome->bound->area_mm2);
  bound.set_boxes(outcome->bound->boxes);
  bound.set_exhausted(outcome->bound->exhausted);
  for (const double best : outcome->bound->own_bests) bound.add_own_bests(best);
}

absl::StatusOr<absl::StatusOr<Outcome>> OutcomeFromProto(const v1::EndLeaseRequest& request) {
  if (request.has_error()) {
    ASSIGN_OR_RETURN(const std::string message, ReadText("error.message", request.error().message(), kLongestConflict));
    if (request.error().code() == 0) return FieldError("error.code", "is 0, which is no error");
    // Whatever it is, it is not the daemon's storage.
    return absl::StatusOr<Outcome>(absl::InternalError(message));
  }
  Outcome outcome;
  ASSIGN_OR_RETURN(outcome.ending, EndingFromProto(request.ending()));
  ASSIGN_OR_RETURN(outcome.remark, ReadText("remark", request.remark(), kLongestRemark));
  if (request.has_conflict()) {
    ASSIGN_OR_RETURN(outcome.conflict, ReadText("conflict", request.conflict(), kLongestConflict));
  }
  if (request.has_bound()) {
    const v1::WorkBound& bound = request.bound();
    outcome.bound = JobBound{bound.objective(), bound.energy_uj(), bound.latency_cycles(),
                             bound.boxes(),     bound.exhausted(), {bound.own_bests().begin(), bound.own_bests().end()},
                             bound.area_mm2()};
  }
  return absl::StatusOr<Outcome>(std::move(outcome));
}

}  // namespace oneloop
