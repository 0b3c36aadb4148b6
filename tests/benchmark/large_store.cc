// How long a daemon takes to serve on a large store:
//   large_store [gigabytes [directory]]          default: 10, in the temporary directory
// Makes a store of that size, with finished jobs and some that run, then starts the daemon of this build on it: after
// the process that wrote it was killed, after an orderly stop, and with nothing of the file in memory. Prints how long
// each takes from its begin until it listens and until it has answered a call. Deletes the store.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "common/convert/library.h"
#include "server/handlers/catalog.h"
#include "server/handlers/job_convert.h"
#include "server/store/sqlite_run_store.h"
#include "tests/integration/daemon.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

constexpr int kJobs = 500;
constexpr int kRunningJobs = 20;  // of them, the last; 1000 starts each
constexpr int kPointsOfBatch = 500;
constexpr int kBytesOfDesign = 3000;  // as of 50 layers
constexpr int kInFlight = 4;

PointBatch MakeBatch(std::int64_t job, std::int64_t first, Random& random) {
  PointBatch batch;
  batch.job_id = job;
  for (int i = 0; i < kPointsOfBatch; ++i) {
    const double area = 1 + 99 * random.Uniform();
    NewPoint point =
        ExactPoint(first + i, 1e5 * (1 + random.Uniform()) * area, 1e7 * (1 + random.Uniform()) / area, area);
    point.parameters = {128, 16, 128};
    point.design.assign(kBytesOfDesign, 'd');
    batch.points.push_back(std::move(point));
  }
  batch.samples_done = first + kPointsOfBatch;
  return batch;
}

NewJob MakeJob(const Catalog& catalog, int starts) {
  v1::JobSpec spec;
  spec.set_workload_name("resnet50");
  spec.set_template_name("gemmini");
  spec.set_starts(starts);
  NewJob job = PrepareJob(spec, catalog, CalibrationCatalog(&catalog, nullptr, nullptr)).value().job;
  job.project = "default";
  return job;
}

bool Fill(RunStore& store, const std::string& path, double bytes) {
  const Catalog catalog(&ShippedLibrary());
  Random random(1);
  for (int job = 1; job <= kJobs; ++job) {
    const bool runs = job > kJobs - kRunningJobs;
    if (!store.CreateJob(MakeJob(catalog, runs ? 1000 : 1)).ok()) return false;
    if (!store.SetJobState(job, {JobState::kPending}, JobState::kRunning, "", {}).ok()) return false;
    // As much as leaves an equal share for the jobs after it.
    const double end = bytes * job / kJobs;
    for (std::int64_t first = 0; first == 0 || static_cast<double>(std::filesystem::file_size(path)) < end;) {
      std::promise<absl::Status> last;
      for (int i = 0; i < kInFlight; ++i, first += kPointsOfBatch) {
        store.AppendPoints(MakeBatch(job, first, random), [&last, i](absl::Status status) {
          if (i == kInFlight - 1) last.set_value(std::move(status));
        });
      }
      if (!last.get_future().get().ok()) return false;
    }
    if (!runs && !store.SetJobState(job, {JobState::kRunning}, JobState::kSucceeded, "", {}).ok()) return false;
  }
  return true;
}

// In a process that ends without closing the store.
bool FillAndDie(const std::string& data_dir, double bytes) {
  const pid_t child = fork();
  if (child == 0) {
    SqliteRunStore::Options options;
    options.data_dir = data_dir;
    const auto store = SqliteRunStore::Create(options);
    _exit(store.ok() && Fill(**store, data_dir + "/oneloop.db", bytes) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

double Megabytes(const std::string& path) {
  std::error_code missing;
  const auto size = std::filesystem::file_size(path, missing);
  return missing ? 0 : static_cast<double>(size) / 1e6;
}

void Time(const char* when, const std::string& data_dir) {
  const double log = Megabytes(data_dir + "/oneloop.db-wal");
  const absl::Time begin = absl::Now();
  Daemon daemon(data_dir);
  const absl::Duration listens = absl::Now() - begin;
  v1::ListJobsRequest request;
  request.set_parent("projects/-");
  grpc::ClientContext context;
  v1::ListJobsResponse response;
  const bool answered = daemon.serves() && daemon.stub().ListJobs(&context, request, &response).ok();
  const absl::Duration served = absl::Now() - begin;
  std::printf("%-38s listens after %4.0f ms, has listed %d jobs after %4.0f ms (log of %.0f MB)%s\n", when,
              absl::ToDoubleMilliseconds(listens), response.jobs_size(), absl::ToDoubleMilliseconds(served), log,
              answered ? "" : ": NO ANSWER");
  const absl::Time stop = absl::Now();
  const int code = daemon.Stop();
  std::printf("%-38s exit code %d after %.0f ms\n", "  stopped:", code, absl::ToDoubleMilliseconds(absl::Now() - stop));
}

void DropFromMemory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return;
  fsync(descriptor);
  posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  close(descriptor);
}

int Run(double gigabytes, const std::string& parent) {
  const std::string folder = parent + "/oneloop_large_store_" + std::to_string(getpid());
  std::filesystem::create_directory(folder);
  const std::string data_dir = folder + "/data";
  const absl::Time begin = absl::Now();
  const bool filled = FillAndDie(data_dir, gigabytes * 1e9);
  if (filled) {
    std::printf("%.2f GB in %d jobs, written in %.0f s\n", Megabytes(data_dir + "/oneloop.db") / 1000, kJobs,
                absl::ToDoubleSeconds(absl::Now() - begin));
    Time("after a killed process:", data_dir);
    Time("after an orderly stop:", data_dir);
    DropFromMemory(data_dir + "/oneloop.db");
    Time("with nothing of the file in memory:", data_dir);
  } else {
    std::printf("the store could not be written; is there room in %s?\n", parent.c_str());
  }
  std::filesystem::remove_all(folder);
  return filled ? 0 : 1;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const double gigabytes = argc > 1 ? std::atof(argv[1]) : 10;
  const std::string parent = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
  return oneloop::Run(gigabytes, parent);
}
