#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/chunk_evaluator.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/csv_reader.h"
#include "client/errors.h"
#include "client/input_file.h"
#include "client/mapping_columns.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::array<const char*, 3> kResultColumns = {"energy_uj", "latency_cycles", "area_mm2"};

// The input's header with its own result columns out of the way.
std::string OutputHeader(const CsvRow& header) {
  std::vector<std::string> names = header.cells;
  for (const std::string result : kResultColumns) {
    for (std::string& name : names) {
      if (name != result) continue;
      do {
        name.insert(0, "given_");
      } while (std::find(header.cells.begin(), header.cells.end(), name) != header.cells.end());
    }
  }
  names.insert(names.end(), kResultColumns.begin(), kResultColumns.end());
  return CsvLine(names);
}

std::string OutputText(const CsvTable& table, const std::vector<v1::MappingScore>& scores) {
  std::string text = OutputHeader(table.header);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    text.append(table.rows[i].text);
    for (const double figure : {scores[i].energy_uj(), scores[i].latency_cycles(), scores[i].area_mm2()}) {
      absl::StrAppend(&text, ",", ExactNumber(figure));
    }
    text += '\n';
  }
  return text;
}

class EvaluateCommand : public Command {
 public:
  std::string Name() const override { return "evaluate"; }
  std::string Summary() const override { return "scores the mappings of a CSV file with the cost model"; }
  std::string Notes() const override {
    return "FILE has a header and one layer with its mapping per row, in the columns R S P Q C K N Wstride Hstride,\n"
           "optionally G Wdilation Hdilation, one for each parameter of the template, and mapping. The output is the\n"
           "same rows, other columns included, with energy_uj, latency_cycles and area_mm2 appended, numbers exact. A\n"
           "column of the input that already has one of these names is passed on as given_energy_uj and so on. One\n"
           "wrong row is an error, and nothing is printed.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("FILE", "a CSV file; - reads the standard input", &file_);
    flags->Add("template", "NAME|FILE", "the hardware template: a shipped one, or a YAML file", &template_);
    flags->AddChoice("predictor", {"analytical"}, "what scores the mappings; default analytical", &predictor_);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (template_.empty()) return UsageError(Name(), "--template is missing: --template NAME|FILE");
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    v1::EvaluateDesignsRequest base;
    ASSIGN_OR_RETURN(const std::vector<std::string> parameters, ResolveTemplate(*client, &base));
    ASSIGN_OR_RETURN(const std::string text, ReadTextFile(file_, env.in));
    const std::string file = file_ == "-" ? "<stdin>" : file_;
    ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(text, file));
    ASSIGN_OR_RETURN(const MappingColumns columns, MappingColumns::Find(table.header, parameters, file));
    std::vector<v1::MappingRow> rows;
    for (const CsvRow& row : table.rows) {
      ASSIGN_OR_RETURN(v1::MappingRow message, columns.Read(row));
      rows.push_back(std::move(message));
    }
    const absl::StatusOr<std::vector<v1::MappingScore>> scores = EvaluateInChunks(*client, base, rows);
    if (!scores.ok()) return Locate(scores.status(), table, columns);
    env.out << OutputText(table, *scores);
    return ExitCode::kOk;
  }

 private:
  // Sets the template of the request; returns the names of its parameters.
  absl::StatusOr<std::vector<std::string>> ResolveTemplate(ServiceClient& client, v1::EvaluateDesignsRequest* request) {
    v1::Template message;
    if (IsFileArgument(template_)) {
      RETURN_IF_ERROR(template_file_.Read(template_, "template", &message));
      *request->mutable_template_() = message;
    } else {
      v1::GetTemplateRequest get;
      get.set_name(absl::StrCat("templates/", template_));
      absl::StatusOr<v1::Template> shipped = client.GetTemplate(get);
      if (!shipped.ok()) return RenameField(shipped.status(), [](const std::string&) { return "--template"; });
      message = *std::move(shipped);
      request->set_template_name(template_);
    }
    std::vector<std::string> names;
    for (const v1::Parameter& parameter : message.parameters()) names.push_back(parameter.name());
    return names;
  }

  // An error that names rows[12].bounds.R is about a line of the file.
  absl::Status Locate(const absl::Status& status, const CsvTable& table, const MappingColumns& columns) const {
    return RenameField(template_file_.Locate(status), [&](const std::string& field) -> std::string {
      constexpr absl::string_view kRows = "rows[";
      absl::string_view rest = field;
      if (!absl::ConsumePrefix(&rest, kRows)) return "";
      const std::size_t bracket = rest.find(']');
      if (bracket == absl::string_view::npos) return "";
      const std::optional<std::size_t> index = ParseInteger<std::size_t>({rest.data(), bracket});
      if (!index.has_value() || *index >= table.rows.size()) return "";
      rest.remove_prefix(bracket + 1);
      absl::ConsumePrefix(&rest, ".");
      return columns.Place(table.rows[*index], std::string(rest));
    });
  }

  std::string file_;
  std::string template_;
  std::string predictor_ = "analytical";
  ServerFlag server_;
  InputFile template_file_;
};

}  // namespace

std::unique_ptr<Command> MakeEvaluateCommand() { return std::make_unique<EvaluateCommand>(); }

}  // namespace oneloop
