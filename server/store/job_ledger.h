#ifndef ONELOOP_SERVER_STORE_JOB_LEDGER_H_
#define ONELOOP_SERVER_STORE_JOB_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "server/store/figure.h"
#include "server/store/pareto_front.h"
#include "server/store/run_store.h"

namespace oneloop {

// Whether a point may be best or on the front: exact, and every figure and the score finite.
bool IsResult(const NewPoint& point);

// Gives every figure that is infinite or no number one form, +infinity, and parameters that are not finite another,
// NaN, so that all stores return the same.
void NormalizeFigures(NewPoint& point);

// Equal for scores that differ by rounding: to 40 binary digits.
double RoundedScore(double score);

// What a job takes before it has any point, in JobRecord::bytes.
inline std::int64_t SpecBytes(const NewJob& job) {
  return static_cast<std::int64_t>(job.spec.size() + job.resolved.size());
}

// What a store's writer keeps in memory of one unfinished job: enough to judge a batch of points and to keep the
// progress, the best points and the front without reading the storage. Not thread-safe.
class JobLedger {
 public:
  // The best result: of the least score, and among those that equal it but for rounding of the least EDP, then area,
  // then number.
  struct Best {
    std::int64_t number = 0;
    double score = 0;
    double edp = 0;  // µJ·cycles
    double area_mm2 = 0;
    bool operator<(const Best& other) const;
  };

  // The result of a greatest figure, the lowest number among equals.
  struct Greatest {
    std::int64_t number = 0;
    double value = 0;
  };

  struct NewImprovement {
    int start = 0;
    std::int64_t ordinal = 0;  // among those of the start, from 0
    Improvement improvement;   // without its revision
  };

  // What batches changed, to be marked with the revision of one commit.
  struct Changes {
    std::vector<std::int64_t> entered_front;  // numbers, ascending
    std::vector<std::int64_t> left_front;     // numbers, ascending; disjoint from entered_front
    std::vector<StartRecord> starts;          // as they are now, ascending
    std::vector<NewImprovement> improvements;
    std::map<Figure, std::int64_t> greatest;  // numbers, of those that are others now
    std::int64_t new_points = 0;
  };

  JobLedger(int num_starts, std::size_t num_parameters);

  // Bring back what the storage holds.
  void RestoreBytes(std::int64_t bytes) { bytes_ = bytes; }
  void RestoreStart(const StartRecord& start);
  void RestoreBest(const Best& best) { best_ = best; }
  void RestoreResults(std::int64_t results) { results_ = results; }
  void RestoreGreatest(Figure figure, const Greatest& greatest) { greatest_[figure] = greatest; }
  // So many, the last of them of this score.
  void RestoreImprovements(int start, std::int64_t improvements, double score);
  void RestoreFrontPoint(const ParetoFront::Point& point) { front_.Insert(point); }

  // INVALID_ARGUMENT for a batch that contradicts itself or the job; OUT_OF_RANGE when points are missing between
  // those stored and the batch's first.
  absl::Status Check(const PointBatch& batch) const;

  // Counts a batch that passed Check, its figures normalised. Returns the index of its first point that is not stored
  // yet; all from there on are new.
  std::size_t Add(const PointBatch& batch);

  // Everything since the last call. Points that entered and left the front in between appear nowhere.
  Changes TakeChanges();
  bool has_changes() const { return !changed_starts_.empty(); }

  std::int64_t Number(int start, std::int64_t sequence) const { return sequence * num_starts_ + start; }
  int num_starts() const { return num_starts_; }
  int starts_done() const { return starts_done_; }
  std::int64_t samples_done() const { return samples_done_; }
  std::int64_t points() const { return points_; }
  std::int64_t bytes() const { return bytes_; }  // as JobRecord::bytes
  std::int64_t results() const { return results_; }
  const std::optional<Best>& best() const { return best_; }
  const ParetoFront& front() const { return front_; }

 private:
  struct Start {
    std::int64_t points = 0;
    std::int64_t samples_done = 0;
    bool done = false;
    bool within_stop_gap = false;
    std::int64_t improvements = 0;
    double best_score = std::numeric_limits<double>::infinity();
  };

  void AddResult(int start, const NewPoint& point);
  void AddImprovement(int start, const NewPoint& point);
  void AddToGreatest(std::int64_t number, const NewPoint& point);

  const int num_starts_;
  const std::size_t num_parameters_;
  std::vector<Start> starts_;
  int starts_done_ = 0;
  std::int64_t samples_done_ = 0;
  std::int64_t points_ = 0;
  std::int64_t bytes_ = 0;
  std::int64_t results_ = 0;
  std::optional<Best> best_;
  std::map<Figure, Greatest> greatest_;
  ParetoFront front_;

  // Since TakeChanges.
  std::set<int> changed_starts_;
  std::set<std::int64_t> entered_front_;
  std::set<std::int64_t> left_front_;
  std::vector<NewImprovement> new_improvements_;
  std::map<Figure, std::int64_t> new_greatest_;
  std::int64_t new_points_ = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_JOB_LEDGER_H_
