#ifndef ONELOOP_CLIENT_COMMAND_H_
#define ONELOOP_CLIENT_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/environment.h"
#include "client/exit_code.h"
#include "client/flag_set.h"

namespace oneloop {

// One command of `oneloop`. An object serves one run: Declare, FlagSet::Parse, Run.
class Command {
 public:
  virtual ~Command() = default;
  virtual std::string Name() const = 0;
  // One line for the list of commands, without full stop.
  virtual std::string Summary() const = 0;
  // What the help says after the flags; whole lines, or "".
  virtual std::string Notes() const { return ""; }
  // Binds the command's variables to `flags`.
  virtual void Declare(FlagSet* flags) = 0;
  // An error is printed by the caller, in one line. The caller also flushes the output.
  virtual absl::StatusOr<ExitCode> Run(Environment& env) = 0;
};

using CommandList = std::vector<std::unique_ptr<Command>>;

// In the order of the help.
CommandList AllCommands();

std::unique_ptr<Command> MakeSubmitCommand();
std::unique_ptr<Command> MakeJobsCommand();
std::unique_ptr<Command> MakeGetCommand();
std::unique_ptr<Command> MakeWatchCommand();
std::unique_ptr<Command> MakeCancelCommand();
std::unique_ptr<Command> MakePauseCommand();
std::unique_ptr<Command> MakeResumeCommand();
std::unique_ptr<Command> MakeUpdateCommand();
std::unique_ptr<Command> MakeDeleteCommand();
std::unique_ptr<Command> MakeUndeleteCommand();
std::unique_ptr<Command> MakeParetoCommand();
std::unique_ptr<Command> MakePointsCommand();
std::unique_ptr<Command> MakeDesignCommand();
std::unique_ptr<Command> MakeExplainCommand();
std::unique_ptr<Command> MakeExportCommand();
std::unique_ptr<Command> MakeEvaluateCommand();
std::unique_ptr<Command> MakeCalibrateCommand();
std::unique_ptr<Command> MakeCalibrationsCommand();
std::unique_ptr<Command> MakeBenchCommand();
std::unique_ptr<Command> MakeSweepCommand();
std::unique_ptr<Command> MakeSweepsCommand();
std::unique_ptr<Command> MakeCompareCommand();
std::unique_ptr<Command> MakeWorkloadsCommand();
std::unique_ptr<Command> MakeTemplatesCommand();
std::unique_ptr<Command> MakeWorkersCommand();
std::unique_ptr<Command> MakeAdminCommand();
std::unique_ptr<Command> MakeDoctorCommand();
std::unique_ptr<Command> MakeHelpCommand();
std::unique_ptr<Command> MakeVersionCommand();

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_COMMAND_H_
