// docs/TEMPLATES.md names every field of a template, and its examples are templates.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "oneloop/v1/template.pb.h"
#include "tests/docs/docs.h"

namespace oneloop {
namespace {

constexpr char kPath[] = "docs/TEMPLATES.md";

std::set<std::string> NamedThings() {
  std::set<std::string> names;
  for (const DocText& span : CodeSpans({kPath, LinesOf(kPath)})) names.insert(span.text);
  return names;
}

TEST(TemplatesDocTest, EveryFieldIsNamed) {
  const std::set<std::string> named = NamedThings();
  for (const google::protobuf::Descriptor* message :
       {v1::Template::descriptor(), v1::Parameter::descriptor(), v1::SpatialAxis::descriptor(),
        v1::WordBits::descriptor(), v1::Compute::descriptor(), v1::Level::descriptor(), v1::Port::descriptor(),
        v1::FanOutLink::descriptor(), v1::Partition::descriptor(), v1::Constraints::descriptor(),
        v1::LevelConstraints::descriptor(), v1::AxisConstraints::descriptor()}) {
    for (int i = 0; i < message->field_count(); ++i) {
      EXPECT_TRUE(named.contains(message->field(i)->name())) << message->name() << '.' << message->field(i)->name();
    }
  }
}

TEST(TemplatesDocTest, ExamplesAreTemplates) {
  std::vector<std::string> names;
  std::string text;
  bool is_yaml = false;
  for (const std::string& line : LinesOf(kPath)) {
    if (!line.starts_with("```")) {
      if (is_yaml) absl::StrAppend(&text, line, "\n");
      continue;
    }
    if (is_yaml) {
      const absl::StatusOr<v1::Template> message = ReadTemplateText(text, kPath);
      ASSERT_TRUE(message.ok()) << message.status();
      const auto hardware_template = TemplateFromProto(*message);
      ASSERT_TRUE(hardware_template.ok()) << hardware_template.status();
      EXPECT_THAT(TemplateWarnings(**hardware_template, /*energy_counts=*/true), testing::IsEmpty());
      names.push_back(message->name());
    }
    text.clear();
    is_yaml = line == "```yaml";
  }
  EXPECT_THAT(names, testing::ElementsAre("eyeriss", "simba"));
}

}  // namespace
}  // namespace oneloop
