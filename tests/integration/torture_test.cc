// A daemon that is killed again and again while it is used, at random moments and at every named failpoint. After each
// death the file must be sound and everything there that a client was told; at the end every job has ended with the
// points and the front of an undisturbed run. ONELOOP_KILLS says how often (100), ONELOOP_SEED how.

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/random.h"
#include "common/base/read_file.h"
#include "tests/integration/daemon.h"

namespace oneloop {
namespace {

struct FailpointUse {
  const char* name;
  std::uint64_t most_hits;  // it kills at the first to this one
  bool while_stopping = false;
};
constexpr FailpointUse kFailpoints[] = {
    {"store.before_commit", 30},
    {"store.after_commit", 30},
    {"store.before_clean_up_commit", 2},
    {"store.before_last_checkpoint", 1, true},
    {"store.after_last_checkpoint", 1, true},
    {"queue.before_acknowledge", 30},
    {"queue.after_acknowledge", 30},
    {"jobs.after_create", 2},
    {"jobs.after_mark_running", 2},
    {"jobs.after_bound", 2},
    {"jobs.before_start", 30},
    {"jobs.after_start", 30},
    {"jobs.before_end", 2},
    {"jobs.after_end", 2},
    {"backup.before_rename", 1},
    {"backup.after_rename", 1},
};
// Reached when a store is made or migrated, not while it is used.
constexpr std::array<const char*, 2> kOpeningFailpoints = {"schema.before_step_commit", "schema.after_step_commit"};

std::int64_t Setting(const char* name, std::int64_t otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : std::strtoll(value, nullptr, 10);
}

enum class Known { kNo, kMaybe, kYes };

// A job as its client knows it.
struct TrackedJob {
  std::size_t kind = 0;
  std::string request_id;
  std::string name;  // "" until the daemon has answered
  Known paused = Known::kNo;
  Known deleted = Known::kNo;
  bool ended = false;
  bool verified = false;  // compared with the undisturbed run
  std::int64_t points_seen = 0;
  std::map<std::int64_t, std::string> shown;  // figures of points that were listed
};

struct Reference {
  v1::JobSpec spec;
  std::map<std::int64_t, std::string> points;
  std::map<std::int64_t, std::string> front;
};

std::map<std::int64_t, std::string> FiguresOf(const EvaluatedPoints& points) {
  std::map<std::int64_t, std::string> figures;
  for (const auto& [number, point] : points) figures[number] = Figures(point);
  return figures;
}

// "" when both are the same.
std::string FirstDifference(const std::map<std::int64_t, std::string>& points,
                            const std::map<std::int64_t, std::string>& undisturbed) {
  for (const auto& [number, figures] : undisturbed) {
    const auto point = points.find(number);
    if (point == points.end()) return absl::StrCat("point ", number, " is missing");
    if (point->second != figures) return absl::StrCat("point ", number, ":\n", point->second, "\nnot\n", figures);
  }
  for (const auto& [number, figures] : points) {
    if (!undisturbed.contains(number)) return absl::StrCat("point ", number, " should not be there");
  }
  return "";
}

// The client. Its calls end with `alive()` false when the daemon dies meanwhile.
class Client {
 public:
  Client(std::uint64_t seed, std::vector<Reference> references) : random_(seed), references_(std::move(references)) {}

  void Attach(Daemon* daemon) { daemon_ = daemon; }
  bool alive() const { return daemon_ != nullptr; }

  // One thing that a user does.
  void Act(bool may_back_up) {
    if (Unfinished() < 3) return Submit();
    // The store stays small, however long this goes on.
    if (Deletable() > 20) return Delete();
    TrackedJob& job = Pick();
    const std::uint64_t dice = random_.Below(100);
    if (dice < 45) return Watch(job);
    if (dice < 65) return List(job);
    if (dice < 75) return PauseAndResume(job);
    if (dice < 85) return Delete();
    if (dice < 90) return Submit();
    if (may_back_up) BackUp();
  }

  // Looks for everything that the client knows. To be called with a daemon that is not to die.
  void CheckPromises() {
    for (TrackedJob& job : jobs_) {
      if (job.name.empty() || job.deleted == Known::kYes) continue;
      CheckJob(job);
    }
    CheckNoStrangers();
  }

