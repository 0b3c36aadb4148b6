#include "client/slurm/slurm.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/numbers.h"
#include "client/slurm/run_program.h"
#include "common/base/cut_text.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// sbatch asks up to 15 times, with growing pauses, while the controller has no room.
constexpr absl::Duration kSubmitTimeout = absl::Minutes(3);
constexpr std::size_t kLongestMessage = 500;
// How many a command line gets at once.
constexpr std::size_t kCancelAtOnce = 500;

constexpr std::array kKept = {"PATH",       "HOME",           "USER",     "LOGNAME",
                              "SHELL",      "LANG",           "TZ",       "LD_LIBRARY_PATH",
                              "SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT"};
// Would have sbatch wait for the jobs' ends.
constexpr char kWait[] = "SBATCH_WAIT";

// "sbatch: error: Batch job submission failed: ..." over several lines, in one and without the beginnings.
std::string PlainText(std::string_view errors) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(ToAbsl(errors), '\n')) {
    line = absl::StripAsciiWhitespace(line);
    for (const absl::string_view kind : {": error: ", ": fatal: "}) {
      const std::size_t at = line.find(kind);
      if (at < line.find(' ')) line.remove_prefix(at + kind.size());
    }
    if (!line.empty()) lines.emplace_back(line);
  }
  return CutText(absl::StrJoin(lines, "; "), kLongestMessage);
}

bool ContainsAny(std::string_view text, std::initializer_list<absl::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [text](absl::string_view word) { return absl::StrContains(ToAbsl(text), word); });
}

// "Name = value" by name.
std::map<std::string, std::string> ConfigValues(std::string_view text) {
  std::map<std::string, std::string> values;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    const std::vector<absl::string_view> sides = absl::StrSplit(line, absl::MaxSplits('=', 1));
    if (sides.size() != 2) continue;
    values.emplace(absl::StripAsciiWhitespace(sides[0]), absl::StripAsciiWhitespace(sides[1]));
  }
  return values;
}

absl::Status NotFound(const std::string& program) {
  return absl::FailedPreconditionError(absl::StrCat(
      program,
      " is not on PATH: pilots are placed by Slurm's own commands. Run this where you submit jobs, or start "
      "oneloop-worker itself wherever you like"));
}

}  // namespace

absl::StatusOr<ClusterConfig> ParseClusterConfig(std::string_view text) {
  std::map<std::string, std::string> values = ConfigValues(text);
  ClusterConfig config;
  config.name = values["ClusterName"];
  const bool is_fit = !config.name.empty() && std::all_of(config.name.begin(), config.name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' || c == '.';
  });
  const std::optional<std::int32_t> size = ParseInteger<std::int32_t>(values["MaxArraySize"]);
  if (!is_fit || config.name[0] == '.' || !size.has_value() || *size < 0) {
    return absl::InternalError("scontrol show config tells no ClusterName or no MaxArraySize");
  }
  config.most_array_tasks = *size;
  for (const absl::string_view parameter : absl::StrSplit(values["SchedulerParameters"], ',')) {
    absl::string_view value = parameter;
    if (!absl::ConsumePrefix(&value, "max_array_tasks=")) continue;
    const std::optional<std::int32_t> tasks = ParseInteger<std::int32_t>(std::string(value));
    if (tasks.has_value() && *tasks > 0) config.most_array_tasks = std::min(config.most_array_tasks, *tasks);
  }
  return config;
}

absl::StatusOr<std::string> ParseSubmitted(std::string_view text) {
  // A cluster may have words of welcome before it.
  const std::vector<absl::string_view> lines = absl::StrSplit(absl::StripAsciiWhitespace(ToAbsl(text)), '\n');
  const absl::string_view number = lines.back().substr(0, lines.back().find(';'));
  if (ParseInteger<std::uint32_t>(std::string(number)).has_value()) return std::string(number);
  return absl::InternalError(
      absl::StrCat("sbatch answered '", CutText(text, kLongestMessage),
                   "', which has no job in it; `oneloop workers list` shows what was submitted"));
}

