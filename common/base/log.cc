#include "common/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/clock.h"
#include "common/base/cut_text.h"
#include "common/base/log_writer.h"
#include "common/base/printable_text.h"

namespace oneloop {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};
std::atomic<LogFormat> log_format{LogFormat::kText};
// Null until LogInBackground. Never deleted: threads that outlive main may log.
std::atomic<LogWriter*> background{nullptr};

constexpr std::array<const char*, 4> kLevelNames = {"DEBUG", "INFO", "WARNING", "ERROR"};

// A code of more than four digits takes two in JSON (RFC 8259, section 7).
std::string EscapedCode(LogFormat format, std::uint32_t code) {
  if (code <= 0xffff) return absl::StrFormat("\\u%04x", code);
  if (format == LogFormat::kText) return absl::StrFormat("\\U%08x", code);
  const std::uint32_t rest = code - 0x10000;
  return absl::StrFormat("\\u%04x\\u%04x", 0xd800 + (rest >> 10u), 0xdc00 + (rest & 0x3ffu));
}

void AppendEscaped(LogFormat format, std::string_view text, bool quoted, std::string* line) {
  while (!text.empty()) {
    const Utf8Character c = FirstCharacter(text);
    if (!c.is_valid) {
      *line += format == LogFormat::kJson ? "\\ufffd" : absl::StrFormat("\\x%02x", c.code);
    } else if (c.code == '\n') {
      *line += "\\n";
    } else if (IsUnprintable(c.code)) {
      *line += EscapedCode(format, c.code);
    } else {
      if (quoted && (c.code == '"' || c.code == '\\')) *line += '\\';
      line->append(text.substr(0, c.length));
    }
    text.remove_prefix(c.length);
  }
}

void AppendQuoted(LogFormat format, std::string_view text, std::string* line) {
  *line += '"';
  AppendEscaped(format, text, /*quoted=*/true, line);
  *line += '"';
}

// Whether the value, as it is, could be taken for something else.
bool NeedsQuotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(),
                                      [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '=' || c == '\\'; });
}

}  // namespace

void SetLogLevel(LogLevel level) { minimum_level = level; }

void SetLogFormat(LogFormat format) { log_format = format; }

std::string LogLine(LogFormat format, absl::Time time, LogLevel level, std::string_view whole_text,
                    std::initializer_list<LogField> fields) {
  const std::string text = CutText(whole_text, kMostLogTextBytes);
  const std::string stamp = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
  const char* const name = kLevelNames.at(static_cast<std::size_t>(level));
  const bool json = format == LogFormat::kJson;
  std::string line;
  if (json) {
    line = absl::StrCat("{\"time\":\"", stamp, "\",\"level\":\"", name, "\",\"message\":");
    AppendQuoted(format, text, &line);
  } else {
    line = absl::StrCat(stamp, " ", name, " ");
    AppendEscaped(format, text, /*quoted=*/false, &line);
  }
  for (const LogField& field : fields) {
    const absl::string_view field_name(field.name.data(), field.name.size());
    absl::StrAppend(&line, json ? ",\"" : " ", field_name, json ? "\":" : "=");
    const std::string value = CutText(field.value, kMostLogValueBytes);
    if (!field.is_number && (json || NeedsQuotes(value))) {
      AppendQuoted(format, value, &line);
    } else {
      line += value;
    }
  }
  return line + (json ? "}\n" : "\n");
}

namespace {

void WriteLine(std::string line) {
  if (LogWriter* const writer = background.load(); writer != nullptr) {
    writer->Write(std::move(line));
    return;
  }
  // A log line that cannot be written has nowhere to be reported.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

std::string DropNotice(std::int64_t dropped) {
  return LogLine(log_format, WallNow(), LogLevel::kWarning,
                 "log lines were dropped before this one: standard error did not take them",
                 {{"lines", absl::StrCat(dropped), true}});
}

}  // namespace

void Log(LogLevel level, std::string_view text, std::initializer_list<LogField> fields) {
  if (level < minimum_level) return;
  WriteLine(LogLine(log_format, WallNow(), level, text, fields));
}

void LogInBackground() {
  LogWriter::Options options;
  options.descriptor = STDERR_FILENO;
  options.notice = DropNotice;
  background = std::make_unique<LogWriter>(std::move(options)).release();
}

void LogVerbatim(std::string line) { WriteLine(std::move(line) + "\n"); }

bool FlushLog(absl::Duration timeout) {
  LogWriter* const writer = background.load();
  return writer == nullptr || writer->Flush(timeout);
}

std::int64_t DroppedLogLines() {
  const LogWriter* const writer = background.load();
  return writer == nullptr ? 0 : writer->dropped();
}

}  // namespace oneloop
