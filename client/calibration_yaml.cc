#include "client/calibration_yaml.h"

#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/numbers.h"

namespace oneloop {
namespace {

std::string Quoted(const std::string& text) { return absl::StrCat("\"", absl::CEscape(OneLine(text)), "\""); }

}  // namespace

std::string CalibrationYaml(const v1::Calibration& calibration) {
  std::string text = absl::StrCat("name: ", calibration.name(), "\n");
  if (!calibration.description().empty())
    absl::StrAppend(&text, "description: ", Quoted(calibration.description()), "\n");
  absl::StrAppend(&text, "template_name: ", calibration.template_name(), "\nfixed_parameters:\n");
  for (const std::string& name : ParameterNames(calibration.fixed_parameters())) {
    absl::StrAppend(&text, "  ", name, ": ", ExactNumber(calibration.fixed_parameters().at(name)), "\n");
  }
  absl::StrAppend(&text, "measurements: ", calibration.measurements(),
                  "\nmeasurements_checksum: ", Quoted(calibration.measurements_checksum()),
                  "\nseed: ", calibration.seed(), "\nheld_out:\n");
  for (const v1::HeldOutFigures& figures : calibration.held_out()) {
    absl::StrAppend(&text, "  - {split: ", figures.split(), ", predictor: ", figures.predictor(),
                    ", rows: ", figures.rows(), ", spearman: ", ExactNumber(figures.spearman()),
                    ", mean_error: ", ExactNumber(figures.mean_error()),
                    ", within_sigma: ", ExactNumber(figures.within_sigma()), "}\n");
  }
  absl::StrAppend(&text, "model: |\n");
  std::string_view model = calibration.model();
  if (model.ends_with('\n')) model.remove_suffix(1);
  for (const absl::string_view line : absl::StrSplit(absl::string_view(model.data(), model.size()), '\n')) {
    absl::StrAppend(&text, "  ", line, "\n");
  }
  return text;
}

}  // namespace oneloop
