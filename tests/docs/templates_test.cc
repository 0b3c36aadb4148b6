// docs/TEMPLATES.md names every field of a template and of constraints, and its examples work.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/constraints.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/convert/yaml.h"
#include "oneloop/v1/template.pb.h"
#include "tests/docs/docs.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

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

// Each step of "A template in ten minutes", followed to the letter: a file that works, or has the mistake that is shown
// below it.
TEST(TemplatesDocTest, StepsAreTemplates) {
  const std::vector<DocBlock> blocks = FencedBlocks({kPath, LinesOf(kPath)});
  int steps = 0;
  std::vector<std::string> mistakes;
  std::unique_ptr<const Template> last;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].language != "yaml" || !blocks[i].text.starts_with("name:")) continue;
    const absl::StatusOr<v1::Template> message = ReadTemplateText(blocks[i].text, "wren.yaml");
    const bool shows_mistake = i + 1 < blocks.size() && blocks[i + 1].text.starts_with("wren.yaml:");
    if (shows_mistake) {
      mistakes.push_back(Message(message.status()) + "\n");
      EXPECT_EQ(mistakes.back(), blocks[i + 1].text);
      continue;
    }
    ASSERT_TRUE(message.ok()) << message.status();
    EXPECT_EQ(message->name(), "wren");
    last = ValueOrDie(TemplateFromProto(*message));
    ++steps;
  }
  EXPECT_EQ(steps, 4);
  EXPECT_EQ(mistakes.size(), 1u);
  ASSERT_NE(last, nullptr);
  EXPECT_THAT(TemplateWarnings(*last, /*energy_counts=*/true), testing::IsEmpty());
  // What its commands fix and limit.
  EXPECT_THAT(last->parameter_names(), testing::ElementsAre("columns", "rows", "buffer_kib"));
  EXPECT_TRUE(last->ValidateHardware({8, 8, 64}).ok());
  EXPECT_LT(last->AreaMm2({8, 8, 64}), 1);
}

// The example of a file of constraints is one for the template that jobs in the docs mostly have.
TEST(TemplatesDocTest, ExampleOfConstraintsIsRight) {
  int examples = 0;
  for (const DocBlock& block : FencedBlocks({kPath, LinesOf(kPath)})) {
    if (block.language != "yaml" || block.text.starts_with("name:")) continue;
    v1::Constraints constraints;
    const absl::Status read = ReadYamlText(block.text, "constraints.yaml", &constraints, nullptr);
    ASSERT_TRUE(read.ok()) << read;
    v1::Template message;
    ASSERT_TRUE(ReadYamlFile(SourceDir() + "/data/templates/gemmini.yaml", &message, nullptr).ok());
    const absl::Status added = AddConstraints(constraints, &message);
    ASSERT_TRUE(added.ok()) << added;
    EXPECT_TRUE(TemplateFromProto(message).ok()) << TemplateFromProto(message).status();
    ++examples;
  }
  EXPECT_EQ(examples, 1);
}

}  // namespace
}  // namespace oneloop
