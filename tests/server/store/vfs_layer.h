#ifndef ONELOOP_TESTS_SERVER_STORE_VFS_LAYER_H_
#define ONELOOP_TESTS_SERVER_STORE_VFS_LAYER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace oneloop {

// Something that SQLite is about to do to a file.
struct VfsOperation {
  enum class Kind { kOpen, kWrite, kTruncate, kSync, kDelete };
  explicit VfsOperation(Kind operation_kind) : kind(operation_kind) {}

  Kind kind;
  std::string path;           // "" for a temporary file
  bool creates = false;       // kOpen: makes the file when there is none
  std::string_view data;      // kWrite
  std::int64_t offset = 0;    // kWrite: where; kTruncate: the new size
  bool syncs_folder = false;  // kSync, kDelete: afterwards the system's layer syncs the file's folder too
};

// A SQLite file layer over the system's, without memory-mapped files. A hook sees every operation that changes a file
// before it is done and may have it fail. Thread-safe; outlives every connection that uses it.
class VfsLayer {
 public:
  // 0 lets the operation go on; another SQLite code is its outcome, and it is not done. Called on any thread.
  using Hook = std::function<int(const VfsOperation&)>;

  // Registers the layer under a name that no other has; as the default of new connections when `is_default`.
  VfsLayer(const std::string& name, bool is_default, Hook hook);
  ~VfsLayer();
  VfsLayer(const VfsLayer&) = delete;
  VfsLayer& operator=(const VfsLayer&) = delete;

  const std::string& name() const;

 private:
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_VFS_LAYER_H_
