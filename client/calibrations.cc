#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/calibration_output.h"
#include "client/calibration_yaml.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

using Calibrations = google::protobuf::RepeatedPtrField<v1::Calibration>;

// Of whole rows left out at random, by the predictor that jobs use.
std::string ErrorText(const v1::Calibration& calibration) {
  for (const v1::HeldOutFigures& figures : calibration.held_out()) {
    if (figures.split() == "random" && figures.predictor() == "combined") {
      return absl::StrCat(ShortNumber(100 * figures.mean_error()), " %");
    }
  }
  return "";
}

void PrintList(const Calibrations& calibrations, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) {
    JsonListWriter list(out, "calibrations");
    for (const v1::Calibration& calibration : calibrations) list.Add(calibration);
    list.End();
    return;
  }
  TextTable table(out, {{"calibration"},
                        {"state"},
                        {"template"},
                        {"measured at"},
                        {"rows", TextTable::Align::kRight},
                        {"mean error", TextTable::Align::kRight}});
  if (format == OutputFormat::kCsv) {
    out << CsvLine({"name", "state", "template", "parameters", "measurements", "mean_error"});
  }
  for (const v1::Calibration& calibration : calibrations) {
    const std::vector<std::string> row = {calibration.name(),
                                          CalibrationStateText(calibration),
                                          calibration.template_name(),
                                          FormatParameters(calibration.fixed_parameters()),
                                          absl::StrCat(calibration.measurements()),
                                          ErrorText(calibration)};
    if (format == OutputFormat::kCsv) {
      out << CsvLine(row);
    } else {
      table.AddRow(row);
    }
  }
  if (format == OutputFormat::kTable) table.Flush();
}

class CalibrationsCommand : public Command {
 public:
  std::string Name() const override { return "calibrations"; }
  std::string Summary() const override {
    return "lists the calibrations of a project, shows one, cancels its training or deletes it";
  }
  std::string Notes() const override {
    return "json of one includes the trained model. A job keeps its copy of a calibration that is deleted.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddOptionalArgument("NAME", "the calibration to show", &name_);
    flags->Add("yaml", "print it as a YAML file with its model, to keep or to ship", &yaml_);
    flags->Add("cancel", "end its training, or take it from the queue", &cancel_);
    flags->Add("delete", "delete it, and end its training", &delete_);
    project_.Declare(flags);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (yaml_ && !name_.has_value()) return UsageError(Name(), "--yaml needs the name of a calibration");
    if (cancel_ && !name_.has_value()) return UsageError(Name(), "--cancel needs the name of a calibration");
    if (delete_ && !name_.has_value()) return UsageError(Name(), "--delete needs the name of a calibration");
    if (static_cast<int>(yaml_) + static_cast<int>(cancel_) + static_cast<int>(delete_) > 1) {
      return UsageError(Name(), "--yaml, --cancel and --delete exclude each other");
    }
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(name_.has_value() ? RunOnOne(*client, env.out) : ShowAll(*client, env.out));
    return ExitCode::kOk;
  }

 private:
  absl::Status RunOnOne(ServiceClient& client, std::ostream& out) const {
    ASSIGN_OR_RETURN(const std::string name, project_.CalibrationName(*name_));
    if (delete_) {
      v1::DeleteCalibrationRequest request;
      request.set_name(name);
      return client.DeleteCalibration(request);
    }
    if (cancel_) {
      v1::CancelCalibrationRequest request;
      request.set_name(name);
      ASSIGN_OR_RETURN(const v1::Calibration cancelled, client.CancelCalibration(request));
      PrintCalibration(cancelled, format_.get(), out);
      return absl::OkStatus();
    }
    v1::GetCalibrationRequest request;
    request.set_name(name);
    ASSIGN_OR_RETURN(const v1::Calibration calibration, client.GetCalibration(request));
    if (yaml_) {
      if (calibration.state() != v1::READY) {
        return absl::FailedPreconditionError(absl::StrCat("calibration '", *name_, "' is not trained"));
      }
      out << CalibrationYaml(calibration);
    } else {
      PrintCalibration(calibration, format_.get(), out);
    }
    return absl::OkStatus();
  }

  absl::Status ShowAll(ServiceClient& client, std::ostream& out) const {
    Calibrations all;
    v1::ListCalibrationsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.Parent());
    do {
      ASSIGN_OR_RETURN(v1::ListCalibrationsResponse response, client.ListCalibrations(request));
      all.MergeFrom(response.calibrations());
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    PrintList(all, format_.get(), out);
    return absl::OkStatus();
  }

  std::optional<std::string> name_;
  bool yaml_ = false;
  bool cancel_ = false;
  bool delete_ = false;
  ProjectFlag project_;
  FormatFlag format_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeCalibrationsCommand() { return std::make_unique<CalibrationsCommand>(); }

}  // namespace oneloop
