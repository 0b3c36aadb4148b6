#include "client/submit_request.h"

#include <map>
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

namespace oneloop {
namespace {

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

template <class Enum>
Enum ParseChoice(const google::protobuf::EnumDescriptor* type, const std::string& name) {
  return static_cast<Enum>(EnumNumber(type, name).value_or(0));
}

}  // namespace

void SubmitRequest::Declare(FlagSet* flags) {
  flags->Add("workload", "NAME|FILE",
             "what to compute: a shipped workload (see `oneloop workloads`) or a file that `workloads import` reads",
             &workload_);
  import_.Declare(flags);
  flags->Add("template", "NAME|FILE",
             "the hardware: a shipped template (see `oneloop templates`) or a YAML or JSON file", &template_);
  flags->Add("objective", "NAME|PRODUCT",
             "what to minimise: edp (the default), energy, latency, area, power, throughput (what to maximise), or a "
             "product of energy, latency, area and power, for example energy*latency^2",
             &objective_);
  flags->AddChoice("algorithm", EnumNames(v1::Algorithm_descriptor()), "how to search; default gradient", &algorithm_);
  flags->AddChoice("order_strategy", EnumNames(v1::OrderStrategy_descriptor()),
                   "how loop orders are chosen; default iterate", &order_strategy_);
  flags->Add("starts", "N", "independent starts; default 7", &starts_, "1 to 10000");
  flags->Add("steps", "N", "samples of each start; default 1490", &steps_, "1 to 10000000");
  flags->Add("samples", "N", "samples of the whole job, instead of --steps", &samples_, "1 to 100000000000");
  flags->Add("seed", "N", "the same seed finds the same points; default 0", &seed_);
  flags->AddRepeated("fix", "NAME=VALUE", "fix a parameter of the template; may be given several times", &fixed_);
  flags->AddRepeated("limit", "NAME<=VALUE",
                     "a hard limit on energy_uj, latency_cycles, area_mm2, edp, power_w, latency_ms or a parameter; "
                     "throughput_per_s>=VALUE",
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
  if (const std::optional<int> named = EnumNumber(v1::Objective_descriptor(), objective_)) {
    spec->set_objective(static_cast<v1::Objective>(*named));
  } else {
    spec->set_objective_product(objective_);
  }
  spec->set_algorithm(ParseChoice<v1::Algorithm>(v1::Algorithm_descriptor(), algorithm_));
  spec->set_order_strategy(ParseChoice<v1::OrderStrategy>(v1::OrderStrategy_descriptor(), order_strategy_));
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
  if (workload_.empty()) return UsageError(command_, "--workload is missing: --workload NAME|FILE");
  if (template_.empty()) return UsageError(command_, "--template is missing: --template NAME|FILE");
  if (IsFileArgument(workload_)) {
    ASSIGN_OR_RETURN(const ImportOptions options, import_.Options());
    if (!options.empty() || DetectWorkloadFormat(workload_) != WorkloadFormat::kOneLoop) {
      ASSIGN_OR_RETURN(v1::WorkloadImport import, ImportWorkload(workload_, options));
      for (const std::string& warning : import.warnings()) PrintNotice(env, OneLine(warning));
      *spec->mutable_workload() = std::move(*import.mutable_workload());
    } else {
      RETURN_IF_ERROR(workload_file_.Read(workload_, "spec.workload", spec->mutable_workload()));
    }
  } else {
    spec->set_workload_name(workload_);
  }
  if (IsFileArgument(template_)) {
    RETURN_IF_ERROR(template_file_.Read(template_, "spec.template", spec->mutable_template_()));
  } else {
    spec->set_template_name(template_);
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
    message->set_quantity(limit.name);
    at_least ? message->set_min(limit.value) : message->set_max(limit.value);
  }
  return absl::OkStatus();
}

absl::Status SubmitRequest::Locate(const absl::Status& status) const {
  return RenameField(template_file_.Locate(workload_file_.Locate(status)),
                     [this](const std::string& field) { return FlagOf(field); });
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
                                                                                {"objective_product", "objective"}};
  constexpr std::string_view kSpec = "spec.";
  std::string path = field.starts_with(kSpec) ? field.substr(kSpec.size()) : field;
  const std::size_t end = path.find_first_of(".[");
  const std::string top = path.substr(0, end);
  std::string_view rest = end == std::string::npos ? "" : std::string_view(path).substr(end);
  const auto other = kOtherNames->find(top);
  const std::string flag = "--" + (other == kOtherNames->end() ? top : other->second);
  if (top == "limits" && rest.starts_with("[")) {
    const auto index = ParseInteger<std::size_t>(rest.substr(1, rest.find(']') - 1));
    if (index.has_value() && *index < limits_.size()) return absl::StrCat(flag, " ", limits_[*index]);
  }
  if ((top == "fixed_parameters" || top == "labels") && rest.starts_with("."))
    return absl::StrCat(flag, " ", ToAbsl(rest.substr(1)));
  return absl::StrCat(flag, ToAbsl(rest));
}

}  // namespace oneloop
