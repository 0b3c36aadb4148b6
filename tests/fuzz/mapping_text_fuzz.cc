#include <memory>
#include <string>
#include <string_view>

#include "common/mapping/mapping.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"
#include "tests/testing/shipped.h"

namespace oneloop {

namespace {

LayerShape SomeShape() {
  LayerShape shape;
  shape.bounds = {3, 3, 51, 50, 6, 197, 2, 1};
  return shape;
}

void CheckForLayer(const Template& hardware_template, std::string_view input) {
  static const LayerShape shape = SomeShape();
  const absl::StatusOr<Mapping> mapping = ParseMapping(hardware_template, shape, input);
  CheckAnswer(mapping.status());
  if (!mapping.ok()) return;
  Check(ValidateMapping(hardware_template, shape, *mapping).ok(), "what is read for a layer is valid");
  const std::string text = FormatMappingWithLastRuns(hardware_template, shape, *mapping);
  const absl::StatusOr<Mapping> again = ParseMapping(hardware_template, shape, text);
  Check(again.ok(), "a mapping that was written with its last runs can be read");
  Check(FormatMapping(hardware_template, *again) == FormatMapping(hardware_template, *mapping),
        "a mapping survives its text with last runs");
}

}  // namespace

// What is read is written in a form that is read as the same.
TEXT_FUZZER(input) {
  static const std::unique_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
  CheckForLayer(*hardware_template, input);
  const absl::StatusOr<Mapping> mapping = ParseMapping(*hardware_template, input);
  CheckAnswer(mapping.status());
  if (!mapping.ok()) return;
  const std::string text = FormatMapping(*hardware_template, *mapping);
  const absl::StatusOr<Mapping> again = ParseMapping(*hardware_template, text);
  Check(again.ok(), "a mapping that was written can be read");
  Check(FormatMapping(*hardware_template, *again) == text, "a mapping survives its text");
}

}  // namespace oneloop
