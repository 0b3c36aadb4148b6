#include "server/search/limit_conflict.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"
#include "server/search/best_sink.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Of each search: enough to come to the least latency, or near to the least energy, of the shipped networks.
constexpr std::int64_t kSamples = 1500;
constexpr int kStarts = 3;  // of the search for any design
// Halvings, in log2, of the way to the nearest value of a parameter.
constexpr int kHalvings = 5;

// A limit that can be taken out of a spec: one on a figure, or a parameter's narrowed range.
struct Restriction {
  std::optional<MetricLimit> limit;
  std::size_t parameter = 0;
};

std::vector<Restriction> RestrictionsOf(const SearchSpec& spec) {
  std::vector<Restriction> restrictions;
  for (const MetricLimit& limit : spec.limits) restrictions.push_back({limit, 0});
  // A predictor knows only the hardware that it was measured on.
  for (std::size_t p = 0; p < spec.hardware_range.size() && spec.latency == nullptr; ++p) {
    const ParameterSpec& parameter = spec.hardware_template->parameter(static_cast<int>(p));
    const ParameterRange& range = spec.hardware_range[p];
    if (range.min > parameter.min || range.max < parameter.max) restrictions.push_back({std::nullopt, p});
  }
  return restrictions;
}

// The spec under these restrictions alone.
SearchSpec Under(const SearchSpec& spec, const std::vector<Restriction>& restrictions) {
  SearchSpec probe = spec;
  probe.limits.clear();
  for (std::size_t p = 0; p < probe.hardware_range.size() && spec.latency == nullptr; ++p) {
    const ParameterSpec& parameter = spec.hardware_template->parameter(static_cast<int>(p));
    probe.hardware_range[p] = {parameter.min, parameter.max};
  }
  for (const Restriction& restriction : restrictions) {
    if (restriction.limit.has_value()) {
      probe.limits.push_back(*restriction.limit);
    } else {
      probe.hardware_range[restriction.parameter] = spec.hardware_range[restriction.parameter];
    }
  }
  probe.algorithm = Algorithm::kGradient;
  probe.starts = kStarts;
  probe.samples_per_start = kSamples;
  probe.stop_score = std::nullopt;
  return probe;
}

// Makes what a limit is on the objective.
void MinimiseLimited(const MetricLimit& limit, SearchSpec* probe) {
  probe->objective = InfoOf(limit.quantity).product;
  probe->combination = {};
  if (limit.network == MetricLimit::kWholeWorkload) return;
  probe->combination.kind = Combination::Kind::kOne;
  probe->combination.network = static_cast<std::size_t>(limit.network);
}

using Found = BestSink::Best;

class Diagnostician {
 public:
  Diagnostician(const SearchSpec& spec, const std::function<bool()>& stop_requested)
      : spec_(spec), stop_requested_(stop_requested) {}

  std::optional<Diagnosis> Run() {
    std::vector<Restriction> conflict = RestrictionsOf(spec_);
    if (conflict.empty() || Fits(conflict)) return Answer({});
    // Each is left out for good when the others are in conflict without it, so that in the end none can be.
    for (std::size_t i = 0; i < conflict.size() && !stopped_;) {
      std::vector<Restriction> others = Without(conflict, i);
      if (Fits(others)) {
        ++i;
      } else {
        conflict = std::move(others);
      }
    }
    // Nothing fits even without limits.
    if (conflict.empty()) return Answer({});
    Diagnosis diagnosis{LimitConflict{}};
    diagnosis.conflict->proven = IsProven(conflict);
    double least_beyond = kInfinity;
    for (std::size_t i = 0; i < conflict.size() && !stopped_; ++i) {
      Found nearest;
      diagnosis.conflict->parts.push_back(Look(conflict[i], Without(conflict, i), &nearest));
      const double beyond = Beyond(conflict[i], nearest);
      if (!(beyond < least_beyond)) continue;
      least_beyond = beyond;
      diagnosis.conflict->nearest = Describe(nearest);
    }
    return Answer(std::move(diagnosis));
  }

 private:
  std::optional<Diagnosis> Answer(Diagnosis diagnosis) const {
    if (stopped_) return std::nullopt;
    return diagnosis;
  }

