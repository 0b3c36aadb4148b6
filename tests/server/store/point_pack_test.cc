#include "server/store/point_pack.h"

#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/job_ledger.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

using Limits = std::numeric_limits<double>;

// Steps of a descent from the sequence on, with samples 3 apart.
std::vector<NewPoint> Steps(std::int64_t first_sequence, int count, std::size_t num_parameters = 2) {
  Random random(static_cast<std::uint64_t>(first_sequence));
  std::vector<NewPoint> points(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    NewPoint& point = points[static_cast<std::size_t>(i)];
    point.sequence = first_sequence + i;
    point.sample = 100 + std::int64_t{3} * i;
    point.energy_uj = 1e9 * random.Uniform();
    point.latency_cycles = 1e7 * random.Uniform();
    point.area_mm2 = random.Uniform();
    for (std::size_t p = 0; p < num_parameters; ++p) point.parameters.push_back(128 * random.Uniform());
  }
  return points;
}

std::uint64_t Bits(double value) { return std::bit_cast<std::uint64_t>(value); }

void ExpectSameBits(const NewPoint& a, const NewPoint& b) {
  EXPECT_EQ(a.sequence, b.sequence);
  EXPECT_EQ(a.sample, b.sample);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(Bits(a.energy_uj), Bits(b.energy_uj));
  EXPECT_EQ(Bits(a.latency_cycles), Bits(b.latency_cycles));
  EXPECT_EQ(Bits(a.area_mm2), Bits(b.area_mm2));
  EXPECT_EQ(a.score, b.score);
  EXPECT_EQ(a.design, b.design);
  ASSERT_EQ(a.parameters.size(), b.parameters.size());
  for (std::size_t p = 0; p < a.parameters.size(); ++p) EXPECT_EQ(Bits(a.parameters[p]), Bits(b.parameters[p]));
}

void ExpectRoundTrip(const std::vector<NewPoint>& points) {
  ASSERT_EQ(PackLength(points), points.size());
  std::string data = "replaced";
  const PackHead head = EncodePack(points, data);
  const auto pack = PackReader::Open(head, data, points.front().parameters.size());
  ASSERT_TRUE(pack.ok()) << pack.status();
  EXPECT_EQ(head.first_sequence, points.front().sequence);
  EXPECT_EQ(head.last_sequence, points.back().sequence);
  for (const NewPoint& point : points) ExpectSameBits(pack->Point(point.sequence), point);
}

TEST(PointPackTest, GivesBackTheSameBits) {
  ExpectRoundTrip(Steps(0, 1));
  ExpectRoundTrip(Steps(17, 60));
  ExpectRoundTrip(Steps(5, 12, 30));
  ExpectRoundTrip(Steps(5, 100, 0));
  ExpectRoundTrip(Steps(std::int64_t{1} << 40, 2));
}

TEST(PointPackTest, GivesBackExtremeFigures) {
  std::vector<NewPoint> points = Steps(3, 9);
  const double extremes[] = {Limits::infinity(),  Limits::denorm_min(), Limits::min(),      Limits::max(), 0.0, -0.0,
                             -Limits::infinity(), -Limits::max(),       Limits::quiet_NaN()};
  for (std::size_t i = 0; i < points.size(); ++i) {
    points[i].energy_uj = points[i].latency_cycles = points[i].area_mm2 = extremes[i];
    points[i].parameters = {extremes[i], extremes[8 - i]};
    NormalizeFigures(points[i]);
  }
  ExpectRoundTrip(points);
}

