#ifndef ONELOOP_CLIENT_TEMPLATE_IMPORT_H_
#define ONELOOP_CLIENT_TEMPLATE_IMPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/common_flags.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/flag_set.h"
#include "common/formats/timeloop_template.h"

namespace oneloop {

// `oneloop templates import FILE...`: an architecture of Timeloop's as a template.
class TemplateImportCommand {
 public:
  void Declare(FlagSet* flags);
  // Prints warnings and, where there are several errors, all of them; the last is returned.
  absl::StatusOr<ExitCode> Run(const std::vector<std::string>& files, OutputFormat format, Environment& env) const;

 private:
  absl::StatusOr<TemplateImportOptions> Options() const;

  std::vector<std::string> energies_;
  std::vector<std::string> areas_;
  std::vector<std::string> constraints_;
  std::vector<std::string> variables_;
  std::vector<std::string> varied_;
  std::string dialect_;
  std::string bypass_ = "keep";
  std::string template_name_;
  std::optional<std::string> output_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_TEMPLATE_IMPORT_H_
