#ifndef ONELOOP_SERVER_STORE_SQLITE_RUN_STORE_H_
#define ONELOOP_SERVER_STORE_SQLITE_RUN_STORE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "server/metrics/instruments.h"
#include "server/store/run_store.h"

namespace oneloop {

// A RunStore in a SQLite file, DIR/oneloop.db, in WAL mode with synchronous=FULL: what was acknowledged survives a
// killed process and a power loss. One connection, on the writer's thread, does all writing and checkpointing;
// readers have read-only ones of their own. People may look into the file while the daemon runs:
//   sqlite3 -readonly DIR/oneloop.db 'SELECT * FROM pareto WHERE job_id = 1'
// and the view `points` for all of them, packed or not.
class SqliteRunStore {
 public:
  struct Options {
    std::string data_dir;                         // made when only its parent exists
    std::function<absl::Time()> clock = WallNow;  // thread-safe; stored in whole microseconds
    int readers = 4;                              // reads that run at the same time, >= 1
    std::chrono::milliseconds max_delay{10};      // for which points wait for others before they are committed
    std::int64_t max_queued_rows = 65536;         // as in WriteQueue; beyond it AppendPoints blocks
    std::int64_t log_bytes = 64 << 20;            // of write-ahead log, from which on it is written back to the file
    DaemonMetrics* metrics = nullptr;             // counts transactions and points; outlives the store
    // Called once, on the writer's thread, when the data directory was removed, renamed or replaced: from then on no
    // change is taken, and the process should end. Null for none.
    std::function<void(const absl::Status&)> on_lost;
    std::string vfs;  // SQLite's file layer; "" for the system's
  };

  // Opens the store in options.data_dir, or makes one. The directory is locked until the store goes.
  // FAILED_PRECONDITION when another process holds the directory, or the file belongs to a newer version or to
  // another program; DATA_LOSS when it is no database or corrupted; otherwise what the system says about the path.
  // After an error an existing file is as it was.
  //
  // Each commit looks whether the directory is still there. One that is not is acknowledged to nobody: its waiters, and
  // all after them, get UNAVAILABLE with what happened.
  static absl::StatusOr<std::unique_ptr<RunStore>> Create(const Options& options);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_RUN_STORE_H_
