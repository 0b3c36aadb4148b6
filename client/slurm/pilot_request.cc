#include "client/slurm/pilot_request.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/exit_code.h"
#include "client/slurm/pilot.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr int kMostCpus = 4096;
// What sbatch takes behind the "@" of --signal.
constexpr int kLongestGraceSeconds = 65535;

// What pilots are found by, or what this program reads of sbatch's answer, is not for others to set.
constexpr std::array<std::string_view, 9> kOwnOptions = {"--array", "--comment", "--job-name", "--parsable", "--wait",
                                                         "--wrap",  "-J",        "-W",         "-a"};

// What is passed on to sbatch under the flag's name.
struct SbatchOption {
  const char* name;
  std::optional<std::string> PilotRequest::*value;
};
constexpr std::array kSbatchOptions = {
    SbatchOption{"partition", &PilotRequest::partition},
    SbatchOption{"time", &PilotRequest::time},
    SbatchOption{"mem", &PilotRequest::mem},
    SbatchOption{"account", &PilotRequest::account},
    SbatchOption{"qos", &PilotRequest::qos},
    SbatchOption{"constraint", &PilotRequest::constraint},
    SbatchOption{"nodelist", &PilotRequest::nodelist},
    SbatchOption{"exclude", &PilotRequest::exclude},
};

// For the shell, as one word.
std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", R"('\'')"}}), "'");
}

// Of sbatch's own options, which may be shortened as long as they are told apart.
absl::Status CheckSbatchArgument(const std::string& argument) {
  if (!absl::StartsWith(argument, "-")) {
    return UsageError("workers", absl::StrCat("'", argument,
                                              "' is no option of sbatch; write options and values as one, as in "
                                              "--gres=gpu:1 or -xnode7"));
  }
  const std::string option =
      absl::StartsWith(argument, "--") ? argument.substr(0, argument.find('=')) : argument.substr(0, 2);
  for (const std::string_view own : kOwnOptions) {
    if (!absl::StartsWith(ToAbsl(own), option)) continue;
    return UsageError("workers", absl::StrCat("'", argument, "' is set by oneloop itself"));
  }
  return absl::OkStatus();
}

absl::Status CheckText(std::string_view flag, const std::optional<std::string>& text) {
  if (!text.has_value()) return absl::OkStatus();
  const bool valid = !text->empty() && text->size() <= 1000 && std::all_of(text->begin(), text->end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  return valid ? absl::OkStatus()
               : UsageError("workers", absl::StrCat("--", ToAbsl(flag),
                                                    ": is empty, too long or has other characters than printable ASCII "
                                                    "without spaces"));
}

}  // namespace

absl::Status CheckPilotName(const std::string& name) {
  const bool valid = name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
                       return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                              std::string_view("_-.").find(c) != std::string_view::npos;
                     });
  return valid ? absl::OkStatus()
               : UsageError("workers",
                            absl::StrCat("--name: '", name, "' is not 1 to 40 letters, digits, '_', '-' and '.'"));
}

void PilotFlags::Declare(FlagSet* flags) {
  flags->Add("cpus", "N", "cores of each pilot, 1 by default; its worker takes as many leases", &cpus_);
  flags->Add("time", "TIME", "time limit of each, as sbatch takes it; default the partition's", &request_.time);
  flags->Add("grace", "SECONDS", "from SIGTERM to the time limit; default 60", &grace_s_);
  flags->Add("partition", "NAMES", "passed to sbatch, as are the next ones", &request_.partition);
  flags->Add("mem", "SIZE", "memory of each pilot", &request_.mem);
  flags->Add("account", "NAME", "whom Slurm charges", &request_.account);
  flags->Add("qos", "NAME", "quality of service", &request_.qos);
  flags->Add("constraint", "FEATURES", "what nodes must have", &request_.constraint);
  flags->Add("nodelist", "NODES", "where to run", &request_.nodelist);
  flags->Add("exclude", "NODES", "where not to run", &request_.exclude);
}

absl::StatusOr<PilotRequest> PilotFlags::Request(std::vector<std::string> sbatch_arguments) const {
  PilotRequest request = request_;
  request.cpus = cpus_.value_or(1);
  if (request.cpus < 1 || request.cpus > kMostCpus) {
    return UsageError("workers", absl::StrCat("--cpus: is not 1 to ", kMostCpus));
  }
  request.grace_s = grace_s_.value_or(60);
  if (request.grace_s < 1 || request.grace_s > kLongestGraceSeconds) {
    return UsageError("workers", absl::StrCat("--grace: is not 1 to ", kLongestGraceSeconds));
  }
  for (const SbatchOption& option : kSbatchOptions) RETURN_IF_ERROR(CheckText(option.name, request.*option.value));
  for (const std::string& argument : sbatch_arguments) RETURN_IF_ERROR(CheckSbatchArgument(argument));
  request.sbatch_arguments = std::move(sbatch_arguments);
  return request;
}

std::vector<std::string> SbatchArguments(const PilotRequest& request, int count) {
  std::vector<std::string> arguments = {
      "--parsable",
      absl::StrCat("--array=0-", count - 1),
      absl::StrCat("--job-name=", PilotJobName(request.name)),
      absl::StrCat("--comment=", PilotComment(request.server)),
      "--requeue",
      absl::StrCat("--signal=B:TERM@", request.grace_s),
      "--nodes=1",
      "--ntasks=1",
      absl::StrCat("--cpus-per-task=", request.cpus),
      "--chdir=/",
      // Of the environment that sbatch gets: any other value has nodes run the user's login shell first.
      "--export=ALL",
      "--open-mode=append",
      absl::StrCat("--output=", absl::StrReplaceAll(request.log_folder, {{"%", "%%"}}), "/%A_%a.log"),
  };
  for (const SbatchOption& option : kSbatchOptions) {
    const std::optional<std::string>& value = request.*option.value;
    if (value.has_value()) arguments.push_back(absl::StrCat("--", option.name, "=", *value));
  }
  arguments.insert(arguments.end(), request.sbatch_arguments.begin(), request.sbatch_arguments.end());
  return arguments;
}

std::string BatchScript(const PilotRequest& request) {
  const std::string program = Quoted(request.program);
  const std::string token_file = Quoted(request.token_file);
  std::string script = absl::StrCat(
      "#!/bin/sh\n"
      "# A worker of OneLoop's, made by `oneloop workers`. SIGTERM has it end at its next safe point.\n"
      "cannot() {\n"
      "  echo \"oneloop: node ${SLURMD_NODENAME:-?} cannot $1 $2, which must be on a disk that the nodes share\" >&2\n"
      "  exit 1\n"
      "}\n"
      "[ -x ",
      program, " ] || cannot run ", program, "\n[ -r ", token_file, " ] || cannot read ", token_file, "\n");
  std::string tls;
  if (!request.tls_ca.empty()) {
    const std::string tls_ca = Quoted(request.tls_ca);
    absl::StrAppend(&script, "[ -r ", tls_ca, " ] || cannot read ", tls_ca, "\n");
    tls = absl::StrCat(" --tls_ca ", tls_ca);
  }
  absl::StrAppend(&script, "exec ", program, " --server ", Quoted(request.server), " --token_file ", token_file, tls,
                  " --threads ", request.cpus, " --name \"",
                  PilotWorkerName("${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}"), "\"\n");
  return script;
}

std::vector<int> SplitArrays(int count, int most) {
  std::vector<int> sizes;
  for (int left = count; left > 0; left -= sizes.back()) sizes.push_back(std::min(left, most));
  return sizes;
}

}  // namespace oneloop
