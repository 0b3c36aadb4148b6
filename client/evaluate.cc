#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/bad_rows.h"
#include "client/chunk_evaluator.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/csv_reader.h"
#include "client/design_csv.h"
#include "client/enum_names.h"
#include "client/errors.h"
#include "client/input_file.h"
#include "client/mapping_columns.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/row_place.h"
#include "client/template_argument.h"
#include "common/base/status.h"
#include "common/convert/yaml.h"
#include "oneloop/v1/design_file.pb.h"

namespace oneloop {
namespace {

// Figures of each row in the order of their columns.
using Figures = std::vector<double>;

const std::vector<std::string>& ResultColumns() {
  static const auto* const kNames = new std::vector<std::string>{"energy_uj", "latency_cycles", "area_mm2"};
  return *kNames;
}

// The columns that a predicted latency adds.
const std::vector<std::string>& UncertaintyColumns() {
  static const auto* const kNames = new std::vector<std::string>{"latency_sigma", "latency_trust"};
  return *kNames;
}

Figures FiguresOf(const v1::MappingScore& score, bool predicted) {
  Figures figures = {score.energy_uj(), score.latency_cycles(), score.area_mm2()};
  if (predicted) figures.insert(figures.end(), {score.latency_sigma(), score.latency_trust()});
  return figures;
}

// The input's header with its own result columns out of the way.
std::string OutputHeader(const CsvTable& table, const std::vector<std::string>& results) {
  const CsvRow& header = table.header;
  std::vector<std::string> names = header.cells;
  for (const std::string& result : results) {
    for (std::string& name : names) {
      if (name != result) continue;
      do {
        name.insert(0, "given_");
      } while (std::find(header.cells.begin(), header.cells.end(), name) != header.cells.end());
    }
  }
  names.insert(names.end(), results.begin(), results.end());
  return CsvLine(names, table.separator);
}

// `scored`: those rows of the table that the scores are of.
std::string OutputText(const CsvTable& table, const std::vector<const CsvRow*>& scored,
                       const std::vector<v1::MappingScore>& scores) {
  const bool predicted = std::any_of(scores.begin(), scores.end(),
                                     [](const v1::MappingScore& score) { return score.has_latency_sigma(); });
  std::vector<std::string> columns = ResultColumns();
  if (predicted) columns.insert(columns.end(), UncertaintyColumns().begin(), UncertaintyColumns().end());
  std::string text = OutputHeader(table, columns);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].has_error()) continue;
    text.append(scored[i]->text);
    for (const double figure : FiguresOf(scores[i], predicted)) {
      absl::StrAppend(&text, std::string(1, table.separator), ExactNumber(figure));
    }
    text += '\n';
  }
  return text;
}

