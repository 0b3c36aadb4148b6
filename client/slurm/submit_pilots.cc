#include "client/slurm/submit_pilots.h"

#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/exit_code.h"
#include "client/output.h"
#include "client/service_client.h"
#include "client/slurm/pilot_files.h"
#include "client/slurm/run_program.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

constexpr char kProgram[] = "oneloop-worker";

bool IsProgram(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && access(path.c_str(), X_OK) == 0;
}

// Without following links: what the nodes know a shared disk by may be one.
std::string Absolute(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.lexically_normal().string();
}

}  // namespace

void SubmitFlags::Declare(FlagSet* flags) {
  flags->Add("worker_token_file", "FILE",
             "holds the pilots' token, of scope worker; default $ONELOOP_WORKER_TOKEN_FILE", &token_file_);
  flags->Add("worker_server", "HOST:PORT", "the daemon as the nodes reach it; default --server", &server_);
  flags->Add("worker_program", "FILE", "what pilots run; default oneloop-worker beside this program or on PATH",
             &program_);
  flags->Add("dir", "DIR", "for their token and logs, shared by the nodes; default ~/.local/state/oneloop/workers",
             &folder_);
  pilots_.Declare(flags);
}

absl::StatusOr<std::string> SubmitFlags::Folder(const Environment& env) const {
  std::string folder = folder_.empty() ? DefaultPilotFolder(env) : Absolute(folder_);
  if (!folder.empty()) return folder;
  return UsageError("workers", "--dir is missing, and HOME is not set");
}

absl::StatusOr<std::string> SubmitFlags::Address(const Environment& env, const ServerOptions& server) const {
  std::string address = server_;
  if (address.empty()) {
    ServerOptions::Sources sources;
    ASSIGN_OR_RETURN(const ServiceClient::Options options, server.Resolve(env, &sources));
    address = options.address;
  }
  if (const absl::Status valid = CheckAddress(address); !valid.ok()) {
    return UsageError("workers", absl::StrCat("--worker_server: ", valid.message()));
  }
  if (!absl::StartsWith(address, "unix:")) return address;
  return UsageError("workers", absl::StrCat("nodes cannot reach ", address, ", a socket of this machine: start the ",
                                            "daemon with --listen HOST:PORT and pass --worker_server HOST:PORT"));
}

absl::StatusOr<std::string> SubmitFlags::Token(const Environment& env) const {
  const std::string path = token_file_.empty() ? env.variable("ONELOOP_WORKER_TOKEN_FILE").value_or("") : token_file_;
  if (path.empty()) {
    return UsageError("workers",
                      "pilots need a token: `oneloopd token create --scope worker` makes one, and "
                      "--worker_token_file names the file that holds it");
  }
  ASSIGN_OR_RETURN(std::string token, ReadTokenFile("--worker_token_file", path));
  if (!TokenId(token).empty()) return token;
  return UsageError("workers", absl::StrCat("--worker_token_file: ", path, " holds no token; one begins with olt_"));
}

absl::StatusOr<std::string> SubmitFlags::WorkerProgram(const Environment& env) const {
  if (!program_.empty()) {
    std::string program = Absolute(program_);
    if (IsProgram(program)) return program;
    return UsageError("workers", absl::StrCat("--worker_program: ", program, " is no program"));
  }
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const std::string beside = (self.parent_path() / kProgram).string();
  if (!error && IsProgram(beside)) return beside;
  std::optional<std::string> on_path = FindProgram(kProgram, env.variable("PATH").value_or(""));
  if (on_path.has_value()) return *std::move(on_path);
  return UsageError("workers", absl::StrCat(kProgram,
                                            " is neither beside this program nor on PATH; pass "
                                            "--worker_program FILE, on a disk that the nodes share"));
}

absl::StatusOr<PilotRequest> SubmitFlags::Prepare(const Environment& env, const ServerOptions& server,
                                                  const ClusterConfig& cluster, const std::string& name,
                                                  std::vector<std::string> sbatch_arguments) const {
  RETURN_IF_ERROR(CheckPilotName(name));
  ASSIGN_OR_RETURN(PilotRequest request, pilots_.Request(std::move(sbatch_arguments)));
  request.name = name;
  ASSIGN_OR_RETURN(request.server, Address(env, server));
  ASSIGN_OR_RETURN(const std::string token, Token(env));
  ASSIGN_OR_RETURN(const std::string tls_ca, server.ReadTlsCa(env));
  if (IsLoopback(request.server)) {
    PrintNotice(env, absl::StrCat(request.server, " is each node itself; only a daemon or a tunnel there is reached"));
  } else if (tls_ca.empty()) {
    return UsageError("workers", "pilots send their token to the daemon only with TLS: pass --tls_ca FILE");
  }
  ASSIGN_OR_RETURN(request.program, WorkerProgram(env));
  ASSIGN_OR_RETURN(const std::string folder, Folder(env));
  ASSIGN_OR_RETURN(const PilotFiles files, PilotFiles::Open(folder, cluster.name));
  ASSIGN_OR_RETURN(request.token_file, files.KeepToken(token));
  if (!tls_ca.empty()) {
    ASSIGN_OR_RETURN(request.tls_ca, files.KeepCertificates(tls_ca));
  }
  request.log_folder = files.log_folder();
  return request;
}

absl::Status SubmitPilots(const Slurm& slurm, const ClusterConfig& cluster, const PilotRequest& request, int count,
                          std::vector<SubmittedArray>* arrays) {
  if (cluster.most_array_tasks < 1) {
    return absl::FailedPreconditionError("this cluster has no job arrays: its MaxArraySize is 0");
  }
  if (access(request.token_file.c_str(), R_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        request.token_file, " is gone, as `oneloop workers stop --all` leaves it: give this command again"));
  }
  int submitted = 0;
  for (const int pilots : SplitArrays(count, cluster.most_array_tasks)) {
    const absl::StatusOr<std::string> array = slurm.Submit(request, pilots);
    if (!array.ok()) {
      return absl::Status(array.status().code(), absl::StrCat(array.status().message(), " (", submitted, " of ", count,
                                                              " pilots were submitted before)"));
    }
    arrays->push_back({*array, pilots});
    submitted += pilots;
  }
  return absl::OkStatus();
}

}  // namespace oneloop
