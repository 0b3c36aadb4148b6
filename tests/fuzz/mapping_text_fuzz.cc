#include <memory>

#include "common/mapping/mapping.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"
#include "tests/testing/shipped.h"

namespace oneloop {

// What is read is written in a form that is read as the same.
TEXT_FUZZER(input) {
  static const std::unique_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
  const absl::StatusOr<Mapping> mapping = ParseMapping(*hardware_template, input);
  CheckAnswer(mapping.status());
  if (!mapping.ok()) return;
  const std::string text = FormatMapping(*hardware_template, *mapping);
  const absl::StatusOr<Mapping> again = ParseMapping(*hardware_template, text);
  Check(again.ok(), "a mapping that was written can be read");
  Check(FormatMapping(*hardware_template, *again) == text, "a mapping survives its text");
}

}  // namespace oneloop
