#ifndef ONELOOP_SERVER_DAEMON_MAINTENANCE_H_
#define ONELOOP_SERVER_DAEMON_MAINTENANCE_H_

#include <ostream>
#include <string>

namespace oneloop {

// What oneloopd does with a store while no daemon runs on it. Each returns the program's exit code.

inline constexpr int kExitFindings = 3;

// Prints each thing that is wrong with the store, one a line, and a summary: 0 for a sound store, kExitFindings for
// another, 1 when it could not be looked at or the outcome not be printed.
int RunFsck(const std::string& data_dir, std::ostream& out, std::ostream& errors);

// Makes a store out of a backup: 0, or 1 with the reason, also when only the outcome could not be printed.
int RunRestore(const std::string& backup_path, const std::string& data_dir, std::ostream& out, std::ostream& errors);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_MAINTENANCE_H_
