#ifndef ONELOOP_TESTS_SERVER_STORE_FAULT_VFS_H_
#define ONELOOP_TESTS_SERVER_STORE_FAULT_VFS_H_

#include <map>
#include <string>

namespace oneloop {

// A SQLite file layer over the system's that fails on demand and knows what a power loss would leave. One for the
// whole process; thread-safe.
namespace fault_vfs {

// Registers the layer, once, and returns the name under which SQLite knows it.
const char* Name();

// From now on every write fails as on a full disk; false ends that.
void SetDiskFull(bool full);

// The content of each file as of its last sync: what is certain to be there after a power loss now. Files that were
// never synced are left out.
std::map<std::string, std::string> DurableFiles();

// Forgets everything about files.
void Reset();

}  // namespace fault_vfs
}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_STORE_FAULT_VFS_H_
