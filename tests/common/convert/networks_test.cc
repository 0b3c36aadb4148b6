// Shipped networks against figures that others published: docs/WORKLOADS.md has their sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <ostream>
#include <string>

#include "common/workload/workload.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

struct Network {
  std::string name;
  std::int64_t macs = 0;
  // Published figure of MACs, in the last digit that is published; 0 where there is none.
  std::int64_t published_macs = 0;
  std::int64_t last_digit = 1;
  // What the published figure leaves out of `macs`: products of two activations.
  bool without_attention = false;
  std::int64_t published_parameters = 0;
  // Of the published parameters, those that multiply nothing here: biases, norms, embeddings that are looked up.
  std::int64_t other_parameters = 0;
  // Parameters that the layers count again, because several use the same.
  std::int64_t used_again = 0;
};

std::ostream& operator<<(std::ostream& out, const Network& network) { return out << network.name; }

constexpr std::int64_t kMega = 1000000;

const Network kNetworks[] = {
    {"bert_base", 11174215680, 0, 1, false, 109482240, 23957760},
    {"bert_large", 39461060608, 0, 1, false, 335141888, 32103424},
    {"convnext_tiny", 4455531264, 4456 * kMega, kMega, false, 28589128, 65128},
    {"densenet121", 2834161664, 2834 * kMega, kMega, false, 7978856, 84648},
    {"dlrm", 5034999808, 0, 1, false, 2368897, 3713},
    {"efficientnet_b0", 385814752, 386 * kMega, kMega, false, 5288548, 52356},
    {"gpt2_decode", 142406400, 0, 1, false, 124439808, 907776},
    {"gpt2_prefill", 106339037952, 0, 1, false, 124439808, 907776},
    {"llama3_8b_decode", 9652142080, 0, 1, false, 8030261248, 525602816},
    {"llama3_8b_prefill", 74767316025344, 0, 1, false, 8030261248, 525602816},
    // 32 blocks, two embeddings of 32000 words and a norm are the 46,702,792,704 of the whole.
    {"mixtral_block", 1752480874496, 0, 1, false, (46702792704 - std::int64_t{2} * 32000 * 4096 - 4096) / 32, 8192},
    {"mobilenet_v2", 300774272, 301 * kMega, kMega, false, 3504872, 35112},
    {"mobilenet_v3_large", 216589760, 217 * kMega, kMega, false, 5483032, 31760},
    {"resnet152", 11513626624, 11514 * kMega, kMega, false, 60192808, 152424},
    {"resnet18", 1814073344, 1814 * kMega, kMega, false, 11689512, 10600},
    {"resnet50", 4089184256, 4089 * kMega, kMega, false, 25557032, 54120},
    {"resnext50_32x4d", 4230479872, 4230 * kMega, kMega, false, 25028904, 69224},
    // Published: 239.32 G with norms and biases, 0.3 % more than the products alone; 37.74 M that are trained, and
    // 225,344 of the first stages are not. Five levels share their heads.
    {"retinanet_r50_fpn", 238536058880, 239320 * kMega, 1600 * kMega, false, 37968692, 57972, 25841664},
    {"stable_diffusion_unet", 401636720640, 339000 * kMega, 1000 * kMega, true, 859520964, 443844},
    {"swin_t", 4490566656, 4491 * kMega, kMega, false, 28288354, 88930},
    {"unet", 167322556672, 0, 1, false, 31030658, 6850},
    {"vgg16", 15470264320, 15470 * kMega, 10 * kMega, false, 138357544, 13416},
    {"vit_b_16", 17563828224, 17564 * kMega, kMega, false, 86567656, 275176},
    // With its decoder, of 52,003,328, the 72,593,920 of the whole.
    {"whisper_base_encoder", 43683840000, 0, 1, false, 72593920 - 52003328, 806912},
};

class NetworksTest : public ::testing::TestWithParam<Network> {};

TEST_P(NetworksTest, MacsAndParametersAreThePublishedOnes) {
  const Network& network = GetParam();
  const Workload workload = ShippedWorkload(network.name);
  std::int64_t macs = 0;
  std::int64_t attention = 0;
  std::int64_t weights = 0;
  for (const Layer& layer : workload.layers) {
    const std::int64_t own = layer.count * Macs(layer.shape);
    macs += own;
    if (layer.name.ends_with(".qk") || layer.name.ends_with(".av")) {
      attention += own;
      continue;
    }
    std::int64_t elements = layer.count;
    for (const Dim dim : {Dim::kR, Dim::kS, Dim::kC, Dim::kK, Dim::kG}) elements *= layer.shape.bound(dim);
    weights += elements;
  }
  EXPECT_EQ(macs, network.macs);
  EXPECT_EQ(weights - network.used_again + network.other_parameters, network.published_parameters);
  if (network.published_macs == 0) return;
  const double counted = static_cast<double>(network.without_attention ? macs - attention : macs);
  EXPECT_NEAR(counted, static_cast<double>(network.published_macs), 0.5 * static_cast<double>(network.last_digit));
}

INSTANTIATE_TEST_SUITE_P(Shipped, NetworksTest, ::testing::ValuesIn(kNetworks),
                         [](const auto& network) { return network.param.name; });

}  // namespace
}  // namespace oneloop
