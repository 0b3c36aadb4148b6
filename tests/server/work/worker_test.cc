#include "server/work/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <new>

#include "common/base/mutex.h"
#include "tests/server/jobs/jobs_test_util.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

// Hands out a list of leases and keeps what comes back; points are taken as they come.
class ListedLeases final : public LeaseSource, public BatchSink {
 public:
  ListedLeases(std::shared_ptr<const SearchSpec> spec, std::deque<int> units)
      : spec_(std::move(spec)), units_(std::move(units)) {}

  std::optional<HeldLease> Take() override {
    MutexLock lock(&mutex_);
    if (units_.empty()) return std::nullopt;
    HeldLease held{Lease{1, units_.front()}, ++epoch_, spec_, std::make_shared<WorkSignals>(), this};
    units_.pop_front();
    if (stop_at_once) held.signals->Stop();
    return held;
  }
  void End(const HeldLease& held, const absl::StatusOr<Outcome>& outcome) override {
    MutexLock lock(&mutex_);
    outcomes_.emplace(held.lease.start, outcome);
  }
  void AppendPoints(PointBatch batch, std::function<void(absl::Status)> done) override {
    {
      MutexLock lock(&mutex_);
      points[batch.start] += std::ssize(batch.points);
    }
    done(refuse);
  }

  std::map<int, absl::StatusOr<Outcome>> RunAll(Worker::Options options) {
    MemoryGate memory(std::int64_t{1} << 40);
    options.memory = &memory;
    { const Worker worker(std::move(options), this); }
    return outcomes_;
  }

  std::map<int, std::ptrdiff_t> points;
  absl::Status refuse;
  bool stop_at_once = false;

 private:
  const std::shared_ptr<const SearchSpec> spec_;
  Mutex mutex_;
  std::deque<int> units_;
  std::uint64_t epoch_ = 0;
  std::map<int, absl::StatusOr<Outcome>> outcomes_;
};

class WorkerTest : public testing::Test {
 protected:
  static Worker::Options FakeOptions() {
    Worker::Options options;
    options.run_start = FakeRun;
    options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) {
      LowerBound bound;
      bound.objective = 7;
      return bound;
    };
    options.num_threads = 2;
    return options;
  }
  const std::shared_ptr<const SearchSpec> spec_ = TestSpec(5, 60);
};

TEST_F(WorkerTest, RunsEveryUnitOnceAndSaysWhatCameOfIt) {
  ListedLeases leases(spec_, {kBoundUnit, 0, 1, 2, 3, 4});
  const auto outcomes = leases.RunAll(FakeOptions());
  ASSERT_EQ(outcomes.size(), 6u);
  for (int start = 0; start < 5; ++start) {
    EXPECT_EQ(outcomes.at(start)->ending, Ending::kDone);
    EXPECT_EQ(leases.points[start], 60);
  }
  EXPECT_EQ(outcomes.at(kBoundUnit)->bound->objective, 7);
  EXPECT_EQ(outcomes.at(kBoundUnit)->ending, Ending::kDone);
}

TEST_F(WorkerTest, WhatIsStoppedIsOpen) {
  ListedLeases leases(spec_, {0});
  leases.stop_at_once = true;
  EXPECT_EQ(leases.RunAll(FakeOptions()).at(0)->ending, Ending::kOpen);
}

TEST_F(WorkerTest, PointsThatAreRefusedEndTheStartWithTheReason) {
  ListedLeases leases(spec_, {0});
  leases.refuse = absl::FailedPreconditionError("the lease is lost");
  EXPECT_EQ(leases.RunAll(FakeOptions()).at(0).status(), leases.refuse);
}

TEST_F(WorkerTest, WhatIsThrownIsTheUnitsErrorAlone) {
  ListedLeases leases(spec_, {0, 1});
  Worker::Options options = FakeOptions();
  options.run_start = [](const SearchSpec& spec, int start, PointSink& sink) {
    if (start == 0) throw std::runtime_error("no such thing");
    return FakeRun(spec, start, sink);
  };
  const auto outcomes = leases.RunAll(std::move(options));
  EXPECT_TRUE(absl::IsInternal(outcomes.at(0).status()));
  EXPECT_THAT(std::string(outcomes.at(0).status().message()), HasSubstr("no such thing"));
  EXPECT_EQ(outcomes.at(1)->ending, Ending::kDone);
}

TEST_F(WorkerTest, AProofThatNothingFitsSaysItsBoundAndGoesOnToTheDiagnosis) {
  ListedLeases leases(spec_, {kBoundUnit});
  Worker::Options options = FakeOptions();
  options.prove_bound = [](const SearchSpec&, const std::function<bool()>&) {
    LowerBound bound;
    bound.objective = std::numeric_limits<double>::infinity();
    return bound;
  };
  const auto outcomes = leases.RunAll(std::move(options));
  EXPECT_TRUE(std::isinf(outcomes.at(kBoundUnit)->bound->objective));
  // The template's designs fit, whatever this prover says.
  EXPECT_EQ(outcomes.at(kBoundUnit)->ending, Ending::kDone);
  EXPECT_FALSE(outcomes.at(kBoundUnit)->conflict.has_value());
}

}  // namespace
}  // namespace oneloop
