#include "common/convert/yaml.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/wrappers.pb.h"
#include "oneloop/v1/job.pb.h"
#include "oneloop/v1/template.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {
namespace {

using ::google::protobuf::util::MessageDifferencer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The error that a text gives, "" when there is none.
template <class Message>
std::string ErrorOf(const std::string& text) {
  Message message;
  const absl::Status status = ReadYamlText(text, "f.yaml", &message, nullptr);
  EXPECT_TRUE(status.ok() || status.code() == absl::StatusCode::kInvalidArgument) << status;
  return oneloop::Message(status);
}

TEST(ReadYamlTextTest, FillsNestedMessagesListsAndOptionalFields) {
  v1::Workload workload;
  ASSERT_TRUE(ReadYamlText("name: tiny  # comment\n"
                           "layers:\n"
                           "  - {name: conv, count: 3, bounds: {R: 3, P: 7}}\n"
                           "  - name: \"0\"\n"
                           "    bounds:\n"
                           "      K: -5\n",
                           "f.yaml", &workload, nullptr)
                  .ok());
  EXPECT_EQ(workload.name(), "tiny");
  ASSERT_EQ(workload.layers_size(), 2);
  EXPECT_EQ(workload.layers(0).count(), 3);
  EXPECT_EQ(workload.layers(0).bounds().p(), 7);
  EXPECT_FALSE(workload.layers(0).bounds().has_s());
  EXPECT_EQ(workload.layers(1).name(), "0");
  EXPECT_FALSE(workload.layers(1).has_count());
  EXPECT_EQ(workload.layers(1).bounds().k(), -5);
}

TEST(ReadYamlTextTest, ReadsEnumsMapsOneofsAndWideNumbers) {
  v1::JobSpec spec;
  const absl::Status status = ReadYamlText(
      "workload_name: resnet50\n"
      "order_strategy: softmax\n"
      "objective: EDP\n"
      "samples: 9223372036854775807\n"
      "seed: 18446744073709551615\n"
      "learning_rate: 5e-2\n"
      "fixed_parameters: {pe_dim: 16, scratchpad_kib: 0.5}\n",
      "f.yaml", &spec, nullptr);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(spec.workload_source_case(), v1::JobSpec::kWorkloadName);
  EXPECT_EQ(spec.order_strategy(), v1::SOFTMAX);
  EXPECT_EQ(spec.objective(), v1::EDP);
  EXPECT_EQ(spec.samples(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(spec.seed(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(spec.learning_rate(), 0.05);
  EXPECT_EQ(spec.fixed_parameters().at("pe_dim"), 16);
  EXPECT_EQ(spec.fixed_parameters().at("scratchpad_kib"), 0.5);
}

TEST(ReadYamlTextTest, TakesNumbersAsTextWhereTextIsExpected) {
  v1::Template message;
  ASSERT_TRUE(ReadYamlText("levels: [{name: L0, energy_pj: 0.48746172}]", "f.yaml", &message, nullptr).ok());
  EXPECT_EQ(message.levels(0).energy_pj(), "0.48746172");
}

TEST(ReadYamlTextTest, WorksForAnyMessage) {
  google::protobuf::FieldOptions options;
  ASSERT_TRUE(ReadYamlText("ctype: CORD\npacked: true", "f.yaml", &options, nullptr).ok());
  EXPECT_TRUE(options.packed());
  EXPECT_EQ(options.ctype(), google::protobuf::FieldOptions::CORD);
  EXPECT_THAT(ErrorOf<google::protobuf::FieldOptions>("packed: yes"),
              HasSubstr("f.yaml:1:9: packed: expected true or false, got 'yes'"));
  EXPECT_THAT(ErrorOf<google::protobuf::UInt32Value>("value: 4294967296"),
              HasSubstr("'4294967296' is out of range; valid: 0 to 4294967295"));
  EXPECT_THAT(ErrorOf<google::protobuf::UInt32Value>("value: -1"), HasSubstr("'-1' is out of range"));
  EXPECT_THAT(ErrorOf<google::protobuf::FloatValue>("value: 1e39"), HasSubstr("out of range"));
}

TEST(ReadYamlTextTest, AliasesRepeatWhatTheyName) {
  v1::Workload workload;
  ASSERT_TRUE(ReadYamlText("layers:\n  - {name: a, bounds: &b {R: 3}}\n  - {name: b, bounds: *b}\n", "f.yaml",
                           &workload, nullptr)
                  .ok());
  EXPECT_TRUE(MessageDifferencer::Equals(workload.layers(0).bounds(), workload.layers(1).bounds()));
  EXPECT_EQ(workload.layers(1).bounds().r(), 3);
}

TEST(ReadYamlTextTest, MergeKeysGiveWhatTheMapDoesNotSayItself) {
  v1::Workload workload;
  ASSERT_TRUE(ReadYamlText("layers:\n"
                           "  - &base {name: a, count: 2, bounds: &b {R: 3, S: 3, P: 8}}\n"
                           "  - {<<: *base, name: b}\n"
                           "  - name: c\n"
                           "    bounds:\n"
                           "      P: 9\n"
                           "      <<: [{S: 1, K: 4}, *b]\n"
                           "      Q: 5\n",
                           "f.yaml", &workload, nullptr)
                  .ok());
  ASSERT_EQ(workload.layers_size(), 3);
  EXPECT_EQ(workload.layers(1).name(), "b");
  EXPECT_EQ(workload.layers(1).count(), 2);
  EXPECT_TRUE(MessageDifferencer::Equals(workload.layers(0).bounds(), workload.layers(1).bounds()));
  EXPECT_FALSE(workload.layers(2).has_count());
  const v1::Bounds& merged = workload.layers(2).bounds();
  EXPECT_EQ(merged.p(), 9) << "the map's own, though it comes first";
  EXPECT_EQ(merged.s(), 1) << "of the earlier in the list";
  EXPECT_EQ(merged.k(), 4);
  EXPECT_EQ(merged.r(), 3);
  EXPECT_EQ(merged.q(), 5);
}

TEST(ReadYamlTextTest, MergeKeysTakeMapsAndHideNoMistakes) {
  for (const std::string value : {"7", "~", "[7]", "[{R: 1}, x]", "[[{R: 1}]]"}) {
    EXPECT_THAT(ErrorOf<v1::Bounds>("R: 1\n<<: " + value), HasSubstr("'<<' of this map takes a map or a list of maps"))
        << value;
  }
  EXPECT_THAT(ErrorOf<v1::Bounds>("<<: {Z: 1}"), HasSubstr("f.yaml:1:6: unknown key 'Z'"));
  EXPECT_THAT(ErrorOf<v1::Bounds>("<<: {R: 1}\nS: 1\nS: 2"), HasSubstr("key 'S' is given twice"));
  EXPECT_THAT(ErrorOf<v1::Bounds>("\"<<\": {R: 1}"), HasSubstr("unknown key '<<'"));
  EXPECT_THAT(ErrorOf<v1::Bounds>("&a\n<<: *a\n"), HasSubstr("an alias to a node that it is part of"));
}

TEST(ReadYamlTextTest, MergedBombsAreRefused) {
  std::string text = "a0: &a0 {R: 1}\n";
  for (int i = 1; i < 40; ++i) {
    absl::StrAppend(&text, "a", i, ": &a", i, " {<<: [*a", i - 1, ", *a", i - 1, "], k", i, ": 1}\n");
  }
  EXPECT_THAT(ErrorOf<v1::Workload>(text), HasSubstr("too large"));
}

TEST(ReadYamlTextTest, BoundsMayBeAList) {
  for (const std::string text : {"[3, 1, 56, 56, 64, 64, 1]", "[3, 1, 56, 56, 64, 64, 1, 1, 2]",
                                 "[R: 3, S: 1, P: 56, Q: 56, C: 64, K: 64, N: 1]", "[3, 1, {P: 56, Q: 56}, K: 64]"}) {
    v1::Layer layer;
    const absl::Status status = ReadYamlText("bounds: " + text, "f.yaml", &layer, nullptr);
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(layer.bounds().r(), 3) << text;
    EXPECT_EQ(layer.bounds().s(), 1) << text;
    EXPECT_EQ(layer.bounds().p(), 56) << text;
    EXPECT_EQ(layer.bounds().k(), 64) << text;
  }
  EXPECT_EQ(ErrorOf<v1::Layer>("bounds: [3, x]"),
            "f.yaml:1:13: bounds.S: expected a whole number in decimal digits, got 'x'");
  EXPECT_THAT(ErrorOf<v1::Layer>("bounds: [3, R: 3]"), HasSubstr("key 'R' is given twice"));
  EXPECT_THAT(ErrorOf<v1::Layer>("bounds: [{S: 3}, 3]"), HasSubstr("value 2 is S, which is given twice"));
  EXPECT_THAT(ErrorOf<v1::Layer>("bounds: [1,1,1,1,1,1,1,1,1,1,1,1,1]"),
              HasSubstr("bounds: has more than 12 values; valid: R, S, P, Q, C, K, N, G, Wstride"));
}

TEST(ReadYamlTextTest, JsonIsRead) {
  const std::string json =
      "{\n\t\"name\":\"caf\\u00e9\",\r\n\t\"benchmark\":true,\n\t\"layers\":[\n\t\t{\n"
      "\t\t\t\"name\":\"a\\/b\",\"count\":2,\n\t\t\t\"bounds\":{\"R\":3,\"P\": 7}\n\t\t}\n\t]\n}\n";
  v1::Workload workload;
  const absl::Status status = ReadYamlText(json, "f.json", &workload, nullptr);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(workload.name(), "caf\xC3\xA9");
  EXPECT_TRUE(workload.benchmark());
  ASSERT_EQ(workload.layers_size(), 1);
  EXPECT_EQ(workload.layers(0).name(), "a/b");
  EXPECT_EQ(workload.layers(0).count(), 2);
  EXPECT_EQ(workload.layers(0).bounds().p(), 7);
  EXPECT_EQ(ErrorOf<v1::Workload>("{\n  \"nmae\": \"x\"\n}"),
            "f.yaml:2:3: unknown key 'nmae' in workload (did you mean 'name'?)");
}

TEST(ReadYamlTextTest, NumberThatIsTooLargeHearsTheRangeOfItsField) {
  EXPECT_THAT(ErrorOf<v1::Workload>("layers: [{count: 99999999999}]"), HasSubstr("valid: 1 to 1000000"));
  EXPECT_THAT(ErrorOf<v1::Workload>("layers: [{bounds: {K: 99999999999}}]"), HasSubstr("valid: 1 to 2147483647"));
  EXPECT_THAT(ErrorOf<v1::Template>("word_bits: {W: 99999999999}"), HasSubstr("valid: 1 to 1024"));
  EXPECT_THAT(ErrorOf<v1::Template>("parameters: [{max: 1e999}]"), HasSubstr("valid: 1e-12 to 1e+12"));
  EXPECT_THAT(ErrorOf<v1::Template>("compute: {macs_per_cycle: 1e999}"), HasSubstr("valid: 1e-15 to 1e+15"));
}

TEST(ReadYamlTextTest, UnicodeKeysArePrintedAsTheyWereWritten) {
  EXPECT_THAT(ErrorOf<v1::Workload>("größe: 1"), HasSubstr("unknown key 'größe' in workload"));
  EXPECT_THAT(ErrorOf<v1::Workload>("名前: 1"), HasSubstr("unknown key '名前' in workload"));
  EXPECT_THAT(ErrorOf<v1::Workload>("\"a\\u202eb\": 1"), HasSubstr("unknown key 'a\\u202eb'")) << "steers a terminal";
  std::string long_key;
  for (int i = 0; i < 50; ++i) long_key += "ä";
  EXPECT_THAT(ErrorOf<v1::Workload>(long_key + ": 1"), HasSubstr("'" + long_key.substr(0, 80) + "...'"));
}

TEST(ReadYamlTextTest, UnknownKeyNamesThePlaceAndTheNearestKey) {
  EXPECT_EQ(ErrorOf<v1::Workload>("name: x\nlayers:\n  - bounds: {R: 1,\n             strid: 2}\n"),
            "f.yaml:4:14: unknown key 'strid' in layers[0].bounds (did you mean 'Wstride'?)");
  EXPECT_EQ(ErrorOf<v1::Workload>("nmae: x"), "f.yaml:1:1: unknown key 'nmae' in workload (did you mean 'name'?)");
  EXPECT_EQ(
      ErrorOf<v1::Workload>("zzz: x"),
      "f.yaml:1:1: unknown key 'zzz' in workload (valid: name, description, layers, benchmark, nodes, tensors, edges, "
      "skipped)");
}

TEST(ReadYamlTextTest, WrongTypesSayWhatWasExpected) {
  EXPECT_EQ(ErrorOf<v1::Workload>("layers:\n  - {bounds: {R: abc}}"),
            "f.yaml:2:18: layers[0].bounds.R: expected a whole number in decimal digits, got 'abc'");
  EXPECT_EQ(ErrorOf<v1::Workload>("layers: {name: a}"), "f.yaml:1:9: layers: expected a list, got a map");
  EXPECT_EQ(ErrorOf<v1::Workload>("layers:\n  - 7"), "f.yaml:2:5: layers[0]: expected a map, got '7'");
  EXPECT_EQ(ErrorOf<v1::Workload>("name: [a]"), "f.yaml:1:7: name: expected one value, got a list");
  EXPECT_EQ(ErrorOf<v1::Workload>("- a\n- b"), "f.yaml:1:1: expected a map, got a list");
  EXPECT_EQ(ErrorOf<v1::Workload>("just a sentence"), "f.yaml:1:1: expected a map, got 'just a sentence'");
  EXPECT_EQ(ErrorOf<v1::Template>("levels: W"), "f.yaml:1:9: levels: expected a list, got 'W'");
  EXPECT_EQ(ErrorOf<v1::Template>("levels: [{keeps: {W: I}}]"),
            "f.yaml:1:18: levels[0].keeps: expected a list, got a map");
  EXPECT_EQ(ErrorOf<v1::JobSpec>("fixed_parameters: [16]"),
            "f.yaml:1:19: fixed_parameters: expected a map, got a list");
  EXPECT_EQ(ErrorOf<v1::JobSpec>("fixed_parameters: {pe_dim: big}"),
            "f.yaml:1:28: fixed_parameters.pe_dim: expected a number, got 'big'");
  EXPECT_THAT(ErrorOf<v1::Workload>("? [a]\n: b"), HasSubstr("expected a key, got a list"));
}

TEST(ReadYamlTextTest, OneTextAloneIsAListOfOne) {
  v1::Template message;
  YamlSource source;
  ASSERT_TRUE(ReadYamlText("levels:\n  - {keeps: W, temporal: none}", "f.yaml", &message, &source).ok());
  EXPECT_THAT(message.levels(0).keeps(), ElementsAre("W"));
  EXPECT_THAT(message.levels(0).temporal(), ElementsAre("none"));
  EXPECT_EQ(Message(source.Annotate(FieldError("levels[0].temporal[0]", "is bad"))),
            "f.yaml:2:26: levels[0].temporal[0]: is bad");
}

TEST(ReadYamlTextTest, WholeNumbersAreDecimalDigitsOnly) {
  for (const std::string text :
       {"7.0", "7.5", "1e3", "0x10", "0o7", "010", "1_000", "+7", "\"7\"", "'7'", "- 7", ".inf", "1 000", "7,"}) {
    EXPECT_THAT(ErrorOf<v1::Bounds>("R: " + text), StartsWith("f.yaml:1:4: ")) << text;
  }
}

TEST(ReadYamlTextTest, NumbersBeyondTheTypeAreRefusedNotWrapped) {
  EXPECT_EQ(ErrorOf<v1::Bounds>("R: 2147483648"),
            "f.yaml:1:4: R: '2147483648' is out of range; valid: 1 to 2147483647");
  EXPECT_THAT(ErrorOf<v1::Bounds>("R: 4294967297"), HasSubstr("out of range"));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("samples: 9223372036854775808"), HasSubstr("out of range"));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("seed: 18446744073709551616"), HasSubstr("out of range"));
  EXPECT_THAT(ErrorOf<v1::Bounds>("R: " + std::string(100000, '9')),
              AllOf(HasSubstr("out of range"), HasSubstr("...")));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("learning_rate: 1e999"), HasSubstr("out of range"));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("learning_rate: .nan"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("learning_rate: inf"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorOf<v1::JobSpec>("learning_rate: 1-2"), HasSubstr("expected a number"));
}

TEST(ReadYamlTextTest, UnknownEnumValueNamesTheNearest) {
  EXPECT_EQ(ErrorOf<v1::JobSpec>("order_strategy: SOFTMAXX"),
            "f.yaml:1:17: order_strategy: unknown value 'SOFTMAXX' (did you mean 'SOFTMAX'?)");
  EXPECT_THAT(ErrorOf<v1::JobSpec>("order_strategy: 2"), HasSubstr("(valid: FIXED, ITERATE, SOFTMAX)"));
}

TEST(ReadYamlTextTest, DoubledKeysAreRefused) {
  EXPECT_EQ(ErrorOf<v1::Workload>("name: a\nname: b"), "f.yaml:2:1: key 'name' is given twice");
  EXPECT_EQ(ErrorOf<v1::JobSpec>("fixed_parameters:\n  pe_dim: 1\n  pe_dim: 2"),
            "f.yaml:3:3: fixed_parameters: key 'pe_dim' is given twice");
  EXPECT_EQ(ErrorOf<v1::JobSpec>("workload_name: a\nworkload: {name: b}"),
            "f.yaml:2:1: workload: stands beside 'workload_name'; give one of the two");
}

TEST(ReadYamlTextTest, EmptyValuesAndFilesAreRefused) {
  EXPECT_EQ(ErrorOf<v1::Workload>("name:\nlayers: []"), "f.yaml:1:1: name: has no value");
  EXPECT_EQ(ErrorOf<v1::Workload>("name: ~"), "f.yaml:1:1: name: has no value");
  EXPECT_THAT(ErrorOf<v1::Workload>("layers: [~]"), HasSubstr("layers[0]: expected a map, got nothing"));
  EXPECT_EQ(ErrorOf<v1::Workload>(""), "f.yaml:1:1: the file is empty");
  EXPECT_EQ(ErrorOf<v1::Workload>("# only a comment\n"), "f.yaml:1:1: the file is empty");
  EXPECT_THAT(ErrorOf<v1::Workload>("---\n"), HasSubstr("the file is empty"));
}

TEST(ReadYamlTextTest, SecondDocumentIsRefused) {
  EXPECT_THAT(ErrorOf<v1::Workload>("name: a\n---\nname: b\n"),
              AllOf(StartsWith("f.yaml:2:"), HasSubstr("a second document begins here")));
  EXPECT_EQ(ErrorOf<v1::Workload>("---\nname: a\n...\n"), "");
}

TEST(ReadYamlTextTest, BrokenYamlGivesItsPlace) {
  EXPECT_THAT(ErrorOf<v1::Workload>("name: [a\nlayers: b"), StartsWith("f.yaml:2:"));
  EXPECT_THAT(ErrorOf<v1::Workload>("name: \"open"), StartsWith("f.yaml:1:"));
  EXPECT_THAT(ErrorOf<v1::Workload>("name: a\n\tlayers: b"), StartsWith("f.yaml:2:"));
  EXPECT_THAT(ErrorOf<v1::Workload>("name: *nowhere"), StartsWith("f.yaml:1:7: "));
  EXPECT_THAT(ErrorOf<v1::Workload>("name: !!binary aGk="), HasSubstr("tags such as"));
}

TEST(ReadYamlTextTest, QuotesThatAreOpenAtTheEndAreRefused) {
  for (const char* text : {"name: \"", "name: '", "name: \"a\n", "name: 'a\n\n"}) {
    EXPECT_THAT(ErrorOf<v1::Workload>(text), HasSubstr("the file ends inside quotes")) << text;
  }
  // What may stand at the end of a good file, last of all its own marker.
  for (const char* text : {"name: a # end", "name: |\n  a\n", "name: \"a\"", "name: a\n...", "name: a\n...\n"}) {
    v1::Workload message;
    EXPECT_EQ(ReadYamlText(text, "f.yaml", &message, nullptr), absl::OkStatus()) << text;
  }
}

TEST(ReadYamlTextTest, BinaryIsRefused) {
  EXPECT_EQ(ErrorOf<v1::Workload>(std::string("name: a\nx\0y", 11)),
            "f.yaml:2:2: byte 0x00 is not part of a text; expected YAML in UTF-8");
  // The library takes this byte for the end of the text: what follows must not vanish.
  EXPECT_THAT(ErrorOf<v1::Workload>("name: a\n\x04\nlayers: 7\n"), StartsWith("f.yaml:2:1: byte 0x04"));
  for (const std::string bytes : {"\xff\xfe", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x28\xa1",
                                  "\x1f\x8b\x08", "\x7f", "\xf4\x90\x80\x80"}) {
    EXPECT_THAT(ErrorOf<v1::Workload>("name: " + bytes), StartsWith("f.yaml:1:7: byte 0x")) << bytes.size();
  }
  EXPECT_EQ(ErrorOf<v1::Workload>("description: \"µJ · 速度 🚀\""), "");
}

// A megabyte that a thousand aliases name would be a gigabyte.
TEST(ReadYamlTextTest, LongTextThatManyAliasesRepeatIsRefused) {
  std::string text = absl::StrCat("description: &d ", std::string(1 << 20, 'x'), "\nlayers:\n");
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&text, "- name: *d\n");
  EXPECT_THAT(ErrorOf<v1::Workload>(text), HasSubstr("too large"));
}

TEST(ReadYamlTextTest, AliasBombsAndCyclesAreRefused) {
  // Twenty lists of nine aliases each: 9^20 values when expanded.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::vector<std::string> aliases(9, absl::StrCat("*a", i - 1));
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [", absl::StrJoin(aliases, ", "), "]\n");
  }
  EXPECT_THAT(ErrorOf<v1::Workload>(bomb), HasSubstr("too large: more than 500000 values"));
  EXPECT_THAT(ErrorOf<v1::Workload>("layers: &l [*l]"), HasSubstr("an alias to a node that it is part of"));
}

TEST(ReadYamlTextTest, DeepNestingIsRefused) {
  EXPECT_THAT(ErrorOf<v1::Workload>(std::string(100000, '[')), HasSubstr("nested deeper than 64 levels"));
  EXPECT_THAT(ErrorOf<v1::Workload>(std::string(100000, '{')), StartsWith("f.yaml:1:"));
  std::string dashes;
  for (int i = 0; i < 10000; ++i) dashes += "- ";
  EXPECT_THAT(ErrorOf<v1::Workload>(dashes), HasSubstr("nested deeper than 64 levels"));
}

TEST(ReadYamlTextTest, LargeTextsAreRefused) {
  EXPECT_EQ(ErrorOf<v1::Workload>(std::string(kMaxYamlBytes + 1, '#')),
            "f.yaml: larger than 4 MiB, the most that is read");
  std::string many = "layers: [";
  for (int i = 0; i < 600000; ++i) many += "1,";
  EXPECT_THAT(ErrorOf<v1::Workload>(many + "]"), HasSubstr("too large: more than 500000 values"));
}

TEST(ReadYamlTextTest, AnErrorLeavesMessageAndSourceAsTheyWere) {
  v1::Workload workload;
  workload.set_name("before");
  YamlSource source("before.yaml");
  EXPECT_FALSE(ReadYamlText("name: after\nlayers: 7", "f.yaml", &workload, &source).ok());
  EXPECT_EQ(workload.name(), "before");
  EXPECT_EQ(source.file(), "before.yaml");
  ASSERT_TRUE(ReadYamlText("description: after", "f.yaml", &workload, &source).ok());
  EXPECT_EQ(workload.name(), "");
  EXPECT_EQ(source.file(), "f.yaml");
}

TEST(YamlSourceTest, AnnotatesWithTheNearestFieldOfTheText) {
  v1::Workload workload;
  YamlSource source;
  ASSERT_TRUE(ReadYamlText("name: a\nlayers:\n  - name: c\n    bounds:\n      R: 1\n  - bounds: {R: 0}\n", "w.yaml",
                           &workload, &source)
                  .ok());
  EXPECT_EQ(Message(source.Annotate(FieldError("layers[1].bounds.R", "is 0"))),
            "w.yaml:6:14: layers[1].bounds.R: is 0");
  EXPECT_EQ(Message(source.Annotate(FieldError("layers[0].bounds.S", "is missing"))),
            "w.yaml:4:5: layers[0].bounds.S: is missing");
  EXPECT_EQ(Message(source.Annotate(FieldError("layers[7].bounds", "x"))), "w.yaml:2:1: layers[7].bounds: x");
  EXPECT_EQ(Message(source.Annotate(FieldError("other", "x"))), "w.yaml:1:1: other: x");
}

TEST(YamlSourceTest, KeepsCodeAndField) {
  const YamlSource source("w.yaml");
  const absl::Status status = source.Annotate(FieldError("name", "is empty"));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(status), "name");
  EXPECT_EQ(source.Annotate(absl::DataLossError("x")).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(source.Annotate(absl::OkStatus()).ok());
}

class ReadYamlFileTest : public ::testing::Test {
 protected:
  ReadYamlFileTest() {
    std::string pattern = ::testing::TempDir() + "/oneloop_yaml_XXXXXX";
    dir_ = mkdtemp(pattern.data());
  }
  ~ReadYamlFileTest() override { std::filesystem::remove_all(dir_); }

  std::string dir_;
};

TEST_F(ReadYamlFileTest, ReadsAndLocates) {
  const std::string path = dir_ + "/w.yaml";
  std::ofstream(path) << "name: a\nnmae: b\n";
  v1::Workload workload;
  const absl::Status status = ReadYamlFile(path, &workload, nullptr);
  EXPECT_EQ(Message(status), path + ":2:1: unknown key 'nmae' in workload (did you mean 'name'?)");
}

TEST_F(ReadYamlFileTest, UnreadableFilesAreErrorsWithTheirName) {
  v1::Workload workload;
  const absl::Status missing = ReadYamlFile(dir_ + "/none.yaml", &workload, nullptr);
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(missing), AllOf(StartsWith(dir_ + "/none.yaml: "), HasSubstr("No such file")));
  EXPECT_THAT(Message(ReadYamlFile(dir_, &workload, nullptr)), HasSubstr("Is a directory"));
  EXPECT_THAT(Message(ReadYamlFile("/dev/zero", &workload, nullptr)), HasSubstr("larger than 4194304 bytes"));
}

}  // namespace
}  // namespace oneloop
