#include "common/latency/latency_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "common/base/random.h"
#include "common/base/status.h"
#include "tests/common/latency/synthetic.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// The head that Serialize gives to a body.
std::string WithHead(std::string_view body, int version = 1) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return absl::StrCat("oneloop-latency-model ", version, "\nchecksum ", absl::StrFormat("%016x", hash), "\n",
                      ToAbsl(body));
}

class LatencyModelTest : public ::testing::Test {
 protected:
  LatencyModelTest() {
    const auto measurements = Measurements::Create(model_, SyntheticHardware(), SyntheticSamples(model_, 60));
    TrainerOptions options = QuickTrainer();
    options.networks.epochs = 3;
    options.networks.seed = 42;
    trained_ = *LatencyModel::Train(**measurements, options, nullptr);
    text_ = trained_->Serialize();
    body_ = text_.substr(text_.find('\n', text_.find('\n') + 1) + 1);
  }

  absl::Status Error(const std::string& text) const { return LatencyModel::Parse(text, model_).status(); }

  CostModel model_{ShippedTemplate("gemmini")};
  std::unique_ptr<const LatencyModel> trained_;
  std::string text_;
  std::string body_;
};

TEST_F(LatencyModelTest, ReadsBackTheSameBits) {
  const auto parsed = LatencyModel::Parse(text_, model_);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ((*parsed)->Serialize(), text_);
  EXPECT_EQ((*parsed)->hardware(), SyntheticHardware());
  EXPECT_EQ((*parsed)->num_measurements(), 60);
  EXPECT_EQ((*parsed)->seed(), 42U);
  const LatencySample sample = SyntheticSamples(model_, 1)[0];
  const LayerUse use = model_.Use(sample.shape, sample.mapping);
  for (const LatencyKind kind : {LatencyKind::kLearned, LatencyKind::kCombined}) {
    const LatencyPrediction once = trained_->predictor(kind)->Predict(sample.shape, sample.mapping, use);
    const LatencyPrediction again = (*parsed)->predictor(kind)->Predict(sample.shape, sample.mapping, use);
    EXPECT_EQ(once.cycles, again.cycles);
    EXPECT_EQ(once.log_sigma, again.log_sigma);
  }
  EXPECT_EQ(trained_->predictor(LatencyKind::kAnalytical), nullptr);
}

TEST_F(LatencyModelTest, NoticesEveryDamagedByte) {
  Random random(1);
  for (int trial = 0; trial < 300; ++trial) {
    std::string damaged = text_;
    const std::size_t at = random.Below(damaged.size());
    damaged[at] = static_cast<char>(damaged[at] ^ static_cast<char>(1 << random.Below(7)));
    EXPECT_FALSE(LatencyModel::Parse(damaged, model_).ok()) << "byte " << at;
  }
  for (int trial = 0; trial < 100; ++trial) {
    EXPECT_FALSE(LatencyModel::Parse(text_.substr(0, random.Below(text_.size())), model_).ok());
  }
  EXPECT_EQ(Error(text_ + "x").code(), absl::StatusCode::kDataLoss);
}

TEST_F(LatencyModelTest, RefusesWhatIsNoModelOrANewerOne) {
  EXPECT_EQ(Error("").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error("R,S,P\n").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error("oneloop-latency-model x\n").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Error(WithHead(body_, 2)).code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(Message(Error(WithHead(body_, 2))), HasSubstr("version 2"));
  EXPECT_TRUE(Error(WithHead(body_)).ok()) << "the head of this test is that of Serialize";
}

// Content that is wrong under a right checksum.
TEST_F(LatencyModelTest, RefusesContentThatDoesNotHoldTogether) {
  const auto changed = [this](std::string_view from, std::string_view to) {
    const std::string body = absl::StrReplaceAll(body_, {{ToAbsl(from), ToAbsl(to)}});
    EXPECT_NE(body, body_) << from;
    return Error(WithHead(body));
  };
  EXPECT_EQ(changed("\nlast_bias 2 ", "\nlast_bias 3 ").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\nlast_bias 2 ", "\nlast_bias 2 nan").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\nlast_bias 2 ", "\nlast_bias 99999999999 ").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\nlow ", "\nlows ").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\nseed 42", "\nseed x").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\nseed 42", "\nseed -1").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(changed("\ninputs ", "\ninputs 0\ninputs ").code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(Message(changed("\nlow ", "\nlows ")), HasSubstr("line "));
  EXPECT_EQ(Error(WithHead(body_ + "more 0\n")).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Error(WithHead("")).code(), absl::StatusCode::kDataLoss);
}

TEST_F(LatencyModelTest, RefusesAnotherHierarchy) {
  const CostModel other(FixtureTemplate("simba"));
  const absl::Status status = LatencyModel::Parse(text_, other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("another hierarchy"));
  const std::string body = absl::StrReplaceAll(body_, {{"hardware 3 16 ", "hardware 3 32 "}});
  EXPECT_EQ(Error(WithHead(body)).code(), absl::StatusCode::kFailedPrecondition) << "sizes that it was not trained for";
}

TEST_F(LatencyModelTest, TrainingStopsWhenAsked) {
  const auto measurements = Measurements::Create(model_, SyntheticHardware(), SyntheticSamples(model_, 60));
  const auto stopped = LatencyModel::Train(**measurements, QuickTrainer(), [](double done) { return done > 0.7; });
  EXPECT_EQ(stopped.status().code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace oneloop
