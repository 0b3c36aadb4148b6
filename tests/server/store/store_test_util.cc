#include "tests/server/store/store_test_util.h"

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <tuple>

#include "common/base/random.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/store/job_ledger.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_run_store.h"

namespace oneloop {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool AtMost(const NewPoint& a, const NewPoint& b) {
  return a.energy_uj <= b.energy_uj && a.latency_cycles <= b.latency_cycles && a.area_mm2 <= b.area_mm2;
}

bool KeepsOffFront(const PointRecord& a, const PointRecord& b) {
  if (!IsResult(a.point) || !AtMost(a.point, b.point)) return false;
  return !AtMost(b.point, a.point) || a.number < b.number;
}

void ExpectSamePoint(const PointRecord& record, const NewPoint& expected) {
  EXPECT_EQ(record.point.sequence, expected.sequence);
  EXPECT_EQ(record.point.sample, expected.sample);
  EXPECT_EQ(record.point.origin, expected.origin);
  EXPECT_EQ(record.point.energy_uj, expected.energy_uj);
  EXPECT_EQ(record.point.latency_cycles, expected.latency_cycles);
  EXPECT_EQ(record.point.area_mm2, expected.area_mm2);
  EXPECT_EQ(record.point.score, expected.score);
  EXPECT_EQ(record.point.parameters, expected.parameters);
}

// What the best result has least of.
auto Rank(const PointRecord& record) {
  const NewPoint& point = record.point;
  return std::tuple(RoundedScore(point.score), point.energy_uj * point.latency_cycles, point.area_mm2, record.number);
}

std::optional<std::int64_t> BruteForceBest(const std::vector<PointRecord>& points) {
  const PointRecord* best = nullptr;
  for (const PointRecord& point : points) {
    if (IsResult(point.point) && (best == nullptr || Rank(point) < Rank(*best))) best = &point;
  }
  return best != nullptr ? std::optional<std::int64_t>(best->number) : std::nullopt;
}

}  // namespace

TempDirectory::TempDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "oneloop_store_XXXXXX").string();
  if (mkdtemp(pattern.data()) != nullptr) path_ = pattern;
}

TempDirectory::~TempDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

std::unique_ptr<RunStore> OpenStore(const std::string& directory, const std::string& vfs) {
  SqliteRunStore::Options options;
  options.data_dir = directory;
  options.vfs = vfs;
  auto store = SqliteRunStore::Create(options);
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

std::string IntegrityCheck(const std::string& path) {
  const auto connection = SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly, "");
  if (!connection.ok()) return std::string(connection.status().message());
  auto rows = (*connection)->Prepare("PRAGMA integrity_check");
  if (!rows.ok() || !rows->Step().ok()) return "cannot check";
  return std::string(rows->Text(0));
}

NewJob TestJob(int num_starts) {
  NewJob job;
  job.project = "team";
  job.owner = "ada";
  job.spec = std::string("spec\0with a zero byte", 21);
  job.resolved = "resolved";
  job.workload_name = "resnet50";
  job.template_name = "gemmini";
  job.parameter_names = {"pe_dim", "scratchpad_kib"};
  job.num_starts = num_starts;
  job.samples_total = 1000;
  return job;
}

NewPoint DescentPoint(int start, std::int64_t sequence) {
  Random random(MixSeed(static_cast<std::uint64_t>(start), ~static_cast<std::uint64_t>(sequence)));
  NewPoint point = ExactPoint(sequence, std::bit_cast<double>(random.Next() >> 1), 1e6 * random.Uniform(),
                              random.Below(8) == 0 ? kInfinity : random.Uniform());
  point.sample = 2 * sequence + 1;
  point.origin = PointOrigin::kDescent;
  point.parameters = {128 * random.Uniform(), 1e-300 * random.Uniform()};
  point.score = kInfinity;
  point.design.clear();
  NormalizeFigures(point);
  return point;
}

NewPoint TestPoint(int start, std::int64_t sequence) {
  if (sequence % 300 >= 150) return DescentPoint(start, sequence);
  Random random(MixSeed(static_cast<std::uint64_t>(start), static_cast<std::uint64_t>(sequence)));
  const std::uint64_t kind = random.Below(10);
  NewPoint point = ExactPoint(sequence, 10.0 + static_cast<double>(random.Below(40)),
                              10.0 + static_cast<double>(random.Below(40)), 1.0 + static_cast<double>(random.Below(9)));
  point.sample = 2 * sequence + 1;
  point.parameters = {static_cast<double>(random.Below(128)), 100 * random.Uniform()};
  if (kind < 4) {
    point.origin = PointOrigin::kDescent;
    point.energy_uj *= random.Uniform();
    point.score = kInfinity;
    point.design.clear();
  } else if (kind == 4) {
    point.energy_uj = point.latency_cycles = point.area_mm2 = point.score = kInfinity;
  } else if (kind == 5) {
    point.origin = PointOrigin::kPolish;
    point.score = kInfinity;  // beyond a limit
  }
  return point;
}

