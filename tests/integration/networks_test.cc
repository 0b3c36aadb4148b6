// One chip for several networks as a user meets it: oneloopd on a data directory of its own, oneloop over its socket.

#include <algorithm>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "oneloop/v1/search_service.pb.h"
#include "tests/integration/served_client_test.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServedNetworksTest : public ServedClientTest {
 protected:
  static void SetUpTestSuite() {
    ServedClientTest::SetUpTestSuite();
    std::ofstream(Path("small.yaml"))
        << "name: small\nlayers:\n"
           "  - {name: conv, bounds: {R: 3, S: 3, P: 14, Q: 14, C: 32, K: 32, N: 1}}\n"
           "  - {name: matmul, bounds: {R: 1, S: 1, P: 128, Q: 1, C: 64, K: 256, N: 1}}\n";
  }

  static std::string Submit(const std::string& flags) {
    return absl::StrCat("submit --workload ", Path("small.yaml"),
                        ":4 --workload alexnet --template gemmini --starts 3 ", "--steps 200 --wait --format json ",
                        flags);
  }
};

TEST_F(ServedNetworksTest, DesignSaysWhatEachNetworkPaysForSharing) {
  for (const char* combination : {"sum", "geometric_mean", "worst_ratio"}) {
    SCOPED_TRACE(combination);
    const ProcessResult submitted = Run(Submit(absl::StrCat("--combination ", combination)));
    ASSERT_EQ(submitted.code, 0) << submitted.out;
    const auto job = FromJson<v1::Job>(submitted.out);
    EXPECT_EQ(job.state(), v1::SUCCEEDED);
    EXPECT_EQ(job.workload_display_name(), "small-alexnet");
    const auto design = FromJson<v1::Design>(Run("design --format json " + job.name()).out);
    ASSERT_EQ(design.networks_size(), 2);
    double energy_uj = 0;
    double worst = 0;
    for (const v1::NetworkFigures& network : design.networks()) {
      energy_uj += network.weight() * network.energy_uj();
      ASSERT_TRUE(network.has_own_best());
      EXPECT_NEAR(network.price(), network.objective() / network.own_best() - 1, 1e-12);
      EXPECT_LT(network.price(), 0.3);
      worst = std::max(worst, network.objective() / network.own_best());
    }
    EXPECT_EQ(design.networks(0).weight(), 4);
    EXPECT_NEAR(design.energy_uj(), energy_uj, 1e-9 * energy_uj);
    EXPECT_EQ(design.layers(0).network(), "small");
    EXPECT_EQ(design.layers(design.layers_size() - 1).network(), "alexnet");
    // All are bounded by the same proof.
    EXPECT_GE(job.best().score(), job.certificate().lower_bound());
    if (job.spec().combination() == v1::WORST_RATIO) {
      EXPECT_NEAR(job.best().score(), worst, 1e-9);
    }
    const std::string shown = Run("design " + job.name()).out;
    EXPECT_THAT(shown, AllOf(HasSubstr("own_best"), HasSubstr("price"), HasSubstr("small"), HasSubstr("alexnet")));
  }
}

TEST_F(ServedNetworksTest, LimitOfOneNetworkThatNothingKeepsNamesIt) {
  const ProcessResult failed = RunMerged(Submit("--limit 'small:energy_uj<=5' --limit 'area_mm2<=50'"));
  EXPECT_EQ(failed.code, 6);
  EXPECT_THAT(failed.out, HasSubstr("small:energy_uj <= 5 is impossible"));
}

}  // namespace
}  // namespace oneloop
