#include <memory>
#include <string>

#include "client/command.h"

namespace oneloop {
namespace {

class VersionCommand : public Command {
 public:
  std::string Name() const override { return "version"; }
  std::string Summary() const override { return "prints this program's version"; }
  void Declare(FlagSet* /*flags*/) override {}

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    env.out << "oneloop " << ONELOOP_VERSION << '\n';
    return ExitCode::kOk;
  }
};

}  // namespace

std::unique_ptr<Command> MakeVersionCommand() { return std::make_unique<VersionCommand>(); }

}  // namespace oneloop
