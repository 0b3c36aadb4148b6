#include "client/run_client.h"

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/errors.h"
#include "client/help.h"
#include "client/output.h"
#include "client/utf8.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::vector<std::string> NamesOf(const CommandList& commands) {
  std::vector<std::string> names;
  for (const std::unique_ptr<Command>& command : commands) names.push_back(command->Name());
  return names;
}

absl::StatusOr<ExitCode> RunCommand(Command& command, const std::vector<std::string>& args, Environment& env) {
  FlagSet flags(command.Name());
  command.Declare(&flags);
  RETURN_IF_ERROR(flags.Parse(args));
  if (flags.help_requested()) {
    env.out << CommandHelp(command, flags);
    return ExitCode::kOk;
  }
  return command.Run(env);
}

absl::StatusOr<ExitCode> Dispatch(const std::vector<std::string>& args, Environment& env) {
  const CommandList commands = AllCommands();
  for (std::size_t i = 0; i < args.size(); ++i) {
    // Names travel in messages, whose text is UTF-8.
    if (Utf8Prefix(args[i]) != args[i].size()) return UsageError("", absl::StrCat("argument ", i + 1, " is not UTF-8"));
  }
  if (args.empty()) return UsageError("", "no command is given");
  std::string name = args.front();
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version") name = "version";
  for (const std::unique_ptr<Command>& command : commands) {
    if (command->Name() == name) return RunCommand(*command, {args.begin() + 1, args.end()}, env);
  }
  return UsageError("", absl::StrCat("unknown command '", name, "'", SuggestName(name, NamesOf(commands))));
}

}  // namespace

ExitCode RunClient(const std::vector<std::string>& args, Environment& env) {
  absl::StatusOr<ExitCode> code = Dispatch(args, env);
  if (!FlushOutput(env.out).ok()) {
    const int error = env.output_error();
    // The reader has seen enough, as in `oneloop points 12 | head`.
    if (error == EPIPE) return code.ok() ? *code : ExitCode::kOk;
    code = absl::InternalError(
        absl::StrCat("the output cannot be written", error == 0 ? "" : ": ", error == 0 ? "" : std::strerror(error)));
  }
  if (code.ok()) return *code;
  env.err << "oneloop: " << OneLine(Message(code.status())) << std::endl;
  return ExitCodeOf(code.status());
}

}  // namespace oneloop
