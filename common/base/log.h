#ifndef ONELOOP_COMMON_BASE_LOG_H_
#define ONELOOP_COMMON_BASE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace oneloop {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kText, kJson };

// What a line says beside its text. Names are words of lower-case letters and underscores.
struct LogField {
  std::string_view name;
  std::string value;
  bool is_number = false;  // the value is a number in JSON's form
};

// More bytes of a line's text, and of each value, are cut (CutText): both may hold what a caller has sent.
inline constexpr std::size_t kMostLogTextBytes = 1024;
inline constexpr std::size_t kMostLogValueBytes = 256;

// Writes one line to standard error, in one write. Thread-safe.
void Log(LogLevel level, std::string_view text, std::initializer_list<LogField> fields = {});

// From now on lines are written by a thread, and nobody waits for the reader of standard error: up to 1 MiB is kept for
// it, and lines beyond that are dropped, counted, and reported in the next line that it takes. To be called once;
// signals that are blocked then stay so for the thread, and SIGPIPE must be ignored.
void LogInBackground();
// A line that is written as it is, with a line break added.
void LogVerbatim(std::string line);
// Waits until all lines have been written; false when that takes longer than `timeout`.
bool FlushLog(absl::Duration timeout);
// Since the process began.
std::int64_t DroppedLogLines();

// Lines below `level` are dropped; kInfo at first.
void SetLogLevel(LogLevel level);
// kText at first.
void SetLogFormat(LogFormat format);

// The line that Log writes, with its end:
//   2026-01-31T12:00:00.000Z INFO text name=value other="a value"
//   {"time":"2026-01-31T12:00:00.000Z","level":"INFO","message":"text","name":"value","number":1.5}
// Whatever the text and the values hold, it stays one line, with nothing in it that IsUnprintable, and JSON stays
// JSON; what is no UTF-8 becomes \xNN, in JSON U+FFFD.
std::string LogLine(LogFormat format, absl::Time time, LogLevel level, std::string_view text,
                    std::initializer_list<LogField> fields);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_LOG_H_
