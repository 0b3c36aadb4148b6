#ifndef ONELOOP_CLIENT_TEMPLATE_CHECK_H_
#define ONELOOP_CLIENT_TEMPLATE_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/common_flags.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/flag_set.h"

namespace oneloop {

// `oneloop templates check FILE`: what a template can do at one choice of its parameters.
class TemplateCheckCommand {
 public:
  void Declare(FlagSet* flags);
  absl::StatusOr<ExitCode> Run(const std::vector<std::string>& files, OutputFormat format, Environment& env) const;

 private:
  std::vector<std::string> values_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_TEMPLATE_CHECK_H_
