#include <memory>
#include <optional>
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
  std::string Summary() const override { return "operates the daemon: copies its store, or ends it"; }
  std::string Notes() const override {
    return "`admin backup FILE`: FILE is a name; the daemon writes the copy to the folder `backups` of its data\n"
           "directory, while jobs go on. `oneloopd restore` makes a store out of it. `admin drain`: the daemon ends\n"
           "within 30 s, as on SIGTERM; unfinished jobs go on with the next one.\n"
           "The daemon must have been started with --enable_admin.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("ACTION", "backup or drain", &action_);
    flags->AddOptionalArgument("FILE", "the name of the backup's file", &file_);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (action_ != "backup" && action_ != "drain") {
      return UsageError(Name(),
                        absl::StrCat("unknown action '", action_, "'", SuggestName(action_, {"backup", "drain"})));
    }
    if (action_ == "backup" && !file_.has_value()) return UsageError(Name(), "FILE is missing: admin backup FILE");
    if (action_ == "drain" && file_.has_value()) return UsageError(Name(), "drain takes no FILE");
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    const absl::Status done = action_ == "backup" ? Backup(*client, env) : Drain(*client, env);
    if (absl::IsUnimplemented(done)) {
      return absl::FailedPreconditionError(
          absl::StrCat("the daemon at ", client->address(), " was started without --enable_admin"));
    }
    RETURN_IF_ERROR(done);
    return ExitCode::kOk;
  }

 private:
  absl::Status Backup(ServiceClient& client, Environment& env) const {
    v1::BackupRequest request;
    request.set_name(*file_);
    const absl::StatusOr<v1::BackupResponse> backup = client.Backup(request);
    if (!backup.ok()) return RenameField(backup.status(), [](const std::string&) { return std::string("FILE"); });
    if (format_.get() == OutputFormat::kTable) {
      env.out << OneLine(backup->path()) << '\n';
    } else {
      env.out << JsonPrinter().Pretty(*backup);
    }
    return absl::OkStatus();
  }

  static absl::Status Drain(ServiceClient& client, Environment& env) {
    RETURN_IF_ERROR(client.Drain());
    env.out << "the daemon at " << client.address() << " is ending\n";
    return absl::OkStatus();
  }

  std::string action_;
  std::optional<std::string> file_;
  FormatFlag format_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeAdminCommand() { return std::make_unique<AdminCommand>(); }

}  // namespace oneloop
