#include "common/base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace oneloop {
namespace {

std::atomic<LogLevel> minimum_level{LogLevel::kInfo};

constexpr std::array<const char*, 4> kLevelNames = {"DEBUG", "INFO", "WARNING", "ERROR"};

}  // namespace

void SetLogLevel(LogLevel level) { minimum_level = level; }

void Log(LogLevel level, std::string_view text) {
  if (level < minimum_level) return;
  std::string line = absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ ", absl::Now(), absl::UTCTimeZone());
  line += kLevelNames.at(static_cast<std::size_t>(level));
  line += ' ';
  for (const char c : text) {
    if (c == '\n') {
      line += "\\n";
    } else {
      line += c;
    }
  }
  line += '\n';
  // A log line that cannot be written has nowhere to be reported.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace oneloop