absl::Status SubmitRefusal(std::string_view errors) {
  const std::string text = PlainText(errors);
  const std::string refused = absl::StrCat("Slurm takes no more pilots: ", text);
  if (ContainsAny(text, {"job submit limit", "SubmitJobLimit", "SubmitJobsLimit", "MaxSubmitJob"})) {
    return absl::ResourceExhaustedError(
        absl::StrCat(refused,
                     ". Ask for fewer (--count), for more cores in each (--cpus), or under another --account "
                     "or --qos"));
  }
  if (ContainsAny(text, {"temporarily unable", "Resource temporarily unavailable"})) {
    return absl::ResourceExhaustedError(absl::StrCat(refused, ". The cluster has as many jobs as it can hold"));
  }
  if (ContainsAny(text, {"Unable to contact", "configuration source", "Socket timed out", "Zero Bytes", "munge"})) {
    return absl::FailedPreconditionError(absl::StrCat("Slurm does not answer: ", text));
  }
  return absl::InvalidArgumentError(absl::StrCat("Slurm refuses the pilots: ", text));
}

std::vector<std::string> SlurmEnvironment(const std::vector<std::string>& variables) {
  std::vector<std::string> kept;
  for (const std::string& variable : variables) {
    const std::string name = variable.substr(0, variable.find('='));
    const bool is_known = std::find(kKept.begin(), kKept.end(), name) != kKept.end() || absl::StartsWith(name, "LC_");
    if (is_known || (absl::StartsWith(name, "SBATCH_") && name != kWait)) kept.push_back(variable);
  }
  return kept;
}

absl::StatusOr<Slurm> Slurm::Find(const Environment& env) {
  Slurm slurm;
  const std::string path = env.variable("PATH").value_or("");
  for (const auto& [name, found] : {std::pair{"sbatch", &slurm.sbatch_},
                                    {"squeue", &slurm.squeue_},
                                    {"scancel", &slurm.scancel_},
                                    {"scontrol", &slurm.scontrol_}}) {
    std::optional<std::string> program = FindProgram(name, path);
    if (!program.has_value()) return NotFound(name);
    *found = *std::move(program);
  }
  slurm.environment_ = SlurmEnvironment(env.variables());
  return slurm;
}

absl::StatusOr<std::string> Slurm::Run(const std::string& program, std::vector<std::string> arguments) const {
  const absl::StatusOr<ProgramOutcome> outcome =
      RunProgram({program, std::move(arguments), environment_, /*input=*/""});
  if (!outcome.ok()) return absl::InternalError(outcome.status().message());
  if (outcome->exit_code == 0) return outcome->out;
  return absl::FailedPreconditionError(
      absl::StrCat(program.substr(program.rfind('/') + 1), " fails: ", PlainText(outcome->err)));
}

absl::StatusOr<ClusterConfig> Slurm::Config() const {
  ASSIGN_OR_RETURN(const std::string text, Run(scontrol_, {"show", "config"}));
  return ParseClusterConfig(text);
}

absl::StatusOr<std::vector<Pilot>> Slurm::Pilots() const {
  ASSIGN_OR_RETURN(const std::string text,
                   Run(squeue_, {"--noheader", "--array", "--states=all", absl::StrCat("--user=", getuid()),
                                 absl::StrCat("--format=", kSqueueFormat)}));
  return ParsePilots(text);
}

absl::StatusOr<std::string> Slurm::Submit(const PilotRequest& request, int count) const {
  ProgramLimits limits;
  limits.timeout = kSubmitTimeout;
  const absl::StatusOr<ProgramOutcome> outcome =
      RunProgram({sbatch_, SbatchArguments(request, count), environment_, BatchScript(request)}, limits);
  if (absl::IsDeadlineExceeded(outcome.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat(outcome.status().message(), "; whether pilots were submitted is told by `oneloop workers list`"));
  }
  if (!outcome.ok()) return absl::InternalError(outcome.status().message());
  if (outcome->exit_code != 0) return SubmitRefusal(outcome->err);
  return ParseSubmitted(outcome->out);
}

absl::Status Slurm::Cancel(const std::vector<std::string>& ids) const {
  for (std::size_t begin = 0; begin < ids.size(); begin += kCancelAtOnce) {
    std::vector<std::string> arguments = {"--quiet"};
    const std::size_t end = std::min(ids.size(), begin + kCancelAtOnce);
    for (std::size_t i = begin; i < end; ++i) arguments.push_back(ids[i]);
    RETURN_IF_ERROR(Run(scancel_, std::move(arguments)).status());
  }
  return absl::OkStatus();
}

}  // namespace oneloop
