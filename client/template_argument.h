#ifndef ONELOOP_CLIENT_TEMPLATE_ARGUMENT_H_
#define ONELOOP_CLIENT_TEMPLATE_ARGUMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/exit_code.h"
#include "client/flag_set.h"
#include "client/input_file.h"
#include "client/service_client.h"
#include "common/base/status.h"

namespace oneloop {

// --template NAME|FILE of a command that has to know the template's parameters.
class TemplateArgument {
 public:
  void Declare(FlagSet* flags) {
    flags->Add("template", "NAME|FILE", "the hardware template: a shipped one, or a YAML or JSON file", &template_);
  }

  // A usage error when the flag is missing.
  absl::Status Check(const std::string& command) const {
    if (!template_.empty()) return absl::OkStatus();
    return UsageError(command, "--template is missing: --template NAME|FILE");
  }

  bool is_set() const { return !template_.empty(); }

  // Sets the template of a request that has `template` and `template_name`; returns the names of its parameters.
  template <class Request>
  absl::StatusOr<std::vector<std::string>> Resolve(ServiceClient& client, Request* request) {
    v1::Template message;
    if (IsFileArgument(template_)) {
      RETURN_IF_ERROR(file_.Read(template_, "template", &message));
      *request->mutable_template_() = message;
    } else {
      v1::GetTemplateRequest get;
      get.set_name(absl::StrCat("templates/", template_));
      absl::StatusOr<v1::Template> shipped = client.GetTemplate(get);
      if (!shipped.ok()) return RenameField(shipped.status(), [](const std::string&) { return "--template"; });
      message = *std::move(shipped);
      request->set_template_name(template_);
    }
    std::vector<std::string> names;
    for (const v1::Parameter& parameter : message.parameters()) names.push_back(parameter.name());
    return names;
  }

  // As InputFile.
  absl::Status Locate(const absl::Status& status) const { return file_.Locate(status); }

 private:
  std::string template_;
  InputFile file_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_TEMPLATE_ARGUMENT_H_
