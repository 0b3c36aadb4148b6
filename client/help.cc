#include "client/help.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 done; 1 error of the daemon or the output; 2 wrong usage; 3 not found; 4 invalid input;\n"
    "5 no daemon reached; 6 the job that was waited for failed or was cancelled; 130 interrupted while waiting.\n";

std::string Overview() {
  std::string text =
      "oneloop: co-design of DNN accelerators, by a daemon named oneloopd\n\n"
      "usage: oneloop COMMAND [arguments] [flags]\n\n";
  for (const std::unique_ptr<Command>& command : AllCommands()) {
    absl::StrAppend(&text, absl::StrFormat("  %-13s%s\n", command->Name(), command->Summary()));
  }
  absl::StrAppend(&text, "\n`oneloop help COMMAND` describes one.\n", kExitCodes);
  return text;
}

class HelpCommand : public Command {
 public:
  std::string Name() const override { return "help"; }
  std::string Summary() const override { return "describes the commands, or one of them"; }
  void Declare(FlagSet* flags) override { flags->AddOptionalArgument("COMMAND", "the command to describe", &command_); }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    if (!command_.has_value()) {
      env.out << Overview();
      return ExitCode::kOk;
    }
    std::vector<std::string> names;
    for (const std::unique_ptr<Command>& command : AllCommands()) {
      names.push_back(command->Name());
      if (command->Name() != *command_) continue;
      FlagSet flags(command->Name());
      command->Declare(&flags);
      env.out << CommandHelp(*command, flags);
      return ExitCode::kOk;
    }
    return UsageError("", absl::StrCat("unknown command '", *command_, "'", SuggestName(*command_, names)));
  }

 private:
  std::optional<std::string> command_;
};

}  // namespace

std::string CommandHelp(const Command& command, const FlagSet& flags) {
  const std::string notes = command.Notes();
  return absl::StrCat("oneloop ", command.Name(), ": ", command.Summary(), "\n\nusage: oneloop ", command.Name(), " ",
                      flags.UsageLine(), "\n\n", flags.HelpText(), notes.empty() ? "" : "\n", notes);
}

std::unique_ptr<Command> MakeHelpCommand() { return std::make_unique<HelpCommand>(); }

}  // namespace oneloop