class EvaluateCommand : public Command {
 public:
  std::string Name() const override { return "evaluate"; }
  std::string Summary() const override { return "scores the mappings of a file with the cost model"; }
  std::string Notes() const override {
    return "FILE has a header and one layer with its mapping per row, in the columns R S P Q C K N Wstride Hstride,\n"
           "optionally G Wdilation Hdilation, one for each parameter of the template, and mapping. The output is the\n"
           "same rows, other columns included, with energy_uj, latency_cycles and area_mm2 appended, numbers exact. A\n"
           "column of the input that already has one of these names is passed on as given_energy_uj and so on. With a\n"
           "calibration, latency_sigma (about the relative error) and latency_trust (0 to 1) come behind them. Cells\n"
           "may also be separated by semicolons or tabs. A loop of a mapping may say how many iterations its last run\n"
           "has, as Timeloop does: K16,5X. A .yaml file is a design of `oneloop export --as yaml`, which has its\n"
           "template in it; it is scored as the rows that `oneloop design --format csv` prints. Wrong rows are an "
           "error,\n"
           "the first 20 are told, and nothing is printed; with --skip_bad they are told and left out.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("FILE", "a CSV file, or a design in YAML; - reads CSV from the standard input", &file_);
    template_.Declare(flags);
    flags->Add("calibration", "NAME", "predict latencies by a calibration of the template", &calibration_);
    flags->AddChoice("predictor", EnumNames(v1::Predictor_descriptor()),
                     "what predicts latencies; default combined with a calibration, else analytical", &predictor_);
    flags->Add("skip_bad", "leave out wrong rows", &skip_bad_);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::EvaluateDesignsRequest base;
    std::string text;
    std::vector<std::string> parameters;
    const bool is_design = absl::EndsWith(file_, ".yaml") || absl::EndsWith(file_, ".yml");
    if (is_design) {
      ASSIGN_OR_RETURN(text, ReadDesign(&base, &parameters));
    } else {
      RETURN_IF_ERROR(template_.Check(Name()));
    }
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    base.set_calibration_name(calibration_);
    base.set_predictor(static_cast<v1::Predictor>(EnumNumber(v1::Predictor_descriptor(), predictor_).value_or(0)));
    if (!is_design) {
      ASSIGN_OR_RETURN(parameters, template_.Resolve(*client, &base));
      ASSIGN_OR_RETURN(text, ReadTextFile(file_, env.in));
    }
    const std::string file = file_ == "-" ? "<stdin>" : file_;
    ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(text, file));
    ASSIGN_OR_RETURN(const MappingColumns columns, MappingColumns::Find(table.header, parameters, file));
    base.set_keep_going(true);
    BadRows bad(table);
    std::vector<v1::MappingRow> rows;
    const std::vector<const CsvRow*> read = bad.ReadAll(table, [&](const CsvRow& row) -> absl::Status {
      ASSIGN_OR_RETURN(v1::MappingRow message, columns.Read(row));
      rows.push_back(std::move(message));
      return absl::OkStatus();
    });
    const absl::StatusOr<std::vector<v1::MappingScore>> scores = EvaluateInChunks(*client, base, rows);
    if (!scores.ok()) return Locate(scores.status(), read, columns);
    for (std::size_t i = 0; i < scores->size(); ++i) {
      if (!(*scores)[i].has_error()) continue;
      const CsvRow& row = *read[i];
      const v1::RowError& error = (*scores)[i].error();
      bad.Add(row.line,
              absl::InvalidArgumentError(absl::StrCat(columns.Place(row, error.field()), ": ", error.description())));
    }
    if (!bad.empty()) bad.Print(env.err, skip_bad_ ? " and left out" : "");
    if (!bad.empty() && !skip_bad_) return ExitCode::kInvalidInput;
    env.out << OutputText(table, read, *scores);
    return ExitCode::kOk;
  }

 private:
  // The rows of a design that `oneloop export` wrote, and its template.
  absl::StatusOr<std::string> ReadDesign(v1::EvaluateDesignsRequest* base, std::vector<std::string>* parameters) const {
    if (template_.is_set()) return UsageError(Name(), "--template is for CSV; a design in YAML has its template in it");
    v1::DesignFile file;
    RETURN_IF_ERROR(ReadYamlFile(file_, &file, nullptr));
    for (const v1::Parameter& parameter : file.template_().parameters()) parameters->push_back(parameter.name());
    *base->mutable_template_() = std::move(*file.mutable_template_());
    return DesignCsv(file.design());
  }

  // An error that names rows[12].bounds.R is about a line of the file.
  absl::Status Locate(const absl::Status& status, const std::vector<const CsvRow*>& rows,
                      const MappingColumns& columns) const {
    return RenameField(template_.Locate(status), [&](const std::string& field) -> std::string {
      RowField place;
      if (ParseRowField(field, rows.size(), &place)) return columns.Place(*rows[place.row], place.field);
      return field == "calibration_name" ? "--calibration" : field == "predictor" ? "--predictor" : "";
    });
  }

  std::string file_;
  TemplateArgument template_;
  std::string calibration_;
  std::string predictor_;
  bool skip_bad_ = false;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeEvaluateCommand() { return std::make_unique<EvaluateCommand>(); }

}  // namespace oneloop
