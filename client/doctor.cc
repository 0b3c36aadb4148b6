#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "client/command.h"
#include "client/diagnosis.h"
#include "client/server_options.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class DoctorCommand : public Command {
 public:
  std::string Name() const override { return "doctor"; }
  std::string Summary() const override { return "finds what is wrong between here and the daemon, and says the fix"; }
  std::string Notes() const override {
    return "Looks at name, port or socket, TLS, token, version and clock, one after the other, with the flags and\n"
           "variables that other commands use. Exit code 0 when all is well, 5 when no daemon was reached, else 1.\n";
  }

  void Declare(FlagSet* flags) override { server_.Declare(flags); }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ServerOptions::Sources sources;
    ASSIGN_OR_RETURN(const ServiceClient::Options options, server_.Resolve(env, &sources));
    const Diagnosis diagnosis = Diagnose(options, sources, ONELOOP_VERSION, env);
    for (const Finding& finding : diagnosis.findings) {
      env.out << absl::StrFormat("%-4s  %-8s %s\n", finding.fix.empty() ? "ok" : "FAIL", finding.check, finding.text);
      if (!finding.fix.empty()) env.out << absl::StrFormat("      %-8s %s\n", "fix:", finding.fix);
    }
    if (diagnosis.healthy()) return ExitCode::kOk;
    return diagnosis.reached ? ExitCode::kError : ExitCode::kUnreachable;
  }

 private:
  ServerOptions server_;
};

}  // namespace

std::unique_ptr<Command> MakeDoctorCommand() { return std::make_unique<DoctorCommand>(); }

}  // namespace oneloop
