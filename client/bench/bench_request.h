#ifndef ONELOOP_CLIENT_BENCH_BENCH_REQUEST_H_
#define ONELOOP_CLIENT_BENCH_BENCH_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/bench/bench_runner.h"
#include "client/bench/bench_variants.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/input_file.h"

namespace oneloop {

// The flags that describe a comparison, and its cases.
class BenchRequest {
 public:
  void Declare(FlagSet* flags);

  // Every case, by workload, variant and seed, each checked by the daemon (with seed 0) before the first job is made.
  // Errors name the flag or FILE:LINE. `parent` is the project.
  absl::StatusOr<std::vector<BenchCase>> Cases(ServiceClient& client, const std::string& parent, Environment& env);

  // The variant that others are compared with.
  std::string reference() const;

 private:
  // A workload as it goes into a job.
  struct Source {
    std::string flag;
    v1::JobSpec spec;
    InputFile file;
  };

  absl::Status CheckCounts() const;
  std::int64_t SamplesOfJob() const;
  absl::StatusOr<std::vector<BenchVariant>> Variants() const;
  absl::StatusOr<std::vector<Source>> Workloads(ServiceClient& client);
  absl::Status SetTemplate(ServiceClient& client, v1::JobSpec* spec);
  // The workload's name.
  absl::StatusOr<std::string> Check(ServiceClient& client, v1::CreateJobRequest request, const Source& source);

  std::vector<std::string> workloads_;
  std::string template_;
  std::vector<std::string> algorithms_;
  std::string factors_;
  bool ablations_ = false;
  std::optional<std::int32_t> seeds_;
  std::optional<std::int32_t> starts_;
  std::optional<std::int32_t> steps_;
  InputFile template_file_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BENCH_BENCH_REQUEST_H_
