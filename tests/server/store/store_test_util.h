#ifndef ONELOOP_TESTS_SERVER_STORE_STORE_TEST_UTIL_H_
#define ONELOOP_TESTS_SERVER_STORE_STORE_TEST_UTIL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "server/store/run_store.h"

namespace oneloop {

// A new directory that goes with the object.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// A clock that a test sets. Thread-safe.
class FakeClock {
 public:
  absl::Time Now() const { return absl::FromUnixMicros(wall_micros_.load()); }
  SteadyTime Steady() const { return SteadyTime() + absl::Microseconds(steady_micros_.load()); }
  // Time goes by.
  void Advance(absl::Duration by) {
    steady_micros_ += absl::ToInt64Microseconds(by);
    SetWall(by);
  }
  // Somebody sets the wall clock forward, or back.
  void SetWall(absl::Duration by) { wall_micros_ += absl::ToInt64Microseconds(by); }

 private:
  std::atomic<std::int64_t> wall_micros_{1800000000000000};
  std::atomic<std::int64_t> steady_micros_{1000000000000};
};

// The SQLite store of a directory; null, and a failure to GoogleTest, when it does not open.
std::unique_ptr<RunStore> OpenStore(const std::string& directory, const std::string& vfs = "");

// What SQLite finds of a database file: "ok", or what is wrong.
std::string IntegrityCheck(const std::string& path);

NewJob TestJob(int num_starts);

// A point that depends on nothing but its place: a mixture of descent steps, infeasible points, and exact ones with
// figures from a small grid, so that equal figures and scores are common. Every other 150 are descent steps only.
NewPoint TestPoint(int start, std::int64_t sequence);

// A descent step with figures of any size, some of them infinite.
NewPoint DescentPoint(int start, std::int64_t sequence);

// An exact point with these figures; its score is energy * latency.
NewPoint ExactPoint(std::int64_t sequence, double energy_uj, double latency_cycles, double area_mm2);

PointBatch TestBatch(std::int64_t job_id, int start, std::int64_t first_sequence, std::int64_t count);

// Appends and waits for the outcome.
absl::Status Append(RunStore& store, PointBatch batch);

// Every point of the job, page by page.
std::vector<PointRecord> AllPoints(RunStore& store, std::int64_t job_id);

// The numbers, ascending, that belong on the front of these points, by comparing all pairs.
std::vector<std::int64_t> BruteForceFront(const std::vector<PointRecord>& points);

std::vector<std::int64_t> Numbers(const std::vector<PointRecord>& points);

// Checks what must hold for a job's points as stored, whatever happened before: numbers without gaps in every start,
// every point as TestPoint makes it, front, best and improvements right. Reports failures to GoogleTest.
void ExpectConsistent(RunStore& store, std::int64_t job_id);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_STORE_TEST_UTIL_H_
