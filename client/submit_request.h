#ifndef ONELOOP_CLIENT_SUBMIT_REQUEST_H_
#define ONELOOP_CLIENT_SUBMIT_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/import_flags.h"
#include "client/input_file.h"
#include "client/job_settings_flags.h"
#include "oneloop/v1/search_service.pb.h"

namespace oneloop {

// The flags that describe a job, the request that they make, and the way back from an error about a field of the
// request to the flag or the line of a file that it came from.
class SubmitRequest {
 public:
  // `command` is named in usage errors.
  explicit SubmitRequest(std::string command = "submit") : command_(std::move(command)) {}
  void Declare(FlagSet* flags);
  // As --FLAG=VALUE, in addition to or in the place of what was given.
  absl::Status Set(const std::string& flag, const std::string& value);

  // Sets all but `parent`. Usage errors name the flag, errors in files FILE:LINE. Values are checked by the daemon.
  absl::Status Fill(const Environment& env, v1::CreateJobRequest* request);
  // The two parts of it: workload and template, which may be files to read, and all else.
  absl::Status FillSources(const Environment& env, v1::JobSpec* spec);
  absl::Status FillSettings(const Environment& env, v1::CreateJobRequest* request) const;

  absl::Status Locate(const absl::Status& status) const;

 private:
  // The one workload, or each of several as a network.
  absl::Status FillWorkloads(const Environment& env, v1::JobSpec* spec);
  // Message: JobSpec or JobNetwork; errors name it as the request's field `field`.
  template <class Message>
  absl::Status FillWorkload(const Environment& env, const std::string& argument, const std::string& field,
                            Message* message);
  absl::Status FillMappingConstraints(const Environment& env, v1::JobSpec* spec);
  absl::Status FillReferences(v1::JobSpec* spec) const;
  absl::Status FillConstraints(v1::JobSpec* spec) const;
  std::string FlagOf(const std::string& field) const;

  const std::string command_;
  std::vector<std::string> workloads_;
  std::string combination_;
  std::vector<std::string> references_;
  std::string template_;
  std::string constraints_;
  std::string objective_;
  std::string algorithm_;
  std::string order_strategy_;
  std::string factors_;
  std::optional<std::int32_t> starts_;
  std::optional<std::int32_t> steps_;
  std::optional<std::int64_t> samples_;
  std::uint64_t seed_ = 0;
  std::vector<std::string> fixed_;
  std::vector<std::string> limits_;
  std::optional<std::int32_t> round_period_;
  std::optional<double> learning_rate_;
  std::optional<double> descent_share_;
  std::string parametrization_;
  std::optional<std::string> stop_gap_;
  std::string calibration_;
  std::string predictor_;
  ImportFlags import_{command_};
  JobSettingsFlags settings_{command_};
  std::optional<std::string> request_id_;
  bool validate_only_ = false;
  std::vector<InputFile> workload_files_;
  InputFile template_file_;
  InputFile constraints_file_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SUBMIT_REQUEST_H_
