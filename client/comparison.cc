#include "client/comparison.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "client/point_printer.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

absl::StatusOr<ComparedJob> ReadJob(ServiceClient& client, const std::string& name) {
  ComparedJob result;
  v1::GetJobRequest get;
  get.set_name(name);
  ASSIGN_OR_RETURN(result.job, client.GetJob(get));
  std::vector<BestCurveBuilder> curves(CurveMetrics().size(), BestCurveBuilder(result.job.spec().starts()));
  std::vector<FrontPoint> front;
  v1::ListPointsRequest request;
  request.set_parent(name);
  request.set_exact_only(true);
  RETURN_IF_ERROR(ForEachPointPage(client, request, [&](const PointPage& page) {
    for (const v1::EvaluatedPoint& point : page) {
      // Points are kept also where they break a limit.
      if (!point.has_score()) continue;
      for (std::size_t i = 0; i < curves.size(); ++i) curves[i].Add(point.sample(), CurveMetrics()[i].Of(point));
      if (point.pareto()) front.push_back({point.energy_uj(), point.latency_cycles(), point.area_mm2()});
    }
    return absl::OkStatus();
  }));
  for (const BestCurveBuilder& curve : curves) result.curves.push_back(curve.Build());
  result.front = Front(std::move(front));
  return result;
}

void SetMetrics(Comparison* comparison) {
  const v1::JobSpec& first_spec = comparison->jobs.front().job.spec();
  const PointMetric* const first = &ObjectiveMetric(first_spec);
  comparison->same_objective =
      std::all_of(comparison->jobs.begin(), comparison->jobs.end(), [&](const ComparedJob& compared) {
        return &ObjectiveMetric(compared.job.spec()) == first &&
               ObjectiveName(compared.job.spec()) == ObjectiveName(first_spec);
      });
  if (comparison->same_objective) {
    comparison->metrics = {first};
  } else {
    for (const PointMetric& metric : PointMetrics()) comparison->metrics.push_back(&metric);
  }
}

void SetSamples(Comparison* comparison) {
  std::int64_t shortest = comparison->jobs.front().job.progress().samples_done();
  for (const ComparedJob& compared : comparison->jobs) {
    shortest = std::min(shortest, compared.job.progress().samples_done());
  }
  for (const std::int64_t part : {16, 8, 4, 2, 1}) {
    const std::int64_t samples = shortest / part;
    if (samples > 0 && (comparison->samples.empty() || samples > comparison->samples.back())) {
      comparison->samples.push_back(samples);
    }
  }
}

}  // namespace

absl::StatusOr<Comparison> CompareJobs(ServiceClient& client, const std::vector<std::string>& names) {
  Comparison comparison;
  std::vector<Front> fronts;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(ComparedJob job, ReadJob(client, name));
    fronts.push_back(job.front);
    comparison.jobs.push_back(std::move(job));
  }
  SetMetrics(&comparison);
  SetSamples(&comparison);
  comparison.joint = JointFront(fronts);
  comparison.reference = ReferenceOf(comparison.joint);
  return comparison;
}

double BestAfter(const ComparedJob& job, const PointMetric& metric, std::int64_t samples) {
  const auto index = static_cast<std::size_t>(&metric - CurveMetrics().data());
  return BestAt(job.curves[index], static_cast<double>(samples));
}

}  // namespace oneloop
