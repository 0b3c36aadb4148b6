#include "client/submit_request.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/assignments.h"
#include "client/enum_names.h"
#include "client/errors.h"
#include "client/exit_code.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"
#include "common/formats/import.h"
#include "common/formats/timeloop_constraints.h"

namespace oneloop {
namespace {

// Of objectives that are fronts, before a colon and their metrics.
constexpr char kFront[] = "pareto";

// "1%" or "0.01"
absl::StatusOr<double> ParseShare(const std::string& command, const std::string& flag, const std::string& text) {
  std::string number(absl::StripAsciiWhitespace(text));
  const bool percent = number.ends_with('%');
  if (percent) number.pop_back();
  absl::StripTrailingAsciiWhitespace(&number);
  const std::optional<double> value = ParseNumber(number);
  if (!value.has_value()) {
    return UsageError(command, absl::StrCat("--", flag, " ", text, ": expected a share, for example 1% or 0.01"));
  }
  return percent ? *value / 100 : *value;
}

// "NAME:3": a name or a file, and a number.
struct WeightedName {
  std::string name;
  std::optional<double> weight;
};
WeightedName SplitWeight(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, std::nullopt};
  const std::optional<double> weight = ParseNumber(text.substr(colon + 1));
  if (!weight.has_value()) return {text, std::nullopt};
  return {text.substr(0, colon), weight};
}

template <class Enum>
Enum ParseChoice(const google::protobuf::EnumDescriptor* type, const std::string& name) {
  return static_cast<Enum>(EnumNumber(type, name).value_or(0));
}

}  // namespace

void SubmitRequest::Declare(FlagSet* flags) {
  flags->AddRepeated("workload", "NAME|FILE[:WEIGHT]",
                     "what to compute: a shipped workload (see `oneloop workloads`) or a file that `workloads import` "
                     "reads; several share one chip, each with so many runs, 1 by default",
                     &workloads_);
  flags->AddChoice("combination", EnumNames(v1::Combination_descriptor()),
                   "of several workloads, how their objectives become one; default sum", &combination_);
  flags->AddRepeated("reference", "NAME=VALUE",
                     "with combination worst_ratio: what a workload's objective is compared with; default the best on "
                     "a chip of its own",
                     &references_);
  import_.Declare(flags);
  flags->Add("template", "NAME|FILE",
             "the hardware: a shipped template (see `oneloop templates`) or a YAML or JSON file", &template_);
  flags->Add("constraints", "FILE",
             "what mappings must be, beside what the template asks: factors, dimensions, orders, what is kept where; a "
             "YAML or JSON file, or Timeloop's constraints for a template FILE whose levels they name",
             &constraints_);
  flags->Add("objective", "NAME|PRODUCT|FRONT",
             "what to minimise: edp (the default), energy, latency, area, power, throughput (what to maximise), a "
             "product of energy, latency, area and power, for example energy*latency^2, or a whole front: "
             "pareto:energy,latency,area, or two of them",
             &objective_);
  flags->AddChoice("algorithm", EnumNames(v1::Algorithm_descriptor()), "how to search; default gradient", &algorithm_);
  flags->AddChoice("order_strategy", EnumNames(v1::OrderStrategy_descriptor()),
                   "how loop orders are chosen; default iterate", &order_strategy_);
  flags->AddChoice(
      "factors", EnumNames(v1::Factors_descriptor()),
      "into which factors bounds are split: those that divide them, or any, so that the last run of a loop "
      "may be shorter; default imperfect",
      &factors_);
  flags->Add("starts", "N", "independent starts; default 7", &starts_, "1 to 10000");
  flags->Add("steps", "N", "samples of each start; default 1490", &steps_, "1 to 10000000");
  flags->Add("samples", "N", "samples of the whole job, instead of --steps", &samples_, "1 to 100000000000");
  flags->Add("seed", "N", "the same seed finds the same points; default 0", &seed_);
  flags->AddRepeated("fix", "NAME=VALUE", "fix a parameter of the template; may be given several times", &fixed_);
  flags->AddRepeated("limit", "[WORKLOAD:]NAME<=VALUE",
                     "a hard limit on energy_uj, latency_cycles, area_mm2, edp, power_w, latency_ms or a parameter; "
                     "throughput_per_s>=VALUE; of several workloads on one of them, or on all together",
                     &limits_);
  flags->Add("round_period", "N", "descent steps between roundings; default 100", &round_period_, "1 to 10000000");
  flags->Add("learning_rate", "X", "of the descent, in what it moves; default 0.5, raw 1", &learning_rate_);
  flags->Add("descent_share", "X", "of the samples, 0 to 1: 0 is polish alone, 1 descent alone; default 0.3",
             &descent_share_);
  flags->AddChoice("parametrization", EnumNames(v1::Parametrization_descriptor()),
                   "what the descent moves: log2 of the factors, or the factors; default log", &parametrization_);
  flags->Add("stop_gap", "SHARE", "end early with a design at most so far above the proven lower bound, for example 1%",
             &stop_gap_);
  flags->Add("calibration", "NAME", "predict latencies by a calibration of the template (see `oneloop calibrations`)",
             &calibration_);
  flags->AddChoice("predictor", EnumNames(v1::Predictor_descriptor()),
                   "what predicts latencies; default combined with a calibration, else analytical", &predictor_);
  settings_.Declare(flags);
  flags->Add("request_id", "ID", "submitting again with the same ID gives the same job; default random", &request_id_);
  flags->Add("validate_only", "check everything, submit nothing", &validate_only_);
}

