#ifndef ONELOOP_CLIENT_IMPORT_FLAGS_H_
#define ONELOOP_CLIENT_IMPORT_FLAGS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/flag_set.h"
#include "common/formats/import_options.h"

namespace oneloop {

// --bind, --shape, --value and --skip: what the user says about a file that is read as a workload.
class ImportFlags {
 public:
  // `command` is named in usage errors.
  explicit ImportFlags(std::string command) : command_(std::move(command)) {}
  void Declare(FlagSet* flags);
  absl::StatusOr<ImportOptions> Options() const;

 private:
  const std::string command_;
  std::vector<std::string> bindings_;
  std::vector<std::string> shapes_;
  std::vector<std::string> values_;
  std::vector<std::string> skips_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_IMPORT_FLAGS_H_
