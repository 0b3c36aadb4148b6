#include <memory>

#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/model/exact/cost_model.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// What is read converts and makes a cost model.
TEXT_FUZZER(input) {
  const absl::StatusOr<v1::Template> message = ReadTemplateText(input, "t.yaml");
  CheckAnswer(message.status());
  if (!message.ok()) return;
  absl::StatusOr<std::unique_ptr<const Template>> hardware_template = TemplateFromProto(*message);
  Check(hardware_template.ok(), "a template that was read converts");
  const CostModel model{std::shared_ptr<const Template>(*std::move(hardware_template))};
}

}  // namespace oneloop