  // Sees every job to its end.
  void FinishAll() {
    for (TrackedJob& job : jobs_) {
      if (job.deleted != Known::kNo) continue;
      if (job.name.empty()) Create(job);
      while (alive() && !job.ended) Watch(job);
      EXPECT_TRUE(job.ended) << job.name << " does not end";
    }
    CheckPromises();
    std::size_t verified = 0;
    for (const TrackedJob& job : jobs_) verified += job.verified || job.deleted != Known::kNo ? 1 : 0;
    EXPECT_EQ(verified, jobs_.size());
  }

  std::size_t jobs() const { return jobs_.size(); }
  std::int64_t calls_acknowledged() const { return acknowledged_; }
  std::int64_t points_looked_for() const { return points_looked_for_; }
  std::int64_t lost() const { return lost_; }
  const std::vector<std::string>& backups() const { return backups_; }

 private:
  std::size_t Unfinished() const {
    std::size_t unfinished = 0;
    for (const TrackedJob& job : jobs_) unfinished += job.ended ? 0 : 1;
    return unfinished;
  }

  std::size_t Deletable() const {
    std::size_t deletable = 0;
    for (const TrackedJob& job : jobs_) deletable += job.verified && job.deleted == Known::kNo ? 1 : 0;
    return deletable;
  }

  TrackedJob& Pick() {
    for (TrackedJob& job : jobs_) {
      if (job.ended) continue;
      if (job.name.empty()) Create(job);
      if (!job.name.empty() && random_.Below(3) != 0) return job;
    }
    return jobs_.back();
  }

  // Counts what was acknowledged; false when the daemon is gone.
  bool Acknowledged(const grpc::Status& status) {
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) {
      daemon_ = nullptr;
      return false;
    }
    EXPECT_TRUE(status.ok()) << status.error_message();
    acknowledged_ += status.ok() ? 1 : 0;
    return status.ok();
  }

