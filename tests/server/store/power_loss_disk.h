#ifndef ONELOOP_TESTS_SERVER_STORE_POWER_LOSS_DISK_H_
#define ONELOOP_TESTS_SERVER_STORE_POWER_LOSS_DISK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/mutex.h"
#include "tests/server/store/vfs_layer.h"

namespace oneloop {

// What the files of one folder hold, by name.
using DiskImage = std::map<std::string, std::string>;

// Makes the files in an existing folder.
void WriteImage(const DiskImage& image, const std::string& folder);

// A SQLite file layer that keeps apart what was written and what was synced, so that a test can see what a power loss
// at any moment may leave. Promised to stay are only: the content of a file as of its last sync, and the names in the
// folder (files made and deleted) as of the last sync of the folder. Everything since then may or may not be there:
// each sector of 512 bytes by itself, each change of a size or name too, in any order. All files that SQLite opens
// through it must be in one folder. Thread-safe; outlives every connection that uses it.
class PowerLossDisk {
 public:
  struct Options {
    std::string name = "power_loss";  // of the layer
    // The disk says that it has synced and has not: what a test must then report as lost.
    bool ignores_syncs = false;
  };

  // `on_operation` runs in the middle of every operation that changes a file: it may already have reached the disk,
  // but it has not returned. On the thread that does the operation.
  PowerLossDisk(const Options& options, std::function<void()> on_operation);

  const std::string& vfs() const { return layer_->name(); }

  // What is left if nothing but the promised got to the disk.
  DiskImage Promised() const;
  // What is left if some of the rest did, too: which, in what order and how much of it depends on the seed.
  DiskImage WithLuck(std::uint64_t seed) const;

 private:
  // A write, or with no data a new size.
  struct Change {
    std::optional<std::string> data;
    std::int64_t offset = 0;
  };
  struct Node {
    std::string synced;
    std::vector<Change> changes;  // since then
  };
  struct NameChange {
    std::string name;
    std::shared_ptr<Node> node;  // null: deleted
  };
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  static void Apply(const Change& change, std::string& content);
  void Record(const VfsOperation& operation);
  void Sync(const VfsOperation& operation);
  void SyncFolder() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Options options_;
  const std::function<void()> on_operation_;

  mutable Mutex mutex_;
  // Shared, because a name may be deleted, made anew for another node, and come back.
  Names names_ ABSL_GUARDED_BY(mutex_);
  Names synced_names_ ABSL_GUARDED_BY(mutex_);
  std::vector<NameChange> name_changes_ ABSL_GUARDED_BY(mutex_);

  std::unique_ptr<VfsLayer> layer_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_POWER_LOSS_DISK_H_