absl::Status SubmitRequest::Set(const std::string& flag, const std::string& value) {
  FlagSet flags(command_);
  Declare(&flags);
  // Another workload, not one more.
  if (flag == "workload") workloads_.clear();
  return flags.Parse({absl::StrCat("--", flag, "=", value)});
}

absl::Status SubmitRequest::Fill(const Environment& env, v1::CreateJobRequest* request) {
  RETURN_IF_ERROR(FillSources(env, request->mutable_spec()));
  return FillSettings(env, request);
}

absl::Status SubmitRequest::FillSettings(const Environment& env, v1::CreateJobRequest* request) const {
  if (steps_.has_value() && samples_.has_value())
    return UsageError(command_, "--steps and --samples exclude each other");
  v1::JobSpec* const spec = request->mutable_spec();
  RETURN_IF_ERROR(FillConstraints(spec));
  if (objective_ == kFront || objective_.starts_with(absl::StrCat(kFront, ":"))) {
    spec->set_objective(v1::FRONT);
    spec->set_objective_front(objective_.substr(std::min(objective_.size(), sizeof(kFront))));
  } else if (const std::optional<int> named = EnumNumber(v1::Objective_descriptor(), objective_)) {
    spec->set_objective(static_cast<v1::Objective>(*named));
  } else {
    spec->set_objective_product(objective_);
  }
  spec->set_algorithm(ParseChoice<v1::Algorithm>(v1::Algorithm_descriptor(), algorithm_));
  spec->set_order_strategy(ParseChoice<v1::OrderStrategy>(v1::OrderStrategy_descriptor(), order_strategy_));
  spec->set_factors(ParseChoice<v1::Factors>(v1::Factors_descriptor(), factors_));
  if (starts_.has_value()) spec->set_starts(*starts_);
  if (steps_.has_value()) spec->set_steps(*steps_);
  if (samples_.has_value()) spec->set_samples(*samples_);
  spec->set_seed(seed_);
  if (round_period_.has_value()) spec->set_round_period(*round_period_);
  if (learning_rate_.has_value()) spec->set_learning_rate(*learning_rate_);
  if (descent_share_.has_value()) spec->set_descent_share(*descent_share_);
  spec->set_parametrization(ParseChoice<v1::Parametrization>(v1::Parametrization_descriptor(), parametrization_));
  spec->set_calibration_name(calibration_);
  spec->set_predictor(ParseChoice<v1::Predictor>(v1::Predictor_descriptor(), predictor_));
  if (stop_gap_.has_value()) {
    ASSIGN_OR_RETURN(const double stop_gap, ParseShare(command_, "stop_gap", *stop_gap_));
    spec->set_stop_gap(stop_gap);
  }
  RETURN_IF_ERROR(settings_.Fill(request));
  request->set_request_id(request_id_.has_value() ? *request_id_ : env.random_id());
  request->set_validate_only(validate_only_);
  return absl::OkStatus();
}