  template <class Request, class Response>
  bool Call(grpc::Status (v1::SearchService::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
            const Request& request, Response* response) {
    if (!alive()) return false;
    grpc::ClientContext context;
    return Acknowledged((daemon_->stub().*method)(&context, request, response));
  }

  void Submit() {
    TrackedJob& job = jobs_.emplace_back();
    job.kind = random_.Below(references_.size());
    job.request_id = absl::StrCat("request-", jobs_.size());
    Create(job);
  }

  // Also again, when the answer to the first call was lost.
  void Create(TrackedJob& job) {
    v1::CreateJobRequest request;
    request.set_parent("projects/default");
    request.set_request_id(job.request_id);
    *request.mutable_spec() = references_[job.kind].spec;
    v1::Job created;
    if (Call(&v1::SearchService::Stub::CreateJob, request, &created)) job.name = created.name();
  }

  void See(TrackedJob& job, const v1::Job& seen) {
    job.points_seen = std::max(job.points_seen, seen.progress().points());
    if (seen.state() == v1::SUCCEEDED) job.ended = true;
    EXPECT_NE(seen.state(), v1::FAILED) << seen.message();
  }

  void Watch(TrackedJob& job) {
    if (!alive() || job.name.empty()) return;
    Watcher watcher(*daemon_, job.name, 0);
    v1::WatchResponse message;
    for (std::uint64_t left = 1 + random_.Below(8); left > 0; --left) {
      if (!watcher.Next(&message)) break;
      See(job, message.job());
    }
    v1::GetJobRequest request;
    request.set_name(job.name);
    v1::Job now;
    if (Call(&v1::SearchService::Stub::GetJob, request, &now)) See(job, now);
  }

  void List(TrackedJob& job) {
    if (!alive() || job.name.empty()) return;
    const std::optional<EvaluatedPoints> points = daemon_->TryListPoints(job.name, false);
    if (!points) {
      daemon_ = nullptr;
      return;
    }
    job.shown = FiguresOf(*points);
  }

  void PauseAndResume(TrackedJob& job) {
    if (!alive() || job.name.empty()) return;
    v1::PauseJobRequest pause;
    pause.set_name(job.name);
    v1::Job answer;
    job.paused = Known::kMaybe;
    grpc::ClientContext context;
    const grpc::Status paused = daemon_->stub().PauseJob(&context, pause, &answer);
    if (paused.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
      job.paused = Known::kNo;  // it has ended
      return;
    }
    if (!Acknowledged(paused)) return;
    job.paused = Known::kYes;
    Resume(job);
  }

  void Resume(TrackedJob& job) {
    v1::ResumeJobRequest resume;
    resume.set_name(job.name);
    v1::Job answer;
    job.paused = Known::kMaybe;
    grpc::ClientContext context;
    const grpc::Status resumed = daemon_->stub().ResumeJob(&context, resume, &answer);
    // FAILED_PRECONDITION: it has ended although it was paused, by its last start.
    if (resumed.error_code() == grpc::StatusCode::FAILED_PRECONDITION || Acknowledged(resumed)) job.paused = Known::kNo;
  }

  void Delete() {
    for (TrackedJob& job : jobs_) {
      if (!job.verified || job.deleted != Known::kNo) continue;
      v1::DeleteJobRequest request;
      request.set_name(job.name);
      request.set_purge(true);
      v1::Job answer;
      job.deleted = Known::kMaybe;
      if (Call(&v1::SearchService::Stub::DeleteJob, request, &answer)) job.deleted = Known::kYes;
      return;
    }
  }

  void BackUp() {
    if (!alive()) return;
    v1::BackupRequest request;
    request.set_name(absl::StrCat("backup", ++backups_asked_));
    v1::BackupResponse answer;
    grpc::ClientContext context;
    if (Acknowledged(daemon_->admin().Backup(&context, request, &answer))) backups_.push_back(answer.path());
  }

  void Lose(const std::string& what) {
    ++lost_;
    ADD_FAILURE() << what << " is lost";
  }

  void CheckJob(TrackedJob& job) {
    v1::GetJobRequest request;
    request.set_name(job.name);
    v1::Job now;
    grpc::ClientContext context;
    const grpc::Status status = daemon_->stub().GetJob(&context, request, &now);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
      if (job.deleted == Known::kNo) Lose(job.name);
      job.deleted = Known::kYes;
      return;
    }
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(now.request_id(), job.request_id);
    if (job.deleted == Known::kMaybe) job.deleted = Known::kNo;
    if (now.progress().points() < job.points_seen) Lose(absl::StrCat("a point of ", job.name));
    if (job.ended && now.state() != v1::SUCCEEDED) Lose(absl::StrCat("the end of ", job.name));
    // The starts of a paused job that were at their end may end it.
    if (job.paused == Known::kYes && now.state() != v1::PAUSED && now.state() != v1::SUCCEEDED)
      Lose(absl::StrCat("the pause of ", job.name));
    if (job.paused == Known::kNo) {
      EXPECT_NE(now.state(), v1::PAUSED) << now.message();
    }
    See(job, now);
    if (!job.verified) CheckPoints(job);
    if (now.state() == v1::PAUSED) Resume(job);
    job.paused = Known::kNo;
  }

  void CheckPoints(TrackedJob& job) {
    const bool ended = job.ended;
    const auto points = daemon_->TryListPoints(job.name, false);
    ASSERT_TRUE(points.has_value());
    const std::map<std::int64_t, std::string> stored = FiguresOf(*points);
    points_looked_for_ += static_cast<std::int64_t>(job.shown.size());
    for (const auto& [number, figures] : job.shown) {
      const auto point = stored.find(number);
      if (point == stored.end() || point->second != figures) Lose(absl::StrCat("point ", number, " of ", job.name));
    }
    job.shown = stored;
    if (!ended) return;
    const auto front = daemon_->TryListPoints(job.name, true);
    ASSERT_TRUE(front.has_value());
    EXPECT_EQ(FirstDifference(stored, references_[job.kind].points), "")
        << "in " << job.name << " of kind " << job.kind;
    EXPECT_EQ(FirstDifference(FiguresOf(*front), references_[job.kind].front), "") << "on the front of " << job.name;
    points_looked_for_ += static_cast<std::int64_t>(stored.size());
    job.verified = true;
    job.shown.clear();
  }

  // Every job there is one that was asked for, once.
  void CheckNoStrangers() {
    std::set<std::string> asked;
    for (const TrackedJob& job : jobs_) asked.insert(job.request_id);
    v1::ListJobsRequest request;
    request.set_parent("projects/default");
    request.set_page_size(1000);
    v1::ListJobsResponse response;
    ASSERT_TRUE(Call(&v1::SearchService::Stub::ListJobs, request, &response));
    ASSERT_TRUE(response.next_page_token().empty());
    for (const v1::Job& job : response.jobs()) {
      EXPECT_EQ(asked.erase(job.request_id()), 1u) << job.name() << " was not asked for, or made twice";
    }
  }

