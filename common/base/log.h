#ifndef ONELOOP_COMMON_BASE_LOG_H_
#define ONELOOP_COMMON_BASE_LOG_H_

#include <string_view>

namespace oneloop {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line "2026-01-31T12:00:00.000Z INFO text" to standard error, in one write. Thread-safe. Line breaks in
// `text` are written as "\n".
void Log(LogLevel level, std::string_view text);

// Lines below `level` are dropped; kInfo at first.
void SetLogLevel(LogLevel level);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_BASE_LOG_H_
