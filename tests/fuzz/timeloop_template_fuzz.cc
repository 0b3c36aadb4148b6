#include <memory>
#include <vector>

#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/formats/template_yaml.h"
#include "common/formats/timeloop_template.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {
namespace {

// Costs that differ from component to component.
class AnyPrices : public ComponentPriceSource {
 public:
  std::optional<ComponentCostTexts> CostsOf(const ComponentUse& use) const override {
    if (use.component_class.empty()) return std::nullopt;
    return ComponentCostTexts{use.words.empty() ? "1" : "0.5 * " + use.words, "2", "3", "0.25", "100", "a table"};
  }
};

}  // namespace

// An architecture, with whatever else is in the file. What was read is a template, and the same after it is written and
// read again.
TEXT_FUZZER(input) {
  const AnyPrices prices;
  for (const bool searches : {false, true}) {
    std::vector<std::unique_ptr<const TimeloopFile>> files;
    absl::StatusOr<std::unique_ptr<const TimeloopFile>> file = TimeloopFile::Parse(input, "no_such_folder/a.yaml");
    CheckAnswer(file.status());
    if (!file.ok()) return;
    files.push_back(*std::move(file));
    TemplateImportOptions options;
    options.name = "fuzzed";
    if (searches) {
      options.varied = {{"buffer", "depth", 16, 1024}, {"pe", "meshX", 1, 64}};
      options.components = &prices;
      options.dialect = "2025";
    }
    const absl::StatusOr<TemplateImport> result = ImportTimeloopTemplate(files, options);
    CheckAnswer(result.status());
    if (!result.ok()) continue;
    Check(TemplateFromProto(result->hardware_template).ok(), "a template that was read converts");
    const auto again = ReadTemplateText(TemplateYaml(result->hardware_template, result->fits), "t.yaml");
    Check(again.ok() && google::protobuf::util::MessageDifferencer::Equals(*again, result->hardware_template),
          "a template survives being written");
  }
}

}  // namespace oneloop
