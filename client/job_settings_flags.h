#ifndef ONELOOP_CLIENT_JOB_SETTINGS_FLAGS_H_
#define ONELOOP_CLIENT_JOB_SETTINGS_FLAGS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/flag_set.h"
#include "oneloop/v1/search_service.pb.h"

namespace oneloop {

// --priority, --label and --deadline, of submit and update.
class JobSettingsFlags {
 public:
  // `command` is named in usage errors.
  explicit JobSettingsFlags(std::string command) : command_(std::move(command)) {}
  void Declare(FlagSet* flags);

  // What is given, and for Fill(UpdateJobRequest) its part of the mask. Usage errors; values are checked by the daemon.
  absl::Status Fill(v1::CreateJobRequest* request) const;
  absl::Status Fill(v1::UpdateJobRequest* request) const;

 private:
  using Deadline = std::variant<google::protobuf::Timestamp, google::protobuf::Duration>;

  absl::StatusOr<std::map<std::string, std::string>> Labels() const;
  absl::StatusOr<Deadline> ParseDeadline() const;

  const std::string command_;
  std::optional<std::int32_t> priority_;
  std::vector<std::string> labels_;
  std::optional<std::string> deadline_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_JOB_SETTINGS_FLAGS_H_
