#include "server/wire/search_build.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/constraints.h"
#include "common/convert/convert.h"
#include "server/search/own_best.h"
#include "server/search/spec_validation.h"
#include "server/wire/predictor.h"

namespace oneloop {
namespace {

constexpr std::size_t kLongestJoinedName = 63;

constexpr int kDefaultStarts = 7;
constexpr int kDefaultSteps = 1490;
constexpr int kDefaultRoundPeriod = 100;
constexpr double kDefaultLearningRate = 0.5;
// The best of the rates that were tried: docs/RESULTS.md, section "Ablations".
constexpr double kDefaultRawLearningRate = 1;
constexpr double kDefaultDescentShare = 0.3;
constexpr v1::Factors kDefaultFactors = v1::IMPERFECT;
constexpr int kMostStarts = 10000;
constexpr std::int64_t kMostSamplesPerStart = 10000000;
// Beyond it a number is likelier to be meant as per cent than as a goal.
constexpr double kLargestStopGap = 1;
// Whole multiples of a step that is no power of two are not exact in binary.
constexpr double kStepTolerance = 1e-9;

absl::Status CheckCount(std::string_view field, std::int64_t value, std::int64_t max) {
  if (value >= 1 && value <= max) return absl::OkStatus();
  return FieldError(field, absl::StrCat("is ", value, "; valid: 1 to ", max));
}

absl::StatusOr<std::int64_t> SamplesPerStart(const v1::JobSpec& spec) {
  if (!spec.has_samples()) {
    RETURN_IF_ERROR(CheckCount("steps", spec.steps(), kMostSamplesPerStart));
    return spec.steps();
  }
  RETURN_IF_ERROR(CheckCount("samples", spec.samples(), kMostSamplesPerStart * spec.starts()));
  return (spec.samples() + spec.starts() - 1) / spec.starts();
}

absl::Status SetFront(const v1::JobSpec& spec, SearchSpec* search) {
  absl::StatusOr<FrontSpace> front = FrontSpace::Parse(spec.objective_front());
  if (!front.ok()) return PrefixField("objective_front", front.status());
  if (spec.has_stop_gap()) {
    return FieldError("stop_gap", "cannot be given with objective FRONT, which has no one best design");
  }
  search->front = *front;
  search->objective = ProductOf(*front);
  return absl::OkStatus();
}

absl::Status SetObjective(const v1::JobSpec& spec, SearchSpec* search) {
  if (spec.objective_product().empty() != (spec.objective() != v1::PRODUCT)) {
    return spec.objective_product().empty()
               ? FieldError("objective_product", "is missing; objective PRODUCT is what it says")
               : FieldError("objective_product", "cannot be given together with another objective");
  }
  if (!spec.objective_front().empty() && spec.objective() != v1::FRONT) {
    return FieldError("objective_front", "cannot be given together with another objective");
  }
  switch (spec.objective()) {
    case v1::EDP:
      search->objective = MetricProduct::Edp();
      break;
    case v1::ENERGY:
      search->objective = MetricProduct::Of(Metric::kEnergy);
      break;
    case v1::LATENCY:
    case v1::THROUGHPUT:
      search->objective = MetricProduct::Of(Metric::kLatency);
      break;
    case v1::AREA:
      search->objective = MetricProduct::Of(Metric::kArea);
      break;
    case v1::POWER:
      search->objective = MetricProduct::Of(Metric::kPower);
      break;
    case v1::PRODUCT: {
      absl::StatusOr<MetricProduct> product = MetricProduct::Parse(spec.objective_product());
      if (!product.ok()) return PrefixField("objective_product", product.status());
      search->objective = *product;
      break;
    }
    case v1::FRONT:
      return SetFront(spec, search);
    default:
      return FieldError("objective",
                        absl::StrCat("is ", spec.objective(),
                                     "; valid: EDP, ENERGY, LATENCY, AREA, POWER, THROUGHPUT, PRODUCT, FRONT"));
  }
  return absl::OkStatus();
}

// The networks' layers one after the other, each network's by itself.
absl::StatusOr<Workload> JoinNetworks(const v1::JobSpec& spec, const v1::Library& resolved) {
  Workload joined;
  for (int n = 0; n < spec.networks_size(); ++n) {
    const std::string path = absl::StrCat("networks[", n, "]");
    absl::StatusOr<Workload> workload = WorkloadFromProto(resolved.workloads(n));
    if (!workload.ok()) return PrefixField(path + ".workload", workload.status());
    for (const Network& other : joined.networks) {
      if (other.name != workload->name) continue;
      return FieldError(path, absl::StrCat("is the workload '", workload->name,
                                           "', which another network is already; raise that one's weight, or give "
                                           "this one another name"));
    }
    if (joined.layers.size() + workload->layers.size() > static_cast<std::size_t>(kMaxLayers)) {
      return FieldError("networks", absl::StrCat("have more than ", kMaxLayers, " layers in all"));
    }
    joined.name += absl::StrCat(n == 0 ? "" : "-", workload->name);
    joined.networks.push_back({workload->name, spec.networks(n).weight()});
    for (Layer& layer : workload->layers) {
      layer.network = n;
      joined.layers.push_back(std::move(layer));
    }
  }
  joined.name.resize(std::min(joined.name.size(), kLongestJoinedName));
  RETURN_IF_ERROR(ValidateWorkload(joined));
  return joined;
}

absl::StatusOr<Workload> BuildWorkload(const v1::JobSpec& spec, const v1::Library& resolved) {
  if (!spec.networks().empty()) return JoinNetworks(spec, resolved);
  absl::StatusOr<Workload> workload = WorkloadFromProto(resolved.workloads(0));
  if (!workload.ok()) return PrefixField("workload", workload.status());
  return workload;
}

absl::Status SetCombination(const v1::JobSpec& spec, SearchSpec* search) {
  Combination& combination = search->combination;
  switch (spec.combination()) {
    case v1::COMBINATION_UNSPECIFIED:
      return absl::OkStatus();
    case v1::SUM:
      combination.kind = Combination::Kind::kSum;
      break;
    case v1::GEOMETRIC_MEAN:
      combination.kind = Combination::Kind::kGeometricMean;
      break;
    case v1::WORST_RATIO:
      combination.kind = Combination::Kind::kWorstRatio;
      break;
    default:
      return FieldError("combination",
                        absl::StrCat("is ", spec.combination(), "; valid: SUM, GEOMETRIC_MEAN, WORST_RATIO"));
  }
  if (spec.networks().empty()) return FieldError("combination", "is given, but the job has no `networks`");
  for (int n = 0; n < spec.networks_size(); ++n) {
    const v1::JobNetwork& network = spec.networks(n);
    const std::string field = absl::StrCat("networks[", n, "].reference");
    if (network.has_reference() && spec.combination() != v1::WORST_RATIO) {
      return FieldError(field, "is given, but only combination WORST_RATIO compares with it");
    }
    if (network.has_reference() && !(network.reference() > 0 && std::isfinite(network.reference()))) {
      return FieldError(field, absl::StrCat("is ", network.reference(), "; valid: above 0"));
    }
    if (spec.combination() == v1::WORST_RATIO) combination.references.push_back(network.reference());
  }
  return absl::OkStatus();
}

absl::Status SetAlgorithm(const v1::JobSpec& spec, SearchSpec* search) {
  switch (spec.algorithm()) {
    case v1::GRADIENT:
      search->algorithm = Algorithm::kGradient;
      break;
    case v1::RANDOM:
      search->algorithm = Algorithm::kRandom;
      break;
    case v1::BAYESIAN:
      search->algorithm = Algorithm::kBayesian;
      break;
    case v1::DEFAULT_TILER:
      search->algorithm = Algorithm::kDefaultTiling;
      break;
    default:
      return FieldError("algorithm",
                        absl::StrCat("is ", spec.algorithm(), "; valid: GRADIENT, RANDOM, BAYESIAN, DEFAULT_TILER"));
  }
  return absl::OkStatus();
}

absl::Status SetOrderStrategy(const v1::JobSpec& spec, SearchSpec* search) {
  switch (spec.order_strategy()) {
    case v1::FIXED:
      search->order_strategy = OrderStrategy::kFixed;
      break;
    case v1::ITERATE:
      search->order_strategy = OrderStrategy::kIterate;
      break;
    case v1::SOFTMAX:
      search->order_strategy = OrderStrategy::kSoftmax;
      break;
    default:
      return FieldError("order_strategy",
                        absl::StrCat("is ", spec.order_strategy(), "; valid: FIXED, ITERATE, SOFTMAX"));
  }
  return absl::OkStatus();
}

absl::Status SetChoices(const v1::JobSpec& spec, SearchSpec* search) {
  RETURN_IF_ERROR(SetObjective(spec, search));
  RETURN_IF_ERROR(SetCombination(spec, search));
  RETURN_IF_ERROR(SetAlgorithm(spec, search));
  RETURN_IF_ERROR(SetOrderStrategy(spec, search));
  if (spec.parametrization() != v1::LOG && spec.parametrization() != v1::RAW) {
    return FieldError("parametrization", absl::StrCat("is ", spec.parametrization(), "; valid: LOG, RAW"));
  }
  search->parametrization = spec.parametrization() == v1::RAW ? Parametrization::kRaw : Parametrization::kLog;
  return absl::OkStatus();
}

absl::Status SetCounts(const v1::JobSpec& spec, SearchSpec* search) {
  RETURN_IF_ERROR(CheckCount("starts", spec.starts(), kMostStarts));
  ASSIGN_OR_RETURN(search->samples_per_start, SamplesPerStart(spec));
  if (spec.round_period() < 1) {
    return FieldError("round_period", absl::StrCat("is ", spec.round_period(), "; valid: 1 or more"));
  }
  if (!(spec.learning_rate() >= 1e-6 && spec.learning_rate() <= 10)) {
    return FieldError("learning_rate", absl::StrCat("is ", spec.learning_rate(), "; valid: 1e-6 to 10"));
  }
  if (spec.has_stop_gap() && !(spec.stop_gap() > 0 && spec.stop_gap() <= kLargestStopGap)) {
    return FieldError("stop_gap", absl::StrCat("is ", spec.stop_gap(), "; valid: above 0, at most ", kLargestStopGap,
                                               " (0.01 is 1 %)"));
  }
  search->starts = spec.starts();
  search->descent_share = spec.descent_share();
  search->seed = spec.seed();
  search->round_period = spec.round_period();
  search->learning_rate = spec.learning_rate();
  return absl::OkStatus();
}

absl::Status FixParameters(const v1::JobSpec& spec, SearchSpec* search) {
  const Template& hardware_template = *search->hardware_template;
  // Sorted, so that the first error does not depend on the map's order.
  const std::map<std::string, double> fixed(spec.fixed_parameters().begin(), spec.fixed_parameters().end());
  for (const auto& [name, value] : fixed) {
    const std::string field = "fixed_parameters." + name;
    const int index = hardware_template.FindParameter(name);
    if (index < 0) {
      return FieldError(field, absl::StrCat("is not a parameter of template '", hardware_template.name(), "'",
                                            SuggestName(name, hardware_template.parameter_names())));
    }
    const ParameterSpec& parameter = hardware_template.parameter(index);
    if (!(value >= parameter.min && value <= parameter.max)) {
      return FieldError(field, absl::StrCat("is ", value, "; valid: ", parameter.min, " to ", parameter.max));
    }
    const double steps = value / parameter.step;
    if (std::abs(steps - std::round(steps)) > kStepTolerance * steps) {
      return FieldError(field, absl::StrCat("is ", value, "; valid: whole multiples of ", parameter.step));
    }
    const double snapped = std::round(steps) * parameter.step;
    search->hardware_range[static_cast<std::size_t>(index)] = {snapped, snapped};
  }
  return absl::OkStatus();
}

// Of two limits on one quantity the tighter one counts.
void AddMetricLimit(const MetricLimit& limit, std::vector<MetricLimit>* limits) {
  const auto same = std::find_if(limits->begin(), limits->end(), [&limit](const MetricLimit& other) {
    return other.quantity == limit.quantity && other.network == limit.network;
  });
  if (same == limits->end()) {
    limits->push_back(limit);
  } else {
    const bool at_least = InfoOf(limit.quantity).at_least;
    same->bound = at_least ? std::max(same->bound, limit.bound) : std::min(same->bound, limit.bound);
  }
}

absl::Status LimitParameter(const ParameterSpec& parameter, double max, ParameterRange* range) {
  const double floored = std::floor(max / parameter.step * (1 + kStepTolerance)) * parameter.step;
  if (range->min == range->max && max < range->min) {
    return FieldError("max", absl::StrCat("is ", max, ", but ", parameter.name, " is fixed at ", range->min));
  }
  range->max = std::min(range->max, floored);
  if (range->max >= range->min) return absl::OkStatus();
  return FieldError("max", absl::StrCat("is ", max, ", which no design can meet; valid for ", parameter.name, ": ",
                                        parameter.min, " or more"));
}

// The one bound that a limit gives, which `field` names.
absl::StatusOr<double> BoundOf(const v1::Limit& limit, std::string_view field) {
  const bool is_max = field == "max";
  const double bound = is_max ? limit.max() : limit.min();
  const double other = is_max ? limit.min() : limit.max();
  if (other != 0) {
    return FieldError(is_max ? "min" : "max",
                      absl::StrCat("is ", other, ", but ", limit.quantity(), " has no ", is_max ? "lower" : "upper",
                                   " limits; valid: ", ToAbsl(field)));
  }
  if (!(bound > 0) || std::isinf(bound)) return FieldError(field, absl::StrCat("is ", bound, "; valid: above 0"));
  return bound;
}

// Which of the workload's networks a limit is on.
absl::StatusOr<int> NetworkOf(const v1::Limit& limit, const Workload& workload) {
  if (limit.network().empty()) return MetricLimit::kWholeWorkload;
  std::vector<std::string> names;
  for (const Network& network : workload.networks) names.push_back(network.name);
  const auto found = std::find(names.begin(), names.end(), limit.network());
  if (found != names.end()) return static_cast<int>(found - names.begin());
  return FieldError("network", absl::StrCat("is '", limit.network(), "', ",
                                            names.empty() ? "but the job has no `networks`"
                                                          : "which is none of the job's networks" +
                                                                SuggestName(limit.network(), names)));
}

absl::Status AddLimit(const v1::Limit& limit, SearchSpec* search) {
  const Template& hardware_template = *search->hardware_template;
  ASSIGN_OR_RETURN(const int network, NetworkOf(limit, *search->workload));
  if (const QuantityInfo* quantity = FindQuantity(limit.quantity())) {
    ASSIGN_OR_RETURN(const double bound, BoundOf(limit, quantity->at_least ? "min" : "max"));
    if (NeedsClock(*quantity) && !hardware_template.spec().clock_mhz.has_value()) {
      return FieldError("quantity", absl::StrCat("is ", limit.quantity(), ", which needs a clock, and template '",
                                                 hardware_template.name(), "' has no clock_mhz"));
    }
    AddMetricLimit({quantity->quantity, bound, network}, &search->limits);
    return absl::OkStatus();
  }
  const int index = hardware_template.FindParameter(limit.quantity());
  if (index < 0) {
    std::vector<std::string> names;
    for (const QuantityInfo& quantity : AllQuantities()) names.emplace_back(quantity.name);
    for (const std::string& name : hardware_template.parameter_names()) names.push_back(name);
    return FieldError("quantity", absl::StrCat("is '", limit.quantity(), "'", SuggestName(limit.quantity(), names)));
  }
  if (network != MetricLimit::kWholeWorkload) {
    return FieldError("network", absl::StrCat("is '", limit.network(), "', but ", limit.quantity(),
                                              " is a parameter of the chip, which all networks share"));
  }
  ASSIGN_OR_RETURN(const double max, BoundOf(limit, "max"));
  return LimitParameter(hardware_template.parameter(index), max,
                        &search->hardware_range[static_cast<std::size_t>(index)]);
}

absl::Status SetLatency(const v1::JobSpec& spec, const v1::Library& resolved, SearchSpec* search) {
  const v1::Calibration* const calibration = resolved.calibrations().empty() ? nullptr : &resolved.calibrations(0);
  if (calibration != nullptr && search->hardware_template->num_choices() > 1) {
    return FieldError("calibration_name",
                      "predicts latencies of mappings that keep what the template's levels keep, and it has may_keep; "
                      "leave it out, or say what is kept by constraints");
  }
  ASSIGN_OR_RETURN(search->latency,
                   MakePredictor(calibration, spec.predictor(), search->hardware_template, search->hardware_range));
  if (search->latency == nullptr || !spec.has_stop_gap() || search->objective == MetricProduct::Of(Metric::kEnergy)) {
    return absl::OkStatus();
  }
  return FieldError("stop_gap",
                    "needs a proven bound, and none is proven of predicted latencies; valid: objective "
                    "ENERGY, or no calibration");
}

// What mappings must be is the template's to say: a job's constraints are added to it, and one for perfect factors
// alone has one that asks for them everywhere, so that nothing behind it has two things to look at.
absl::StatusOr<std::shared_ptr<const Template>> BuildTemplate(const v1::JobSpec& spec, const v1::Template& message) {
  if (spec.factors() != v1::IMPERFECT && spec.factors() != v1::PERFECT) {
    return FieldError("factors", absl::StrCat("is ", spec.factors(), "; valid: IMPERFECT, PERFECT"));
  }
  ASSIGN_OR_RETURN(const v1::Template constrained, ConstrainedTemplate(spec.constraints(), message));
  absl::StatusOr<std::shared_ptr<const Template>> hardware_template = TemplateFromProto(constrained);
  if (hardware_template.ok() && spec.factors() == v1::PERFECT) {
    TemplateSpec perfect = (*hardware_template)->spec();
    perfect.perfect_dims = kEveryDim;
    hardware_template = Template::Create(std::move(perfect));
  }
  if (!hardware_template.ok()) return PrefixField("template", hardware_template.status());
  return hardware_template;
}

absl::Status Unreadable(std::string_view what) {
  return absl::DataLossError(absl::StrCat("the stored ", ToAbsl(what), " of the job cannot be read"));
}

absl::StatusOr<v1::Library> DecodeResolved(const std::string& bytes, int num_workloads) {
  v1::Library resolved;
  if (!resolved.ParseFromString(bytes) || resolved.workloads_size() != num_workloads ||
      resolved.templates_size() != 1 || resolved.calibrations_size() > 1) {
    return Unreadable("workload, template and calibration");
  }
  return resolved;
}

}  // namespace

absl::StatusOr<v1::JobSpec> WithDefaults(v1::JobSpec spec) {
  if (spec.has_steps() && spec.has_samples()) {
    return FieldError("samples",
                      "cannot be given together with steps: samples counts the whole job's, steps each start's");
  }
  // A heuristic has nothing to try again.
  const bool searches = spec.algorithm() != v1::DEFAULT_TILER;
  if (!spec.has_starts()) spec.set_starts(searches ? kDefaultStarts : 1);
  if (!spec.has_steps() && !spec.has_samples()) spec.set_steps(searches ? kDefaultSteps : 1);
  if (!spec.has_round_period()) spec.set_round_period(kDefaultRoundPeriod);
  if (spec.parametrization() == v1::PARAMETRIZATION_UNSPECIFIED) spec.set_parametrization(v1::LOG);
  if (!spec.has_learning_rate()) {
    spec.set_learning_rate(spec.parametrization() == v1::RAW ? kDefaultRawLearningRate : kDefaultLearningRate);
  }
  if (!spec.has_descent_share()) spec.set_descent_share(kDefaultDescentShare);
  if (spec.objective() == v1::OBJECTIVE_UNSPECIFIED) {
    spec.set_objective(!spec.objective_front().empty()     ? v1::FRONT
                       : !spec.objective_product().empty() ? v1::PRODUCT
                                                           : v1::EDP);
  }
  if (!spec.networks().empty() && spec.combination() == v1::COMBINATION_UNSPECIFIED) spec.set_combination(v1::SUM);
  for (v1::JobNetwork& network : *spec.mutable_networks()) {
    if (!network.has_weight()) network.set_weight(1);
  }
  if (spec.algorithm() == v1::ALGORITHM_UNSPECIFIED) spec.set_algorithm(v1::GRADIENT);
  if (spec.order_strategy() == v1::ORDER_STRATEGY_UNSPECIFIED) spec.set_order_strategy(v1::ITERATE);
  if (spec.factors() == v1::FACTORS_UNSPECIFIED) spec.set_factors(kDefaultFactors);
  spec.set_predictor(EffectivePredictor(spec.predictor(), !spec.calibration_name().empty()));
  return spec;
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> BuildSearch(const v1::JobSpec& spec, const v1::Library& resolved) {
  auto search = std::make_shared<SearchSpec>();
  RETURN_IF_ERROR(SetCounts(spec, search.get()));
  RETURN_IF_ERROR(SetChoices(spec, search.get()));
  ASSIGN_OR_RETURN(Workload workload, BuildWorkload(spec, resolved));
  search->workload = std::make_shared<const Workload>(std::move(workload));
  ASSIGN_OR_RETURN(search->hardware_template, BuildTemplate(spec, resolved.templates(0)));
  for (const ParameterSpec& parameter : search->hardware_template->spec().parameters) {
    search->hardware_range.push_back({parameter.min, parameter.max});
  }
  RETURN_IF_ERROR(FixParameters(spec, search.get()));
  for (int i = 0; i < spec.limits_size(); ++i) {
    RETURN_IF_ERROR(PrefixField(absl::StrCat("limits[", i, "]"), AddLimit(spec.limits(i), search.get())));
  }
  RETURN_IF_ERROR(SetLatency(spec, resolved, search.get()));
  RETURN_IF_ERROR(ValidateSearchSpec(*search));
  return search;
}

absl::StatusOr<v1::JobSpec> ReadSpec(const std::string& bytes) {
  v1::JobSpec spec;
  if (!spec.ParseFromString(bytes)) return Unreadable("spec");
  // Before there was a choice all factors divided, and what was found and proven is of those.
  if (spec.factors() == v1::FACTORS_UNSPECIFIED) spec.set_factors(v1::PERFECT);
  return spec;
}

absl::StatusOr<std::shared_ptr<const SearchSpec>> ReadSearch(const EncodedSearch& encoded) {
  ASSIGN_OR_RETURN(const v1::JobSpec stored, ReadSpec(encoded.spec));
  // A job of an earlier version lacks the fields that have come since.
  ASSIGN_OR_RETURN(const v1::JobSpec spec, WithDefaults(stored));
  ASSIGN_OR_RETURN(const v1::Library resolved, DecodeResolved(encoded.resolved, std::max(1, spec.networks_size())));
  ASSIGN_OR_RETURN(const std::shared_ptr<const SearchSpec> search, BuildSearch(spec, resolved));
  return WithReferences(search, encoded.own_bests);
}

}  // namespace oneloop