  Random random_;
  const std::vector<Reference> references_;
  Daemon* daemon_ = nullptr;  // null while none is known to live
  std::vector<TrackedJob> jobs_;
  std::vector<std::string> backups_;
  int backups_asked_ = 0;
  std::int64_t acknowledged_ = 0;
  std::int64_t points_looked_for_ = 0;
  std::int64_t lost_ = 0;
};

class TortureTest : public testing::Test {
 protected:
  TortureTest() {
    std::string pattern = "/tmp/oneloop_torture_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TortureTest() override { std::filesystem::remove_all(folder_); }

  std::string Folder(const std::string& name) const { return folder_ + "/" + name; }

  static v1::JobSpec Spec(const std::string& workload, int starts, int steps) {
    v1::JobSpec spec;
    spec.set_workload_name(workload);
    spec.set_template_name("gemmini");
    spec.set_starts(starts);
    spec.set_steps(steps);
    spec.set_round_period(10);
    return spec;
  }

  std::vector<Reference> MakeReferences() {
    std::vector<v1::JobSpec> specs = {Spec("bert", 60, 60), Spec("alexnet", 100, 40), Spec("resnet50", 10, 50),
                                      Spec("bert", 40, 80)};
    specs.back().set_stop_gap(0.03);
    std::vector<Reference> references;
    Daemon daemon(Folder("undisturbed"));
    for (const v1::JobSpec& spec : specs) {
      const std::string job = CreateJob(daemon, spec);
      AwaitSuccess(daemon, job);
      references.push_back({spec, FiguresOf(ListPoints(daemon, job, false)), FiguresOf(ListPoints(daemon, job, true))});
      EXPECT_FALSE(references.back().front.empty());
    }
    EXPECT_EQ(daemon.Stop(), 0);
    return references;
  }

  // What fsck prints and returns.
  static ProcessResult Fsck(const std::string& data_dir) {
    return RunShell(absl::StrCat(BuiltProgram("oneloopd"), " fsck --data_dir ", data_dir));
  }

  static Daemon::Options With(const std::string& failpoint) {
    Daemon::Options options;
    options.program = "oneloopd_with_failpoints";
    options.failpoint = failpoint;
    options.flags = {"--enable_admin"};
    return options;
  }

  std::string folder_;
};

// How and when the daemon of one round dies.
struct Death {
  std::string kind;
  std::string failpoint;        // "" when the client kills it
  bool while_stopping = false;  // which the client begins
  int actions = 0;              // of the client before it kills the daemon or stops it
};

Death ChooseDeath(int round, Random& random) {
  Death death;
  if (round % 2 == 0) {
    const FailpointUse& use = kFailpoints[static_cast<std::size_t>(round / 2) % std::size(kFailpoints)];
    death = {use.name, absl::StrCat(use.name, ":", 1 + random.Below(use.most_hits)), use.while_stopping, 4};
    return death;
  }
  switch (random.Below(3)) {
    case 0:
      return {"kill by the client", "", false, static_cast<int>(random.Below(6))};
    case 1:
      return {"at any operation on a file", absl::StrCat("disk:", 1 + random.Below(1500))};
    default:
      return {"at any time", absl::StrCat("time:", 1 + random.Below(1500000))};
  }
}

TEST_F(TortureTest, NothingIsLostOrDoubledWhenTheDaemonDiesAtAnyMoment) {
  const int kills = static_cast<int>(Setting("ONELOOP_KILLS", 100));
  const auto seed = static_cast<std::uint64_t>(Setting("ONELOOP_SEED", 1));
  const std::string data_dir = Folder("killed");
  Random random(seed);
  Client client(MixSeed(seed, 1), MakeReferences());
  std::map<std::string, int> deaths;
  std::size_t backups_checked = 0;
  for (int round = 0; round < kills && !HasFailure(); ++round) {
    const Death death = ChooseDeath(round, random);
    SCOPED_TRACE(absl::StrCat("kill ", round, ": ", death.kind, " ", death.failpoint));
    {
      Daemon daemon(data_dir, With(death.failpoint));
      client.Attach(daemon.serves() ? &daemon : nullptr);
      const bool by_itself = !death.failpoint.empty() && !death.while_stopping;
      for (int done = 0; client.alive() && (by_itself || done < death.actions); ++done) client.Act(true);
      if (by_itself) {
        EXPECT_EQ(daemon.Await(), -1) << "not killed";
      } else if (death.while_stopping) {
        EXPECT_EQ(daemon.Stop(), -1) << "not killed";
      } else {
        daemon.Kill();
      }
      client.Attach(nullptr);
    }
    ++deaths[death.kind];
    const ProcessResult fsck = Fsck(data_dir);
    // 1: it died before there was a store.
    ASSERT_TRUE(fsck.code == 0 || (fsck.code == 1 && client.calls_acknowledged() == 0)) << fsck.out;
    for (; backups_checked < client.backups().size(); ++backups_checked) {
      const std::string restored = Folder(absl::StrCat("restored", backups_checked));
      EXPECT_EQ(RunShell(absl::StrCat(BuiltProgram("oneloopd"), " restore ", client.backups()[backups_checked],
                                      " --data_dir ", restored))
                    .code,
                0);
      const ProcessResult check = Fsck(restored);
      EXPECT_EQ(check.code, 0) << check.out;
      std::filesystem::remove_all(restored);
      std::filesystem::remove(client.backups()[backups_checked]);
    }
    Daemon daemon(data_dir);
    ASSERT_TRUE(daemon.serves());
    client.Attach(&daemon);
    client.CheckPromises();
    client.Attach(nullptr);
    daemon.Kill();
  }
  {
    Daemon daemon(data_dir);
    ASSERT_TRUE(daemon.serves());
    client.Attach(&daemon);
    client.FinishAll();
    EXPECT_EQ(daemon.Stop(), 0);
  }
  const ProcessResult fsck = Fsck(data_dir);
  EXPECT_EQ(fsck.code, 0) << fsck.out;
  int total = 0;
  for (const auto& [kind, count] : deaths) {
    std::cout << "  " << count << " x " << kind << '\n';
    total += count;
  }
  std::cout << total << " kills; " << client.jobs() << " jobs, all ended; " << client.calls_acknowledged()
            << " acknowledged calls; " << client.points_looked_for() << " points looked for; " << client.lost()
            << " lost; " << backups_checked << " backups restored; fsck: " << fsck.out;
}

TEST_F(TortureTest, StoreIsMadeAfterADeathWhileItWasMade) {
  for (const char* failpoint : kOpeningFailpoints) {
    SCOPED_TRACE(failpoint);
    const std::string data_dir = Folder(failpoint);
    Daemon killed(data_dir, With(absl::StrCat(failpoint, ":1")));
    EXPECT_FALSE(killed.serves());
    EXPECT_EQ(killed.Await(), -1);
    Daemon next(data_dir);
    EXPECT_TRUE(next.serves());
    EXPECT_EQ(next.Stop(), 0);
    EXPECT_EQ(Fsck(data_dir).code, 0);
  }
}

TEST_F(TortureTest, ShippedProgramHasNoFailpoints) {
  Daemon::Options options = With("queue.before_acknowledge:1");
  options.program = "oneloopd";
  Daemon daemon(Folder("shipped"), options);
  ASSERT_TRUE(daemon.serves());
  grpc::ClientContext context;
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  *request.mutable_spec() = Spec("bert", 1, 10);
  v1::Job job;
  EXPECT_TRUE(daemon.stub().CreateJob(&context, request, &job).ok());
  EXPECT_EQ(daemon.Stop(), 0);
}

TEST_F(TortureTest, EveryFailpointOfTheSourcesIsUsed) {
  const char* const root = std::getenv("ONELOOP_SOURCE_DIR");
  if (root == nullptr) GTEST_SKIP() << "ONELOOP_SOURCE_DIR is not set";
  std::set<std::string> used(kOpeningFailpoints.begin(), kOpeningFailpoints.end());
  for (const FailpointUse& use : kFailpoints) used.insert(use.name);
  std::set<std::string> marked;
  const std::regex call("Failpoint\\(\"([^\"]+)\"\\)");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(std::string(root) + "/server")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string source = ReadFile(entry.path()).value();
    for (std::sregex_iterator match(source.begin(), source.end(), call), end; match != end; ++match) {
      EXPECT_TRUE(marked.insert((*match)[1]).second) << (*match)[1] << " stands at two places";
    }
  }
  EXPECT_EQ(marked, used);
}

}  // namespace
}  // namespace oneloop