  static std::vector<Restriction> Without(std::vector<Restriction> restrictions, std::size_t i) {
    restrictions.erase(restrictions.begin() + static_cast<std::ptrdiff_t>(i));
    return restrictions;
  }

  Found Search(const SearchSpec& probe, int start = 0) {
    BestSink best(stop_requested_);
    stopped_ = stopped_ || RunStart(probe, start, best).termination == StartSummary::Termination::kStopped;
    return best.best();
  }

  // Whether a design is found under these restrictions alone: by a search for any, or by one that minimises what a
  // limit is on, under the others.
  bool Fits(const std::vector<Restriction>& restrictions) {
    SearchSpec probe = Under(spec_, restrictions);
    if (!spec_.hardware_template->GivesEnergy()) probe.objective = MetricProduct::Of(Metric::kLatency);
    probe.stop_score = std::numeric_limits<double>::max();
    for (int start = 0; start < kStarts && !stopped_; ++start) {
      if (std::isfinite(Search(probe, start).score)) return true;
    }
    for (std::size_t i = 0; i < restrictions.size() && !stopped_; ++i) {
      if (!restrictions[i].limit.has_value()) continue;
      const MetricLimit& limit = *restrictions[i].limit;
      const QuantityInfo& quantity = InfoOf(limit.quantity);
      probe = Under(spec_, Without(restrictions, i));
      MinimiseLimited(limit, &probe);
      probe.stop_score = quantity.ProductAt(limit.bound, clock_mhz());
      if (Search(probe).score <= *probe.stop_score) return true;
    }
    return false;
  }

  double clock_mhz() const { return spec_.hardware_template->spec().clock_mhz.value_or(0); }

  bool IsProven(const std::vector<Restriction>& restrictions) {
    const std::optional<LowerBound> bound = ProveSearchBound(Under(spec_, restrictions), stop_requested_);
    stopped_ = stopped_ || !bound.has_value();
    return bound.has_value() && std::isinf(bound->objective);
  }

  LimitConflict::Part Look(const Restriction& restriction, const std::vector<Restriction>& others, Found* nearest) {
    return restriction.limit.has_value() ? LookAtFigure(*restriction.limit, others, nearest)
                                         : LookAtParameter(restriction.parameter, others, nearest);
  }

  LimitConflict::Part LookAtFigure(const MetricLimit& limit, const std::vector<Restriction>& others, Found* nearest) {
    const QuantityInfo& quantity = InfoOf(limit.quantity);
    LimitConflict::Part part;
    part.name = NameOf(limit, *spec_.workload);
    part.limit = absl::StrCat(part.name, quantity.at_least ? " >= " : " <= ", ExactNumber(limit.bound));
    part.at_least = quantity.at_least;
    SearchSpec probe = Under(spec_, others);
    MinimiseLimited(limit, &probe);
    if (const std::optional<LowerBound> bound = ProveSearchBound(probe, stop_requested_)) {
      // A bound of 0 proves nothing.
      if (bound->objective > 0 && std::isfinite(bound->objective)) {
        part.proven = quantity.ValueAt(bound->objective, clock_mhz());
        probe.stop_score = bound->objective;
      }
    } else {
      stopped_ = true;
    }
    *nearest = Search(probe);
    if (std::isfinite(nearest->score)) part.found = quantity.ValueAt(nearest->score, clock_mhz());
    return part;
  }

  LimitConflict::Part LookAtParameter(std::size_t p, const std::vector<Restriction>& others, Found* nearest) {
    const ParameterSpec& parameter = spec_.hardware_template->parameter(static_cast<int>(p));
    const ParameterRange& range = spec_.hardware_range[p];
    LimitConflict::Part part;
    part.name = parameter.name;
    part.at_least = range.min > parameter.min && range.max == parameter.max;
    part.limit = range.min == range.max ? absl::StrCat(part.name, " = ", ExactNumber(range.min))
                 : part.at_least        ? absl::StrCat(part.name, " >= ", ExactNumber(range.min))
                                        : absl::StrCat(part.name, " <= ", ExactNumber(range.max));
    SearchSpec probe = Under(spec_, others);
    probe.stop_score = std::numeric_limits<double>::max();
    *nearest = Search(probe);
    // Nearer and nearer, from the side on which it was found.
    for (int i = 0; i < kHalvings && std::isfinite(nearest->score) && !stopped_; ++i) {
      const double found = nearest->hardware[p];
      const double end = found > range.max ? range.max : range.min;
      const double middle = std::nearbyint(std::sqrt(found * end) / parameter.step) * parameter.step;
      if (middle == found || middle == end) break;
      probe.hardware_range[p] = found > end ? ParameterRange{end, middle} : ParameterRange{middle, end};
      Found nearer = Search(probe);
      if (!std::isfinite(nearer.score)) break;
      *nearest = std::move(nearer);
    }
    if (std::isfinite(nearest->score)) part.found = nearest->hardware[p];
    return part;
  }