absl::Status SubmitRequest::FillSources(const Environment& env, v1::JobSpec* spec) {
  if (workloads_.empty()) return UsageError(command_, "--workload is missing: --workload NAME|FILE");
  if (template_.empty()) return UsageError(command_, "--template is missing: --template NAME|FILE");
  RETURN_IF_ERROR(FillWorkloads(env, spec));
  if (IsFileArgument(template_)) {
    RETURN_IF_ERROR(template_file_.Read(template_, "spec.template", spec->mutable_template_()));
  } else {
    spec->set_template_name(template_);
  }
  return FillMappingConstraints(env, spec);
}

absl::Status SubmitRequest::FillMappingConstraints(const Environment& env, v1::JobSpec* spec) {
  if (constraints_.empty()) return absl::OkStatus();
  if (!IsTimeloopConstraintFile(constraints_)) {
    return constraints_file_.Read(constraints_, "spec.constraints", spec->mutable_constraints());
  }
  if (!spec->has_template_()) {
    return UsageError(command_,
                      "--constraints: a constraint file of Timeloop's needs --template FILE, whose levels it names");
  }
  std::vector<std::string> warnings;
  ASSIGN_OR_RETURN(*spec->mutable_constraints(),
                   ReadTimeloopConstraintFile(constraints_, spec->template_(), &warnings));
  for (const std::string& warning : warnings) PrintNotice(env, OneLine(warning));
  return absl::OkStatus();
}

absl::Status SubmitRequest::FillWorkloads(const Environment& env, v1::JobSpec* spec) {
  workload_files_.clear();
  std::vector<WeightedName> parts;
  for (const std::string& text : workloads_) parts.push_back(SplitWeight(text));
  // One without a weight is no choice among several.
  if (parts.size() == 1 && !parts.front().weight.has_value() && combination_.empty()) {
    return FillWorkload(env, parts.front().name, "spec.workload", spec);
  }
  for (std::size_t n = 0; n < parts.size(); ++n) {
    v1::JobNetwork* const network = spec->add_networks();
    RETURN_IF_ERROR(FillWorkload(env, parts[n].name, absl::StrCat("spec.networks[", n, "].workload"), network));
    if (parts[n].weight.has_value()) network->set_weight(*parts[n].weight);
  }
  spec->set_combination(ParseChoice<v1::Combination>(v1::Combination_descriptor(), combination_));
  return FillReferences(spec);
}

template <class Message>
absl::Status SubmitRequest::FillWorkload(const Environment& env, const std::string& argument, const std::string& field,
                                         Message* message) {
  if (!IsFileArgument(argument)) {
    message->set_workload_name(argument);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const ImportOptions options, import_.Options());
  if (options.empty() && DetectWorkloadFormat(argument) == WorkloadFormat::kOneLoop) {
    return workload_files_.emplace_back().Read(argument, field, message->mutable_workload());
  }
  ASSIGN_OR_RETURN(v1::WorkloadImport import, ImportWorkload(argument, options));
  for (const std::string& warning : import.warnings()) PrintNotice(env, OneLine(warning));
  *message->mutable_workload() = std::move(*import.mutable_workload());
  return absl::OkStatus();
}

