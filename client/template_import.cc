#include "client/template_import.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/output_folder.h"
#include "common/base/status.h"
#include "common/formats/component_library.h"
#include "common/formats/template_yaml.h"

namespace oneloop {
namespace {

constexpr char kCommand[] = "templates";

// "FILE", "64=FILE" or "glb.depth=64=FILE".
TimeloopCostFile ParseCostFile(const std::string& text) {
  std::string rest = text;
  std::string key;
  for (int i = 0; i < 2; ++i) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string::npos) break;
    const std::string head = rest.substr(0, equals);
    const std::optional<double> size = ParseNumber(head);
    if (size.has_value()) return {rest.substr(equals + 1), key, size};
    key = head;
    rest = rest.substr(equals + 1);
  }
  return {text, "", std::nullopt};
}

// "glb.depth=64:4096"
absl::StatusOr<VariedSize> ParseVaried(const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::size_t dot = text.rfind('.', equals);
  const std::size_t colon = text.find(':', equals == std::string::npos ? 0 : equals);
  if (equals != std::string::npos && dot != std::string::npos && dot > 0 && colon != std::string::npos) {
    const std::optional<double> min = ParseNumber(text.substr(equals + 1, colon - equals - 1));
    const std::optional<double> max = ParseNumber(text.substr(colon + 1));
    if (min.has_value() && max.has_value()) {
      return VariedSize{text.substr(0, dot), text.substr(dot + 1, equals - dot - 1), *min, *max};
    }
  }
  return UsageError(kCommand, absl::StrCat("--vary ", text,
                                           ": expected LEVEL.depth|entries|meshX|meshY=MIN:MAX, for "
                                           "example glb.depth=64:4096"));
}

}  // namespace

void TemplateImportCommand::Declare(FlagSet* flags) {
  flags->AddRepeated("ert", "[[LEVEL.KEY=]N=]FILE", "energies of components; with N, where the varied size is N",
                     &energies_);
  flags->AddRepeated("art", "[[LEVEL.KEY=]N=]FILE", "areas of components, likewise", &areas_);
  flags->AddRepeated("constraints", "FILE", "constraints on mappings", &constraints_);
  flags->AddRepeated("variables", "FILE", "values for {{NAME}} and for expressions", &variables_);
  flags->AddRepeated("vary", "LEVEL.KEY=A:B", "make a parameter of a level's depth, entries, meshX or meshY", &varied_);
  flags->AddChoice("dialect", {"2022", "2023", "2025"},
                   "the Timeloop to agree with; 2022 for v0.3, 2023 for v0.4 when absent", &dialect_);
  flags->AddChoice("bypass", {"keep", "search"}, "a tensor of which the file says neither keep nor bypass", &bypass_);
  flags->Add("name", "NAME", "the template's name", &template_name_);
  flags->Add("output", "PATH", "the file to write", &output_);
  flags->AddShort('o', "output");
}

absl::StatusOr<TemplateImportOptions> TemplateImportCommand::Options() const {
  TemplateImportOptions options;
  options.name = template_name_;
  options.dialect = dialect_;
  options.search_bypass = bypass_ == "search";
  for (const std::string& text : varied_) {
    ASSIGN_OR_RETURN(options.varied.emplace_back(), ParseVaried(text));
  }
  for (const std::string& path : variables_) {
    ASSIGN_OR_RETURN(const TimeloopVariables variables, ReadTimeloopVariables(path));
    for (const auto& [name, value] : variables) options.variables[name] = value;
  }
  for (const std::vector<std::string>* const files : {&energies_, &areas_}) {
    for (const std::string& text : *files) options.costs.push_back(ParseCostFile(text));
  }
  return options;
}

absl::StatusOr<ExitCode> TemplateImportCommand::Run(const std::vector<std::string>& files, OutputFormat format,
                                                    Environment& env) const {
  if (files.empty()) return UsageError(kCommand, "FILE is missing: templates import FILE");
  ASSIGN_OR_RETURN(TemplateImportOptions options, Options());
  const ShippedComponentPrices shipped;
  options.components = &shipped;
  std::vector<std::string> paths = files;
  paths.insert(paths.end(), constraints_.begin(), constraints_.end());
  const absl::StatusOr<TemplateImport> result = ImportTimeloopTemplate(paths, options);
  if (!result.ok()) {
    const std::vector<absl::Status> errors = ErrorsOf(result.status());
    for (std::size_t i = 0; i + 1 < errors.size(); ++i) PrintNotice(env, Message(errors[i]));
    return errors.back();
  }
  for (const std::string& warning : result->warnings) PrintNotice(env, absl::StrCat("warning: ", warning));
  for (const std::string& fit : result->fits) PrintNotice(env, fit);
  std::vector<std::string> comments;
  for (const std::string& fit : result->fits) comments.push_back(absl::StrCat("Fitted: ", fit));
  const std::string text = TemplateYaml(result->hardware_template, comments);
  if (output_.has_value()) {
    const auto is_ours = [](std::string_view old) { return old.starts_with(kTemplateYamlHead); };
    RETURN_IF_ERROR(WriteOutputPath(*output_, text, is_ours, env.random_id()));
  }
  if (format == OutputFormat::kJson) {
    env.out << JsonPrinter().Pretty(result->hardware_template);
  } else if (!output_.has_value()) {
    env.out << text;
  }
  return ExitCode::kOk;
}

}  // namespace oneloop
