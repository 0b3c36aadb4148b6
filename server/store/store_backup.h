#ifndef ONELOOP_SERVER_STORE_STORE_BACKUP_H_
#define ONELOOP_SERVER_STORE_STORE_BACKUP_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

struct StoreBackup {
  std::string path;
  std::int64_t size_bytes = 0;
  std::int64_t revision = 0;  // up to which it holds everything
};

// Copies the store of a data directory, in use or not, to the new file DIR/backups/NAME: one state of it, synced and
// found sound by SQLite. While it runs, the store's log grows by what is written. Only one may run at a time on a
// directory. Until it is whole it lies in DIR/backups/.partial, and what one that was killed has left there is removed.
// Nothing else ever is: not what another backup was called, nor where a link leads.
//
// INVALID_ARGUMENT for a name that is not 1 to 100 letters, digits, '.', '_', '-', beginning with a letter or digit,
// or that ends in ".partial"; ALREADY_EXISTS for one that is taken; RESOURCE_EXHAUSTED for a full disk; CANCELLED soon
// after `cancelled`, which may be empty, returns true. After an error there is no such file.
absl::StatusOr<StoreBackup> BackUpStore(const std::string& data_dir, const std::string& name,
                                        const std::function<bool()>& cancelled);

// Makes the store of a data directory that has none, out of a backup of this version or an older one. The directory is
// made when only its parent exists. ALREADY_EXISTS when there is a store, or a log of one; FAILED_PRECONDITION when the
// directory is in use, or the file of a newer version or no store; NOT_FOUND without the file; DATA_LOSS when it is
// damaged. After an error there is no store there.
absl::Status RestoreStore(const std::string& backup_path, const std::string& data_dir);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_STORE_BACKUP_H_
