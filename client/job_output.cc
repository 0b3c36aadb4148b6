#include "client/job_output.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "client/errors.h"
#include "client/front_history.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/point_metrics.h"

namespace oneloop {
namespace {

std::string SearchSummary(const v1::JobSpec& spec) {
  std::string text =
      absl::AsciiStrToLower(absl::StrCat(v1::Algorithm_Name(spec.algorithm()), " search for ", ObjectiveName(spec),
                                         ", orders ", v1::OrderStrategy_Name(spec.order_strategy()), ", "));
  // Of a daemon that knows of no choice, nothing is known.
  if (spec.factors() != v1::FACTORS_UNSPECIFIED) {
    absl::StrAppend(&text, absl::AsciiStrToLower(v1::Factors_Name(spec.factors())), " factors, ");
  }
  absl::StrAppend(&text, GroupedNumber(spec.starts()), " starts, ");
  if (spec.has_samples()) {
    absl::StrAppend(&text, GroupedNumber(spec.samples()), " samples in all");
  } else {
    absl::StrAppend(&text, GroupedNumber(spec.steps()), " samples each");
  }
  absl::StrAppend(&text, ", seed ", spec.seed());
  if (spec.has_stop_gap()) absl::StrAppend(&text, ", stop gap ", ShortNumber(100 * spec.stop_gap()), " %");
  return text;
}

std::string LimitText(const v1::Limit& limit) {
  const std::string name =
      limit.network().empty() ? limit.quantity() : absl::StrCat(limit.network(), ":", limit.quantity());
  return limit.min() > 0 ? absl::StrCat(name, " >= ", ExactNumber(limit.min()))
                         : absl::StrCat(name, " <= ", ExactNumber(limit.max()));
}

std::string LimitSummary(const v1::JobSpec& spec) {
  return absl::StrJoin(spec.limits(), ", ",
                       [](std::string* text, const v1::Limit& limit) { absl::StrAppend(text, LimitText(limit)); });
}

std::string ProgressSummary(const v1::JobProgress& progress) {
  const double share = progress.samples_total() > 0 ? 100.0 * static_cast<double>(progress.samples_done()) /
                                                          static_cast<double>(progress.samples_total())
                                                    : 0.0;
  return absl::StrFormat("%s of %s samples (%.0f %%), %d of %d starts done", GroupedNumber(progress.samples_done()),
                         GroupedNumber(progress.samples_total()), share, progress.starts_done(),
                         progress.starts_total());
}

std::string LabelText(const v1::Job& job) {
  const std::map<std::string, std::string> sorted(job.labels().begin(), job.labels().end());
  return absl::StrJoin(sorted, ", ", absl::PairFormatter("="));
}

// What may change of a job, where it is not the default, and its place in the queue.
std::string SettingsDetails(const v1::Job& job) {
  std::string text;
  if (job.has_queue_position()) {
    absl::StrAppend(
        &text, DetailLine("queue", absl::StrCat("place ", GroupedNumber(job.queue_position()), ", begins at about ",
                                                FormatTimestamp(job.expected_start_time()), " UTC")));
  }
  if (job.priority() != 0) absl::StrAppend(&text, DetailLine("priority", absl::StrCat(job.priority())));
  if (!job.labels().empty()) absl::StrAppend(&text, DetailLine("labels", LabelText(job)));
  if (job.has_deadline()) absl::StrAppend(&text, DetailLine("deadline", FormatTimestamp(job.deadline())));
  if (job.pinned()) absl::StrAppend(&text, DetailLine("pinned", "yes"));
  if (job.has_delete_time()) {
    absl::StrAppend(&text, DetailLine("deleted", absl::StrCat(FormatTimestamp(job.delete_time()), ", is purged ",
                                                              FormatTimestamp(job.purge_time()))));
  }
  return text;
}

std::string JobDetails(const v1::Job& job) {
  std::string text = DetailLine("job", job.name());
  absl::StrAppend(&text, DetailLine("state", v1::JobState_Name(job.state())));
  if (!job.message().empty()) absl::StrAppend(&text, DetailLine("message", job.message()));
  if (!job.owner().empty()) absl::StrAppend(&text, DetailLine("owner", job.owner()));
  absl::StrAppend(&text, SettingsDetails(job), DetailLine("workload", job.workload_display_name()),
                  DetailLine("template", job.template_display_name()), DetailLine("search", SearchSummary(job.spec())));
  if (!job.spec().fixed_parameters().empty()) {
    absl::StrAppend(&text, DetailLine("fixed", FormatParameters(job.spec().fixed_parameters())));
  }
  if (!job.spec().limits().empty()) absl::StrAppend(&text, DetailLine("limits", LimitSummary(job.spec())));
  absl::StrAppend(&text, DetailLine("progress", ProgressSummary(job.progress())),
                  DetailLine("points", absl::StrCat(GroupedNumber(job.progress().points()), " stored, ",
                                                    GroupedNumber(job.progress().front_size()), " on the front")));
  absl::StrAppend(&text, DetailLine("created", FormatTimestamp(job.create_time())));
  if (job.has_start_time()) absl::StrAppend(&text, DetailLine("started", FormatTimestamp(job.start_time())));
  if (job.has_end_time()) absl::StrAppend(&text, DetailLine("ended", FormatTimestamp(job.end_time())));
  if (job.has_best()) absl::StrAppend(&text, PointDetails(job.best()));
  return absl::StrCat(text, CertificateDetails(job), FrontDetails(job));
}

// The designs that a job's certificate speaks of.
std::string SpaceText(const v1::JobSpec& spec) {
  std::vector<std::string> narrowed;
  if (!spec.fixed_parameters().empty()) narrowed.push_back(FormatParameters(spec.fixed_parameters()));
  for (const v1::Limit& limit : spec.limits()) narrowed.push_back(LimitText(limit));
  if (spec.factors() == v1::PERFECT) narrowed.emplace_back("perfect factors");
  if (!spec.calibration_name().empty()) narrowed.push_back(absl::StrCat("latencies by ", spec.calibration_name()));
  return absl::StrCat("this template", narrowed.empty() ? "" : " with ", absl::StrJoin(narrowed, ", "));
}

// Of several networks: "geometric_mean of edp"
std::string CombinedName(const v1::Certificate& certificate) {
  const std::string product = certificate.objective() == v1::PRODUCT ? certificate.objective_product()
                                                                     : v1::Objective_Name(certificate.objective());
  return absl::AsciiStrToLower(absl::StrCat(v1::Combination_Name(certificate.combination()), " of ", product));
}

// Of a front: "energy*latency", what its points are scored by.
std::string FrontProduct(const v1::Certificate& certificate) {
  return absl::StrReplaceAll(certificate.objective_front(), {{",", "*"}});
}

// "EDP 6.310e10"
std::string ObjectiveText(const v1::Certificate& certificate) {
  const std::string value = ShortNumber(certificate.lower_bound() * (1 + certificate.gap()));
  if (!IsOfSums(certificate.combination())) return absl::StrCat(CombinedName(certificate), " ", value);
  switch (certificate.objective()) {
    case v1::ENERGY:
      return absl::StrCat("energy ", value, " uJ");
    case v1::LATENCY:
    case v1::THROUGHPUT:
      return absl::StrCat("latency ", value, " cycles");
    case v1::AREA:
      return absl::StrCat("area ", value, " mm2");
    case v1::POWER:
      return absl::StrCat("power ", value, " W");
    case v1::PRODUCT:
      return absl::StrCat(certificate.objective_product(), " ", value);
    case v1::FRONT:
      return absl::StrCat(FrontProduct(certificate), " ", value);
    default:
      return absl::StrCat("EDP ", value);
  }
}

std::string BoundsText(const v1::Certificate& certificate) {
  std::vector<std::string> bounds;
  double energy_uj = certificate.energy_uj_bound();
  double latency_cycles = certificate.latency_cycles_bound();
  const bool of_sums = IsOfSums(certificate.combination());
  // Where it is the objective, its bound may be the better one.
  if (of_sums && certificate.objective() == v1::ENERGY) energy_uj = std::max(energy_uj, certificate.lower_bound());
  const bool is_latency = certificate.objective() == v1::LATENCY || certificate.objective() == v1::THROUGHPUT;
  if (of_sums && is_latency) latency_cycles = std::max(latency_cycles, certificate.lower_bound());
  // Of what is 0, nothing is proven.
  if (certificate.lower_bound() > 0 && !of_sums) {
    bounds.push_back(absl::StrCat(CombinedName(certificate), " ", ShortNumberDown(certificate.lower_bound())));
  } else if (certificate.lower_bound() > 0) {
    const std::string bound = ShortNumberDown(certificate.lower_bound());
    if (certificate.objective() == v1::EDP) bounds.push_back(absl::StrCat("EDP ", bound, " uJ*cycles"));
    if (certificate.objective() == v1::AREA) bounds.push_back(absl::StrCat("area ", bound, " mm2"));
    if (certificate.objective() == v1::POWER) bounds.push_back(absl::StrCat("power ", bound, " W"));
    if (certificate.objective() == v1::PRODUCT) {
      bounds.push_back(absl::StrCat(certificate.objective_product(), " ", bound));
    }
  }
  bounds.push_back(absl::StrCat("energy ", ShortNumberDown(energy_uj), " uJ"));
  if (latency_cycles > 0) bounds.push_back(absl::StrCat("latency ", ShortNumberDown(latency_cycles), " cycles"));
  return absl::StrJoin(bounds, ", ");
}

// The least of each of a front's figures alone.
std::string IdealText(const v1::Certificate& certificate) {
  const FrontSpace space = SpaceOf(certificate.objective_front());
  std::vector<std::string> least;
  const auto add = [&](std::size_t figure, const char* name, double bound, const char* unit) {
    // Of what is 0, nothing is proven.
    if (space.Has(figure) && bound > 0) least.push_back(absl::StrCat(name, " ", ShortNumberDown(bound), " ", unit));
  };
  add(kEnergyFigure, "energy", certificate.energy_uj_bound(), "uJ");
  add(kLatencyFigure, "latency", certificate.latency_cycles_bound(), "cycles");
  add(kAreaFigure, "area", certificate.area_mm2_bound(), "mm2");
  if (least.empty()) return "nothing is proven of a figure alone";
  return absl::StrCat(absl::StrJoin(least, ", "), "; no design is below any of them");
}

}  // namespace

bool IsFinal(v1::JobState state) { return state == v1::CANCELLED || state == v1::SUCCEEDED || state == v1::FAILED; }

void PrintJob(const v1::Job& job, OutputFormat format, std::ostream& out) {
  switch (format) {
    case OutputFormat::kTable:
      out << JobDetails(job);
      return;
    case OutputFormat::kJson:
      out << JsonPrinter().Pretty(job);
      return;
    case OutputFormat::kCsv:
      out << CsvLine(JobCsvHeader()) << CsvLine(JobCsvRow(job));
      return;
  }
}

std::vector<std::string> JobCsvHeader() {
  return {"name",
          "state",
          "workload",
          "template",
          "starts_done",
          "starts_total",
          "samples_done",
          "samples_total",
          "points",
          "front_size",
          "best_number",
          "best_edp",
          "best_energy_uj",
          "best_latency_cycles",
          "best_area_mm2",
          "lower_bound",
          "gap",
          "create_time",
          "start_time",
          "end_time",
          "message",
          "owner",
          "priority",
          "labels",
          "deadline",
          "pinned",
          "delete_time",
          "purge_time",
          "queue_position",
          "expected_start_time"};
}

std::vector<std::string> JobCsvRow(const v1::Job& job) {
  const v1::JobProgress& progress = job.progress();
  std::vector<std::string> row = {job.name(),
                                  v1::JobState_Name(job.state()),
                                  job.workload_display_name(),
                                  job.template_display_name(),
                                  absl::StrCat(progress.starts_done()),
                                  absl::StrCat(progress.starts_total()),
                                  absl::StrCat(progress.samples_done()),
                                  absl::StrCat(progress.samples_total()),
                                  absl::StrCat(progress.points()),
                                  absl::StrCat(progress.front_size())};
  if (job.has_best()) {
    const v1::EvaluatedPoint& best = job.best();
    row.push_back(absl::StrCat(best.number()));
    for (const double figure : {best.edp(), best.energy_uj(), best.latency_cycles(), best.area_mm2()}) {
      row.push_back(ExactNumber(figure));
    }
  } else {
    row.insert(row.end(), 5, "");
  }
  row.push_back(job.has_certificate() ? ExactNumber(job.certificate().lower_bound()) : "");
  row.push_back(job.certificate().has_gap() ? ExactNumber(job.certificate().gap()) : "");
  for (const auto* timestamp : {&job.create_time(), &job.start_time(), &job.end_time()}) {
    row.push_back(FormatTimestamp(*timestamp));
  }
  row.push_back(job.message());
  row.push_back(job.owner());
  row.push_back(absl::StrCat(job.priority()));
  row.push_back(LabelText(job));
  row.push_back(FormatTimestamp(job.deadline()));
  row.emplace_back(job.pinned() ? "true" : "false");
  row.push_back(FormatTimestamp(job.delete_time()));
  row.push_back(FormatTimestamp(job.purge_time()));
  row.push_back(job.has_queue_position() ? absl::StrCat(job.queue_position()) : "");
  row.push_back(FormatTimestamp(job.expected_start_time()));
  return row;
}

std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp) {
  if (timestamp.seconds() == 0) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(timestamp.seconds()), absl::UTCTimeZone());
}

