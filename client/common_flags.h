#ifndef ONELOOP_CLIENT_COMMON_FLAGS_H_
#define ONELOOP_CLIENT_COMMON_FLAGS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/flag_set.h"
#include "client/server_options.h"
#include "client/service_client.h"

namespace oneloop {

// Which daemon, and how to get in: see ServerOptions.
class ServerFlag {
 public:
  void Declare(FlagSet* flags);
  // Errors are those of ServerOptions::Resolve. The client may print notices while it waits for the daemon; `env`
  // outlives it.
  absl::StatusOr<std::unique_ptr<ServiceClient>> Connect(const Environment& env) const;

 private:
  ServerOptions options_;
};

enum class OutputFormat { kTable, kJson, kCsv };

class FormatFlag {
 public:
  void Declare(FlagSet* flags);
  OutputFormat get() const;

 private:
  std::string format_ = "table";
};

// --project, and job names that depend on it.
class ProjectFlag {
 public:
  void Declare(FlagSet* flags);
  // "projects/default"
  absl::StatusOr<std::string> Parent() const;
  // The resource name for "12" or "projects/default/jobs/12"; a usage error for anything else.
  absl::StatusOr<std::string> JobName(const std::string& job) const;
  // The same for "chip" or "projects/default/calibrations/chip".
  absl::StatusOr<std::string> CalibrationName(const std::string& calibration) const;

 private:
  std::string project_ = "default";
};

// "12" for "projects/default/jobs/12".
std::string JobId(const std::string& job_name);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_COMMON_FLAGS_H_