absl::Status SubmitRequest::FillReferences(v1::JobSpec* spec) const {
  for (const std::string& text : references_) {
    ASSIGN_OR_RETURN(const Assignment reference, ParseAssignment(command_, "reference", text, "=", "'NAME=6.3e10'"));
    const auto named = std::find_if(
        spec->mutable_networks()->begin(), spec->mutable_networks()->end(),
        [&reference](const v1::JobNetwork& network) {
          return (network.has_workload() ? network.workload().name() : network.workload_name()) == reference.name;
        });
    if (named == spec->mutable_networks()->end()) {
      return UsageError(command_,
                        absl::StrCat("--reference ", text, ": there is no --workload '", reference.name, "'"));
    }
    named->set_reference(reference.value);
  }
  return absl::OkStatus();
}

absl::Status SubmitRequest::FillConstraints(v1::JobSpec* spec) const {
  RETURN_IF_ERROR(ParseFixed(command_, fixed_, spec->mutable_fixed_parameters()));
  for (const std::string& text : limits_) {
    const bool at_least = absl::StrContains(text, ">=");
    ASSIGN_OR_RETURN(const Assignment limit,
                     ParseAssignment(command_, "limit", text, at_least ? ">=" : "<=", "'area_mm2<=4'"));
    v1::Limit* const message = spec->add_limits();
    const std::size_t colon = limit.name.find(':');
    if (colon == std::string::npos) {
      message->set_quantity(limit.name);
    } else {
      message->set_network(limit.name.substr(0, colon));
      message->set_quantity(limit.name.substr(colon + 1));
    }
    at_least ? message->set_min(limit.value) : message->set_max(limit.value);
  }
  return absl::OkStatus();
}

absl::Status SubmitRequest::Locate(const absl::Status& status) const {
  absl::Status located = constraints_file_.Locate(template_file_.Locate(status));
  for (const InputFile& file : workload_files_) located = file.Locate(located);
  return RenameField(located, [this](const std::string& field) { return FlagOf(field); });
}

std::string SubmitRequest::FlagOf(const std::string& field) const {
  static const auto* const kOtherNames = new std::map<std::string, std::string>{{"workload_name", "workload"},
                                                                                {"template_name", "template"},
                                                                                {"parent", "project"},
                                                                                {"calibration_name", "calibration"},
                                                                                {"labels", "label"},
                                                                                {"deadline_after", "deadline"},
                                                                                {"limits", "limit"},
                                                                                {"fixed_parameters", "fix"},
                                                                                {"objective_product", "objective"},
                                                                                {"objective_front", "objective"}};
  constexpr std::string_view kSpec = "spec.";
  std::string path = field.starts_with(kSpec) ? field.substr(kSpec.size()) : field;
  const std::size_t end = path.find_first_of(".[");
  const std::string top = path.substr(0, end);
  std::string_view rest = end == std::string::npos ? "" : std::string_view(path).substr(end);
  const auto other = kOtherNames->find(top);
  const std::string flag = "--" + (other == kOtherNames->end() ? top : other->second);
  if (top == "networks") {
    const auto index =
        rest.starts_with("[") ? ParseInteger<std::size_t>(rest.substr(1, rest.find(']') - 1)) : std::nullopt;
    if (rest.ends_with(".reference")) return "--reference";
    return index.has_value() && *index < workloads_.size() ? absl::StrCat("--workload ", workloads_[*index])
                                                           : "--workload";
  }
  if (top == "limits" && rest.starts_with("[")) {
    const auto index = ParseInteger<std::size_t>(rest.substr(1, rest.find(']') - 1));
    if (index.has_value() && *index < limits_.size()) return absl::StrCat(flag, " ", limits_[*index]);
  }
  if ((top == "fixed_parameters" || top == "labels") && rest.starts_with("."))
    return absl::StrCat(flag, " ", ToAbsl(rest.substr(1)));
  return absl::StrCat(flag, ToAbsl(rest));
}

}  // namespace oneloop