std::vector<std::string> ParameterNames(const google::protobuf::Map<std::string, double>& parameters) {
  std::vector<std::string> names;
  for (const auto& [name, value] : parameters) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string FormatParameters(const google::protobuf::Map<std::string, double>& parameters) {
  return absl::StrJoin(ParameterNames(parameters), ", ", [&](std::string* text, const std::string& name) {
    absl::StrAppend(text, name, " ", ShortNumber(parameters.at(name)));
  });
}

std::string DetailLine(const std::string& name, const std::string& value) {
  return absl::StrFormat("%-10s%s\n", name, OneLine(value));
}

std::string PointDetails(const v1::EvaluatedPoint& point) {
  return absl::StrCat(DetailLine("best", absl::StrCat("point ", point.number(), ", found by start ", point.start(),
                                                      " at its sample ", GroupedNumber(point.sample()))),
                      DetailLine("hardware", FormatParameters(point.parameters())),
                      DetailLine("EDP", absl::StrCat(ShortNumber(point.edp()), " uJ*cycles")),
                      DetailLine("energy", absl::StrCat(ShortNumber(point.energy_uj()), " uJ")),
                      DetailLine("latency", absl::StrCat(ShortNumber(point.latency_cycles()), " cycles")),
                      DetailLine("area", absl::StrCat(ShortNumber(point.area_mm2()), " mm2")));
}

std::string CertificateDetails(const v1::Certificate& certificate, const std::string& space) {
  if (std::isinf(certificate.lower_bound())) {
    return DetailLine("proven", absl::StrCat("there is no design of ", space));
  }
  const std::string claim = certificate.has_gap()
                                ? absl::StrCat(ObjectiveText(certificate), ", at most ", PercentUp(certificate.gap()),
                                               " above any design of ", space)
                                : absl::StrCat("no design of ", space, " is below these bounds");
  if (certificate.objective() == v1::FRONT) {
    return absl::StrCat(DetailLine("proven", claim), DetailLine("ideal", IdealText(certificate)));
  }
  return absl::StrCat(DetailLine("proven", claim), DetailLine("bounds", BoundsText(certificate)));
}

std::string FrontDetails(const v1::Job& job) {
  if (!job.has_front()) return "";
  const v1::FrontFigures& front = job.front();
  const FrontSpace space = SpaceOf(job.spec().objective_front());
  std::string volume = absl::StrCat("hypervolume ", ShortNumber(front.hypervolume()), " ", HypervolumeUnit(space));
  // Of what no front can exceed.
  if (front.ideal_hypervolume() > 0) {
    absl::StrAppend(&volume, absl::StrFormat(", %.1f %% of the ideal point's",
                                             100 * front.hypervolume() / front.ideal_hypervolume()));
  }
  std::vector<std::string> reference;
  const auto add = [&reference](const char* name, double figure, const char* unit) {
    if (figure > 0) reference.push_back(absl::StrCat(name, " ", ShortNumber(figure), " ", unit));
  };
  add("energy", front.reference_energy_uj(), "uJ");
  add("latency", front.reference_latency_cycles(), "cycles");
  add("area", front.reference_area_mm2(), "mm2");
  return absl::StrCat(
      DetailLine("front", absl::StrCat(GroupedNumber(front.points()), " designs over ",
                                       absl::StrReplaceAll(job.spec().objective_front(), {{",", ", "}}), "; ", volume)),
      DetailLine("measured", absl::StrCat("from ", absl::StrJoin(reference, ", "))));
}

std::string CertificateDetails(const v1::Job& job) {
  if (!job.has_certificate()) return "";
  return CertificateDetails(job.certificate(), SpaceText(job.spec()));
}

std::string ShareText(const v1::JobProgress& progress) {
  if (progress.samples_total() <= 0) return "-";
  return absl::StrFormat(
      "%.0f %%", 100.0 * static_cast<double>(progress.samples_done()) / static_cast<double>(progress.samples_total()));
}

std::string GapText(const v1::Job& job, const std::string& none) {
  return job.certificate().has_gap() ? PercentUp(job.certificate().gap()) : none;
}

}  // namespace oneloop
