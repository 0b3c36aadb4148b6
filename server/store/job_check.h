#ifndef ONELOOP_SERVER_STORE_JOB_CHECK_H_
#define ONELOOP_SERVER_STORE_JOB_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/store/run_store.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// Compares what a store says of one job with what follows from its points and states. Not thread-safe.
class JobCheck {
 public:
  // Expects to run inside a transaction. Borrows the connection.
  JobCheck(SqliteConnection& connection, std::int64_t job_id) : connection_(connection), job_id_(job_id) {}

  // Errors are those of the storage; what is wrong with the job is in findings().
  absl::Status Run();
  const std::vector<std::string>& findings() const { return findings_; }
  std::int64_t points() const { return head_.points; }

 private:
  struct Head {
    JobState state = JobState::kPending;
    bool has_end_time = false;
    std::int64_t num_starts = 0;
    std::int64_t starts_done = 0;
    std::int64_t samples_done = 0;
    std::int64_t points = 0;
    std::int64_t front_size = 0;
    std::optional<std::int64_t> best_point;
    std::optional<double> best_score;
    std::int64_t revision = 0;
    std::size_t num_parameters = 0;
    std::int64_t results = 0;
  };
  // An exact point that may be on the front.
  struct Result {
    std::int64_t number = 0;
    double energy_uj = 0;
    double latency_cycles = 0;
    double area_mm2 = 0;
    double score = 0;
    bool marked = false;  // as on the front
  };
  using Range = std::pair<std::int64_t, std::int64_t>;  // of sequences, both ends included

  template <class... Parts>
  void Find(const Parts&... parts);

  absl::Status ReadHead();
  absl::Status CheckStates();
  absl::Status CheckStarts();
  absl::Status CheckRows();
  void CheckRow(const SqliteStatement& row);
  absl::Status CheckPacks();
  absl::Status CheckPointCounts();
  absl::Status CheckDesigns();
  void CheckSequences(const std::vector<StartRecord>& starts);
  absl::Status CheckImprovements();
  absl::Status CheckGreatest();
  void CheckFront();
  void CheckBest();
  void AddRange(std::int64_t start, Range range);

  SqliteConnection& connection_;
  const std::int64_t job_id_;
  Head head_;
  std::vector<std::vector<Range>> ranges_;  // of each start: the sequences that are stored
  std::vector<Result> results_;
  std::vector<std::vector<Improvement>> improvements_;  // of each start: as its points say
  std::vector<std::string> findings_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_JOB_CHECK_H_
