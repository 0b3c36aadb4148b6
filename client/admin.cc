#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class AdminCommand : public Command {
 public:
  std::string Name() const override { return "admin"; }
  std::string Summary() const override { return "operates the daemon: `admin backup FILE` copies its store"; }
  std::string Notes() const override {
    return "FILE is a name; the daemon writes the copy to the folder `backups` of its data directory, while jobs go\n"
           "on. `oneloopd restore` makes a store out of it. The daemon must have been started with --enable_admin.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("ACTION", "backup", &action_);
    flags->AddArgument("FILE", "the name of the new file", &file_);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (action_ != "backup") {
      return UsageError(Name(), absl::StrCat("unknown action '", action_, "'", SuggestName(action_, {"backup"})));
    }
    v1::BackupRequest request;
    request.set_name(file_);
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    const absl::StatusOr<v1::BackupResponse> backup = client->Backup(request);
    if (absl::IsUnimplemented(backup.status())) {
      return absl::FailedPreconditionError(
          absl::StrCat("the daemon at ", client->address(), " was started without --enable_admin"));
    }
    if (!backup.ok()) return RenameField(backup.status(), [](const std::string&) { return std::string("FILE"); });
    if (format_.get() == OutputFormat::kTable) {
      env.out << backup->path() << '\n';
    } else {
      env.out << JsonPrinter().Pretty(*backup);
    }
    return ExitCode::kOk;
  }

 private:
  std::string action_;
  std::string file_;
  FormatFlag format_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeAdminCommand() { return std::make_unique<AdminCommand>(); }

}  // namespace oneloop
