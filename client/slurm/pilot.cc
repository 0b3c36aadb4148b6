#include "client/slurm/pilot.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Of squeue's states; see its manual.
constexpr std::array kRunningStates = {"CONFIGURING", "RUNNING",   "REQUEUED", "RESIZING",
                                       "SIGNALING",   "STAGE_OUT", "STOPPED",  "SUSPENDED"};
constexpr std::array kFailedStates = {"BOOT_FAIL", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"};

template <class Names>
bool Contains(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::size_t kFields = 10;

// "(null)" and "None" are Slurm's ways to say nothing.
std::string TextOf(absl::string_view field) {
  return field == "(null)" || field == "None" || field == "n/a" ? "" : std::string(field);
}

// The user's name in the name of a job; nothing when it is no pilot's.
std::optional<std::string> NameIn(absl::string_view job_name) {
  if (job_name == kPilotName) return "";
  const std::string prefix = absl::StrCat(kPilotName, "-");
  if (!absl::StartsWith(job_name, prefix)) return std::nullopt;
  return std::string(job_name.substr(prefix.size()));
}

absl::Status Unreadable(absl::string_view line) {
  return absl::InternalError(absl::StrCat("squeue answered '", line, "', which is not ", kSqueueFormat));
}

}  // namespace

bool Pilot::is_running() const { return Contains(kRunningStates, state); }

bool Pilot::has_failed() const {
  return Contains(kFailedStates, state) || (is_pending() && absl::StrContains(reason, "launch failed"));
}

std::string PilotComment(std::string_view server) { return absl::StrCat(kPilotName, " ", ToAbsl(server)); }

std::string PilotJobName(std::string_view name) {
  return name.empty() ? kPilotName : absl::StrCat(kPilotName, "-", ToAbsl(name));
}

std::string PilotWorkerName(std::string_view id) { return absl::StrCat("slurm-", ToAbsl(id)); }

std::string PilotCount(std::size_t count) { return absl::StrCat(count, count == 1 ? " pilot" : " pilots"); }

absl::Duration ParseSlurmTime(std::string_view text) {
  std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(text), ':');
  std::int64_t seconds = 0;
  if (const std::size_t dash = parts[0].find('-'); dash != absl::string_view::npos) {
    const std::optional<std::int32_t> days = ParseInteger<std::int32_t>(std::string(parts[0].substr(0, dash)));
    if (!days.has_value() || parts.size() != 3) return absl::InfiniteDuration();
    seconds = *days * std::int64_t{24};
    parts[0].remove_prefix(dash + 1);
  }
  if (parts.size() > 3) return absl::InfiniteDuration();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::optional<std::int32_t> number = ParseInteger<std::int32_t>(std::string(parts[i]));
    if (!number.has_value() || *number < 0) return absl::InfiniteDuration();
    // Days are counted in hours so far.
    seconds = i == 0 ? seconds + *number : seconds * 60 + *number;
  }
  return absl::Seconds(seconds);
}

absl::StatusOr<std::vector<Pilot>> ParsePilots(std::string_view text) {
  std::vector<Pilot> pilots;
  for (const absl::string_view line : absl::StrSplit(ToAbsl(text), '\n')) {
    if (!absl::StrContains(line, kPilotName)) continue;
    const std::vector<absl::string_view> fields = absl::StrSplit(line, absl::MaxSplits('|', kFields - 1));
    if (fields.size() < kFields) {
      // A job that only has the word somewhere in its name.
      if (!absl::StrContains(line, absl::StrCat("|", kPilotName))) continue;
      return Unreadable(line);
    }
    const std::optional<std::string> name = NameIn(fields[8]);
    const std::string comment_prefix = absl::StrCat(kPilotName, " ");
    if (!name.has_value() || !absl::StartsWith(fields[9], comment_prefix)) continue;
    const std::optional<std::int32_t> cpus = ParseInteger<std::int32_t>(std::string(fields[6]));
    if (fields[0].empty() || fields[1].empty() || fields[2].empty() || !cpus.has_value()) return Unreadable(line);
    Pilot pilot;
    pilot.id = std::string(fields[0]);
    pilot.array = std::string(fields[1]);
    pilot.state = std::string(fields[2]);
    pilot.node = TextOf(fields[3]);
    pilot.run_time = ParseSlurmTime(ToString(fields[4]));
    pilot.time_left = ParseSlurmTime(ToString(fields[5]));
    pilot.cpus = *cpus;
    pilot.reason = TextOf(fields[7]);
    pilot.name = *name;
    pilot.server = std::string(fields[9].substr(comment_prefix.size()));
    pilots.push_back(std::move(pilot));
  }
  return pilots;
}

}  // namespace oneloop
