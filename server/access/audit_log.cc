#include "server/access/audit_log.h"

#include <initializer_list>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/cut_text.h"

namespace oneloop {
namespace {

constexpr char kDone[] = "OK";
// No user has this name.
constexpr char kOtherUsers[] = "*";

// As a JSON string. Whatever is not printable ASCII is escaped byte by byte, so that no line can be forged.
std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      absl::StrAppendFormat(&quoted, "\\u%04x", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

}  // namespace

std::string AuditLine(const AuditEntry& entry, std::int64_t unlogged) {
  std::string line =
      absl::StrCat("{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", entry.time, absl::UTCTimeZone()), "\"");
  const std::initializer_list<std::pair<const char*, const std::string*>> fields = {
      {"user", &entry.user},         {"token", &entry.token_id}, {"peer", &entry.peer},      {"call", &entry.call},
      {"resource", &entry.resource}, {"result", &entry.result},  {"message", &entry.message}};
  for (const auto& [name, value] : fields) {
    const std::size_t most = value == &entry.message ? kMostAuditMessageBytes : kMostAuditTextBytes;
    if (!value->empty()) absl::StrAppend(&line, ",\"", name, "\":", Quoted(CutText(*value, most)));
  }
  if (unlogged > 0) absl::StrAppend(&line, ",\"unlogged\":", unlogged);
  return line + "}\n";
}

AuditLog::AuditLog(Options options)
    : options_(std::move(options)),
      changes_({options_.data_dir + "/audit.log", options_.max_bytes, options_.num_old_files}),
      refused_({options_.data_dir + "/refused.log", options_.max_bytes, options_.num_old_files}) {}

absl::Status AuditLog::Append(const AuditEntry& entry) {
  if (entry.result != kDone) return AppendRefusal(entry);
  const std::string line = AuditLine(entry);
  MutexLock lock(&changes_mutex_);
  return changes_.Append(line);
}

absl::Status AuditLog::AppendRefusal(const AuditEntry& entry) {
  const SteadyTime now = options_.clock();
  MutexLock lock(&refused_mutex_);
  Refusals& refusals = RefusalsOf(entry.user, now);
  absl::Status written;
  if (refusals.limit.Take(now)) {
    written = refused_.Append(AuditLine(entry, refusals.unlogged));
    if (written.ok()) {
      refusals.unlogged = 0;
      return written;
    }
  }
  ++refusals.unlogged;
  ++unlogged_;
  return written;
}

AuditLog::Refusals& AuditLog::RefusalsOf(const std::string& user, SteadyTime now) {
  const auto found = refusals_.find(user);
  if (found != refusals_.end()) return found->second;
  if (refusals_.size() >= options_.most_limited_users) {
    // Of those who have been quiet for long nothing need be kept.
    std::erase_if(refusals_,
                  [now](const auto& entry) { return entry.second.unlogged == 0 && entry.second.limit.IsFull(now); });
  }
  const bool has_room = refusals_.size() < options_.most_limited_users;
  return refusals_
      .try_emplace(has_room ? user : kOtherUsers,
                   Refusals{RateLimit(options_.refusals_per_second, options_.refusals_at_once, now)})
      .first->second;
}

}  // namespace oneloop
