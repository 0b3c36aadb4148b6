#include "server/access/audit_log.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "server/access/private_file.h"

namespace oneloop {
namespace {

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

std::string AuditLine(const AuditEntry& entry) {
  std::string line =
      absl::StrCat("{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", entry.time, absl::UTCTimeZone()), "\"");
  const std::initializer_list<std::pair<const char*, const std::string*>> fields = {
      {"user", &entry.user},         {"token", &entry.token_id}, {"peer", &entry.peer},      {"call", &entry.call},
      {"resource", &entry.resource}, {"result", &entry.result},  {"message", &entry.message}};
  for (const auto& [name, value] : fields) {
    if (!value->empty()) absl::StrAppend(&line, ",\"", name, "\":", Quoted(*value));
  }
  return line + "}\n";
}

AuditLog::AuditLog(Options options) : options_(std::move(options)), path_(options_.data_dir + "/audit.log") {}

absl::Status AuditLog::Append(const AuditEntry& entry) {
  const std::string line = AuditLine(entry);
  MutexLock lock(&mutex_);
  struct stat info = {};
  if (stat(path_.c_str(), &info) == 0 && info.st_size + static_cast<off_t>(line.size()) > options_.max_bytes) {
    RETURN_IF_ERROR(Rotate());
  }
  return AppendToPrivateFile(path_, line);
}

absl::Status AuditLog::Rotate() {
  for (int i = options_.num_old_files; i >= 1; --i) {
    const std::string from = i == 1 ? path_ : absl::StrCat(path_, ".", i - 1);
    if (std::rename(from.c_str(), absl::StrCat(path_, ".", i).c_str()) != 0 && errno != ENOENT) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", from));
    }
  }
  return absl::OkStatus();
}

}  // namespace oneloop
