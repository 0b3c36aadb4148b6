#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/assignments.h"
#include "client/bad_rows.h"
#include "client/calibration_output.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/csv_reader.h"
#include "client/errors.h"
#include "client/input_file.h"
#include "client/mapping_columns.h"
#include "client/numbers.h"
#include "client/progress_meter.h"
#include "client/row_place.h"
#include "client/template_argument.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "calibrate";
constexpr absl::Duration kPollInterval = absl::Milliseconds(200);
// How long a daemon may be away.
constexpr absl::Duration kPatience = absl::Minutes(1);

class CalibrateCommand : public Command {
 public:
  std::string Name() const override { return kCommand; }
  std::string Summary() const override { return "trains a latency predictor on measured cycles"; }
  std::string Notes() const override {
    return "FILE has a header and one measured layer per row: the columns R S P Q C K N Wstride Hstride, optionally\n"
           "G Wdilation Hdilation and parameters of the template, mapping, and the cycles. --fix says at which\n"
           "hardware they were measured: every parameter that the size of an array or a bandwidth depends on. The\n"
           "daemon trains; this waits for it and prints how well the predictor does on rows that were left out.\n"
           "Wrong rows are an error, and the first 20 are told.\n"
           "Ctrl-C ends the waiting, not the training. Use it with `oneloop submit --calibration NAME`.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("FILE", "a CSV file; - reads the standard input", &file_);
    template_.Declare(flags);
    flags->AddRepeated("fix", "NAME=VALUE", "a parameter of the hardware that was measured", &fixed_);
    flags->Add("name", "NAME", "of the new calibration", &name_);
    project_.Declare(flags);
    flags->Add("cycles", "COLUMN", "the column of the cycles; default cycles, or the only one that ends in _cycles",
               &cycles_);
    flags->Add("description", "TEXT", "where the measurements come from", &description_);
    flags->Add("seed", "N", "the same seed trains the same predictor; default 0", &seed_);
    flags->Add("validate_only", "check everything, train nothing", &validate_only_);
    flags->Add("no_wait", "return as soon as the measurements are stored", &no_wait_);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    RETURN_IF_ERROR(template_.Check(kCommand));
    if (name_.empty()) return UsageError(kCommand, "--name is missing: --name NAME");
    v1::CreateCalibrationRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.Parent());
    request.set_calibration_id(name_);
    request.set_description(description_);
    request.set_seed(seed_);
    request.set_validate_only(validate_only_);
    RETURN_IF_ERROR(ParseFixed(kCommand, fixed_, request.mutable_fixed_parameters()));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const std::vector<std::string> parameters, template_.Resolve(*client, &request));
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file_, env.in));
    ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(text, FileName()));
    ASSIGN_OR_RETURN(const Columns columns, FindColumns(table, parameters));
    BadRows bad(table);
    const std::vector<const CsvRow*> rows = bad.ReadAll(table, [&](const CsvRow& row) -> absl::Status {
      v1::Measurement measurement;
      RETURN_IF_ERROR(ReadRow(row, columns, &measurement));
      *request.add_rows() = std::move(measurement);
      return absl::OkStatus();
    });
    // Of the others the daemon shall say what is wrong with them, too.
    if (!bad.empty()) request.set_validate_only(true);
    absl::StatusOr<v1::Calibration> calibration = client->CreateCalibration(request);
    AddBadRows(calibration.status(), rows, columns, &bad);
    if (!bad.empty()) {
      bad.Print(env.err, "");
      return ExitCode::kInvalidInput;
    }
    if (!calibration.ok()) return Locate(calibration.status(), rows, columns);
    if (validate_only_) {
      env.out << "the measurements are valid; nothing was trained\n";
      return ExitCode::kOk;
    }
    return no_wait_ ? Finish(*calibration, env) : Await(*client, *std::move(calibration), env);
  }

 private:
  struct Columns {
    MappingColumns mapping;
    std::size_t cycles = 0;
    std::string cycles_name;
  };

  std::string FileName() const { return file_ == "-" ? "<stdin>" : file_; }

  absl::StatusOr<Columns> FindColumns(const CsvTable& table, const std::vector<std::string>& parameters) const {
    const std::vector<std::string> names = ColumnNames(table.header);
    std::vector<std::string> given;
    for (const std::string& parameter : parameters) {
      if (std::find(names.begin(), names.end(), parameter) != names.end()) given.push_back(parameter);
    }
    Columns columns;
    ASSIGN_OR_RETURN(columns.mapping, MappingColumns::Find(table.header, given, FileName()));
    std::vector<std::size_t> found;
    const std::string wanted = cycles_.value_or("cycles");
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (names[i] == wanted) found.push_back(i);
    }
    for (std::size_t i = 0; found.empty() && !cycles_.has_value() && i < names.size(); ++i) {
      if (names[i].ends_with("_cycles")) found.push_back(i);
    }
    if (found.size() != 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          FileName(), ":", table.header.line, ": there ", found.empty() ? "is no" : "is more than one", " column '",
          wanted, cycles_.has_value() ? "'" : "', or that ends in _cycles", "; name the one with --cycles COLUMN"));
    }
    columns.cycles = found.front();
    columns.cycles_name = names[columns.cycles];
    return columns;
  }

  static absl::Status ReadRow(const CsvRow& row, const Columns& columns, v1::Measurement* measurement) {
    ASSIGN_OR_RETURN(v1::MappingRow mapping, columns.mapping.Read(row));
    const std::string cell(absl::StripAsciiWhitespace(row.cells[columns.cycles]));
    const std::optional<double> cycles = ParseNumber(cell);
    if (!cycles.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          columns.mapping.Place(row, columns.cycles_name), ": ",
          cell.empty() ? "is empty; valid: a number above 0" : absl::StrCat("'", cell, "' is not a number")));
    }
    *measurement->mutable_bounds() = std::move(*mapping.mutable_bounds());
    *measurement->mutable_parameters() = mapping.parameters();
    measurement->set_mapping(mapping.mapping());
    measurement->set_cycles(*cycles);
    return absl::OkStatus();
  }

  void AddBadRows(const absl::Status& status, const std::vector<const CsvRow*>& rows, const Columns& columns,
                  BadRows* bad) const {
    for (const absl::Status& error : ErrorsOf(status)) {
      RowField place;
      if (!ParseRowField(FieldOf(error), rows.size(), &place)) continue;
      bad->Add(rows[place.row]->line, Locate(error, rows, columns));
    }
  }

  absl::Status Locate(const absl::Status& status, const std::vector<const CsvRow*>& rows,
                      const Columns& columns) const {
    return RenameField(template_.Locate(status), [&](const std::string& field) -> std::string {
      RowField place;
      if (ParseRowField(field, rows.size(), &place)) {
        return columns.mapping.Place(*rows[place.row], place.field == "cycles" ? columns.cycles_name : place.field);
      }
      constexpr std::string_view kFixed = "fixed_parameters.";
      if (field.starts_with(kFixed)) return absl::StrCat("--fix ", field.substr(kFixed.size()));
      if (field == "calibration_id") return "--name";
      if (field == "parent") return "--project";
      return field == "rows" ? FileName() : "";
    });
  }

  absl::StatusOr<ExitCode> Await(ServiceClient& client, v1::Calibration calibration, Environment& env) const {
    v1::GetCalibrationRequest get;
    ASSIGN_OR_RETURN(*get.mutable_name(), project_.CalibrationName(name_));
    env.interrupts.Arm();
    bool interrupted = false;
    SteadyTime last_word = env.steady_now();
    {
      LiveLine line(env.err, env.err_is_terminal);
      while (calibration.state() == v1::TRAINING && !interrupted) {
        line.Draw(absl::StrCat("calibration ", name_, " ", CalibrationStateText(calibration)));
        env.sleep(kPollInterval);
        interrupted = env.interrupts.Pending();
        absl::StatusOr<v1::Calibration> now = client.GetCalibration(get);
        // A daemon that restarts trains anew.
        if (now.ok()) last_word = env.steady_now();
        if (absl::IsUnavailable(now.status()) && env.steady_now() - last_word < kPatience) continue;
        if (!now.ok()) {
          env.interrupts.Disarm();
          return now.status();
        }
        calibration = *std::move(now);
      }
    }
    env.interrupts.Disarm();
    if (!interrupted) return Finish(calibration, env);
    env.err << "oneloop: the training goes on; see `oneloop calibrations " << name_ << "`" << std::endl;
    return ExitCode::kInterrupted;
  }

  ExitCode Finish(const v1::Calibration& calibration, Environment& env) const {
    PrintCalibration(calibration, format_.get(), env.out);
    const bool failed = calibration.state() == v1::TRAINING_FAILED;
    if (!failed && calibration.state() != v1::TRAINING_CANCELLED) return ExitCode::kOk;
    env.err << "oneloop: the training " << (failed ? "failed: " : "was ") << OneLine(calibration.message())
            << std::endl;
    return ExitCode::kJobFailed;
  }

  std::string file_;
  TemplateArgument template_;
  std::vector<std::string> fixed_;
  std::string name_;
  ProjectFlag project_;
  std::optional<std::string> cycles_;
  std::string description_;
  std::uint64_t seed_ = 0;
  bool validate_only_ = false;
  bool no_wait_ = false;
  FormatFlag format_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeCalibrateCommand() { return std::make_unique<CalibrateCommand>(); }

}  // namespace oneloop