NewPoint ExactPoint(std::int64_t sequence, double energy_uj, double latency_cycles, double area_mm2) {
  NewPoint point;
  point.sequence = sequence;
  point.sample = sequence + 1;
  point.origin = PointOrigin::kRounded;
  point.energy_uj = energy_uj;
  point.latency_cycles = latency_cycles;
  point.area_mm2 = area_mm2;
  point.score = energy_uj * latency_cycles;
  point.parameters = {16, 128};
  point.design = "design " + std::to_string(sequence);
  return point;
}

PointBatch TestBatch(std::int64_t job_id, int start, std::int64_t first_sequence, std::int64_t count) {
  PointBatch batch;
  batch.job_id = job_id;
  batch.start = start;
  for (std::int64_t i = 0; i < count; ++i) batch.points.push_back(TestPoint(start, first_sequence + i));
  batch.samples_done = 2 * (first_sequence + count);
  return batch;
}

absl::Status Append(RunStore& store, PointBatch batch) {
  std::promise<absl::Status> outcome;
  store.AppendPoints(std::move(batch), [&outcome](absl::Status status) { outcome.set_value(std::move(status)); });
  return outcome.get_future().get();
}

std::vector<PointRecord> AllPoints(RunStore& store, std::int64_t job_id) {
  std::vector<PointRecord> all;
  PointQuery query;
  query.job_id = job_id;
  query.limit = 700;
  for (;;) {
    const auto page = store.ListPoints(query);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok() || page->empty()) return all;
    all.insert(all.end(), page->begin(), page->end());
    query.after_number = page->back().number;
  }
}

std::vector<std::int64_t> BruteForceFront(const std::vector<PointRecord>& points) {
  std::vector<std::int64_t> front;
  for (const PointRecord& candidate : points) {
    bool stays = IsResult(candidate.point);
    for (const PointRecord& other : points) {
      stays = stays && (other.number == candidate.number || !KeepsOffFront(other, candidate));
    }
    if (stays) front.push_back(candidate.number);
  }
  return front;
}

std::vector<std::int64_t> Numbers(const std::vector<PointRecord>& points) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(points.size());
  for (const PointRecord& point : points) numbers.push_back(point.number);
  return numbers;
}

namespace {

void ExpectImprovements(RunStore& store, std::int64_t job_id, const std::vector<PointRecord>& points) {
  std::map<int, std::vector<Improvement>> expected;
  for (const auto& [number, start, point, revision, entered, left] : points) {
    if (!IsResult(point) || (!expected[start].empty() && point.score >= expected[start].back().score)) continue;
    expected[start].push_back(
        {number, point.sample, point.energy_uj, point.latency_cycles, point.area_mm2, point.score, revision});
  }
  const auto history = store.ReadHistory(job_id, 1000000);
  ASSERT_TRUE(history.ok()) << history.status();
  for (const StartHistory& start : history->starts) {
    EXPECT_EQ(start.improvements, expected[start.start.start]) << "start " << start.start.start;
    expected.erase(start.start.start);
  }
  for (const auto& [start, improvements] : expected) EXPECT_TRUE(improvements.empty()) << "start " << start;
}

}  // namespace

void ExpectConsistent(RunStore& store, std::int64_t job_id) {
  const std::vector<PointRecord> points = AllPoints(store, job_id);
  const auto snapshot = store.Snapshot(job_id);
  const auto starts = store.ListStarts(job_id);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  ASSERT_TRUE(starts.ok()) << starts.status();
  std::vector<std::int64_t> per_start(starts->size(), 0);
  std::int64_t previous = -1;
  for (const PointRecord& record : points) {
    ASSERT_GT(record.number, previous);
    previous = record.number;
    ASSERT_EQ(record.point.sequence, per_start.at(static_cast<std::size_t>(record.start))++);
    ASSERT_EQ(record.number, record.point.sequence * static_cast<std::int64_t>(starts->size()) + record.start);
    ExpectSamePoint(record, TestPoint(record.start, record.point.sequence));
  }
  for (const StartRecord& start : *starts) {
    EXPECT_EQ(start.points, per_start.at(static_cast<std::size_t>(start.start)));
  }
  EXPECT_EQ(snapshot->job.points, static_cast<std::int64_t>(points.size()));
  EXPECT_EQ(Numbers(snapshot->front), BruteForceFront(points));
  EXPECT_EQ(snapshot->job.front_size, static_cast<std::int64_t>(snapshot->front.size()));
  EXPECT_EQ(snapshot->job.best_point, BruteForceBest(points));
  ExpectImprovements(store, job_id, points);
}

}  // namespace oneloop
