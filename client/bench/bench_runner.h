#ifndef ONELOOP_CLIENT_BENCH_BENCH_RUNNER_H_
#define ONELOOP_CLIENT_BENCH_BENCH_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/best_curve.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/service_client.h"

namespace oneloop {

// One job of a comparison: a workload, one way to search it, a seed.
struct BenchCase {
  std::string workload;  // its name
  std::string variant;   // what distinguishes the way to search
  v1::CreateJobRequest request;
};

// A case whose job succeeded.
struct BenchRun {
  std::string workload;
  std::string variant;
  v1::Job job;
  double samples_per_second = 0;  // by the daemon's clock; 0 when unknown
  BestCurve curve;
};

struct BenchOutcome {
  ExitCode code = ExitCode::kOk;  // else kInterrupted or kJobFailed; what happened has been told
  std::vector<BenchRun> runs;     // of every case, in order, when the code is kOk
};

// Runs the jobs of a comparison through the daemon, one after the other so that their speeds can be compared, and reads
// their exact points page by page. Whatever ends it early, the job under way is cancelled; Ctrl-C is looked for from
// here to the end. Errors are those of the daemon's calls.
absl::StatusOr<BenchOutcome> RunBench(ServiceClient& client, const std::vector<BenchCase>& cases, Environment& env);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BENCH_BENCH_RUNNER_H_