  // How far, in log2, a design is beyond a restriction.
  double Beyond(const Restriction& restriction, const Found& found) const {
    if (!std::isfinite(found.score)) return kInfinity;
    if (restriction.limit.has_value()) {
      const std::vector<MetricLimit> one = {*restriction.limit};
      return Constraints(one, *spec_.hardware_template).Overrun(0, Log2Of(found.metrics));
    }
    const ParameterRange& range = spec_.hardware_range[restriction.parameter];
    const double value = found.hardware[restriction.parameter];
    return std::abs(std::log2(value / std::clamp(value, range.min, range.max)));
  }

  std::string Describe(const Found& found) const {
    std::vector<std::string> sizes;
    for (std::size_t p = 0; p < found.hardware.size(); ++p) {
      sizes.push_back(absl::StrCat(spec_.hardware_template->parameter(static_cast<int>(p)).name, " ",
                                   ExactNumber(found.hardware[p])));
    }
    return absl::StrCat(absl::StrJoin(sizes, ", "), "; energy_uj ", found.metrics.energy_uj, ", latency_cycles ",
                        found.metrics.latency_cycles, ", area_mm2 ", found.metrics.area_mm2);
  }

  const SearchSpec& spec_;
  const std::function<bool()>& stop_requested_;
  bool stopped_ = false;
};

// "at least 22.5 is proven, 23 was found"
std::string NeedText(const LimitConflict::Part& part) {
  std::vector<std::string> values;
  if (part.proven.has_value()) {
    values.push_back(absl::StrCat("at ", part.at_least ? "most " : "least ", ExactNumber(*part.proven), " is proven"));
  }
  values.push_back(part.found.has_value() ? absl::StrCat(ExactNumber(*part.found), " was found") : "none was found");
  return absl::StrJoin(values, ", ");
}

// Of a limit that is impossible by itself.
std::string SingleText(const LimitConflict::Part& part, bool proven) {
  std::string text = absl::StrCat("limit ", part.limit, proven ? " is impossible" : " seems impossible");
  if (!proven) {
    absl::StrAppend(&text, ": no design that keeps it was found");
  } else if (part.proven.has_value()) {
    absl::StrAppend(&text, ": it is proven that every design has at ", part.at_least ? "most " : "least ",
                    ExactNumber(*part.proven));
  } else {
    absl::StrAppend(&text, ": it is proven that no design keeps it");
  }
  if (part.found.has_value()) {
    absl::StrAppend(&text, "; the nearest value that a design was found for is ", ExactNumber(*part.found));
  }
  return text;
}

std::string JointText(const std::vector<LimitConflict::Part>& parts, bool proven) {
  const std::string limits = absl::StrJoin(
      parts, " and ", [](std::string* text, const LimitConflict::Part& part) { absl::StrAppend(text, part.limit); });
  std::string text =
      absl::StrCat("limits ", limits, " are in conflict: ",
                   proven ? "it is proven that no design keeps all of them" : "no design that keeps all was found");
  for (const LimitConflict::Part& part : parts) {
    absl::StrAppend(&text, "; with the rest kept, ", part.name, ": ", NeedText(part));
  }
  return text;
}

}  // namespace

std::string LimitConflict::ToString() const {
  const std::string text = parts.size() == 1 ? SingleText(parts.front(), proven) : JointText(parts, proven);
  return nearest.empty() ? text : absl::StrCat(text, "; nearest design: ", nearest);
}

std::optional<Diagnosis> DiagnoseLimits(const SearchSpec& spec, const std::function<bool()>& stop_requested) {
  return Diagnostician(spec, stop_requested).Run();
}

}  // namespace oneloop