TEST(PointPackTest, TakesStepsOfTheDescentUpToTheFirstThatDiffers) {
  EXPECT_EQ(PackLength({}), 0u);
  const auto length_with = [](std::size_t changed, const std::function<void(NewPoint&)>& change) {
    std::vector<NewPoint> points = Steps(0, 10);
    change(points[changed]);
    return PackLength(points);
  };
  const std::vector<std::function<void(NewPoint&)>> changes = {
      [](NewPoint& point) { point.origin = PointOrigin::kRounded; },
      [](NewPoint& point) { point.score = 5; },
      [](NewPoint& point) { point.design = "a design"; },
      [](NewPoint& point) { point.sample = -1; },
      [](NewPoint& point) { point.sample = std::numeric_limits<std::int64_t>::max(); },
  };
  for (const auto& change : changes) {
    EXPECT_EQ(length_with(0, change), 0u) << "needs a row of its own";
    EXPECT_EQ(length_with(1, change), 1u);
    EXPECT_EQ(length_with(6, change), 6u);
  }
  const auto uneven = [](NewPoint& point) { ++point.sample; };
  EXPECT_EQ(length_with(1, uneven), 2u) << "two samples are always evenly spaced";
  EXPECT_EQ(length_with(6, uneven), 6u);
  EXPECT_EQ(length_with(1, [](NewPoint& point) { point.sample = 7; }), 1u) << "samples never go back";
}

TEST(PointPackTest, StaysWithinAPage) {
  std::string data;
  for (const std::size_t num_parameters : {0u, 1u, 3u, 20u, 400u}) {
    const std::vector<NewPoint> points = Steps(0, 2000, num_parameters);
    const std::size_t length = PackLength(points);
    EXPECT_GE(length, 1u);
    EXPECT_LE(length, kMostPointsOfPack);
    EncodePack(std::span(points).first(length), data);
    EXPECT_LT(data.size(), 4096u) << num_parameters;
  }
  EXPECT_EQ(PackLength(Steps(0, 10, 5000)), 1u) << "longer than a page, but stored";
}

absl::StatusCode CodeOf(const PackHead& head, const std::string& data, std::size_t num_parameters = 2) {
  return PackReader::Open(head, data, num_parameters).status().code();
}

TEST(PointPackTest, AnyChangedBitOfTheDataIsDataLoss) {
  std::string data;
  const PackHead head = EncodePack(Steps(4, 5), data);
  ASSERT_EQ(CodeOf(head, data), absl::StatusCode::kOk);
  for (std::size_t bit = 0; bit < 8 * data.size(); ++bit) {
    std::string changed = data;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(CodeOf(head, changed), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
}

TEST(PointPackTest, DataOfAnotherLengthIsDataLoss) {
  std::string data;
  const PackHead head = EncodePack(Steps(4, 5), data);
  for (std::size_t size = 0; size < data.size(); ++size) {
    EXPECT_EQ(CodeOf(head, data.substr(0, size)), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(CodeOf(head, data + '\0'), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf(head, data, 3), absl::StatusCode::kDataLoss);
}

TEST(PointPackTest, AnyOtherHeadIsDataLoss) {
  std::string data;
  const PackHead head = EncodePack(Steps(4, 5), data);
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t PackHead::*field :
       {&PackHead::first_sequence, &PackHead::last_sequence, &PackHead::first_sample, &PackHead::sample_step}) {
    for (const std::int64_t value : {head.*field - 1, head.*field + 1, std::int64_t{-1}, kMost, kLeast}) {
      PackHead changed = head;
      changed.*field = value;
      EXPECT_EQ(CodeOf(changed, data), absl::StatusCode::kDataLoss) << value;
    }
  }
  EXPECT_EQ(CodeOf({kLeast, kMost, 0, 0}, data), absl::StatusCode::kDataLoss);
}

TEST(PointPackTest, ErrorsSayWhichPointsAndWhat) {
  std::string data;
  const PackHead head = EncodePack(Steps(4, 5), data);
  data[0] = 9;
  EXPECT_THAT(std::string(PackReader::Open(head, data, 2).status().message()),
              testing::AllOf(HasSubstr("4 to 8"), HasSubstr("format")));
}

}  // namespace
}  // namespace oneloop
