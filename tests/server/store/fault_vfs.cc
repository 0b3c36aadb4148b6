#include "tests/server/store/fault_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "common/base/mutex.h"

namespace oneloop::fault_vfs {
namespace {

struct State {
  std::atomic<bool> disk_full{false};
  Mutex mutex;
  std::map<std::string, std::string> durable ABSL_GUARDED_BY(mutex);
};
State& GetState() {
  static State& state = *new State;
  return state;
}

// The system's file follows in memory.
struct File {
  sqlite3_file base;
  const char* path;  // null for a temporary file; SQLite keeps the text as long as the file is open
};
sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}
sqlite3_vfs* RealVfs() { return sqlite3_vfs_find("unix"); }

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (GetState().disk_full) return SQLITE_FULL;
  return Real(file)->pMethods->xWrite(Real(file), data, size, offset);
}

int Sync(sqlite3_file* file, int flags) {
  const int code = Real(file)->pMethods->xSync(Real(file), flags);
  const char* path = reinterpret_cast<File*>(file)->path;
  if (code != SQLITE_OK || path == nullptr) return code;
  std::ifstream stream(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  MutexLock lock(&GetState().mutex);
  GetState().durable[path] = std::move(content);
  return code;
}

int Close(sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); }
int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), data, size, offset);
}
int Truncate(sqlite3_file* file, sqlite3_int64 size) { return Real(file)->pMethods->xTruncate(Real(file), size); }
int FileSize(sqlite3_file* file, sqlite3_int64* size) { return Real(file)->pMethods->xFileSize(Real(file), size); }
int Lock(sqlite3_file* file, int level) { return Real(file)->pMethods->xLock(Real(file), level); }
int Unlock(sqlite3_file* file, int level) { return Real(file)->pMethods->xUnlock(Real(file), level); }
int CheckReservedLock(sqlite3_file* file, int* out) {
  return Real(file)->pMethods->xCheckReservedLock(Real(file), out);
}
int FileControl(sqlite3_file* file, int operation, void* argument) {
  return Real(file)->pMethods->xFileControl(Real(file), operation, argument);
}
int SectorSize(sqlite3_file* file) { return Real(file)->pMethods->xSectorSize(Real(file)); }
int DeviceCharacteristics(sqlite3_file* file) { return Real(file)->pMethods->xDeviceCharacteristics(Real(file)); }
int ShmMap(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  return Real(file)->pMethods->xShmMap(Real(file), region, size, extend, out);
}
int ShmLock(sqlite3_file* file, int offset, int count, int flags) {
  return Real(file)->pMethods->xShmLock(Real(file), offset, count, flags);
}
void ShmBarrier(sqlite3_file* file) { Real(file)->pMethods->xShmBarrier(Real(file)); }
int ShmUnmap(sqlite3_file* file, int remove) { return Real(file)->pMethods->xShmUnmap(Real(file), remove); }

// Version 2: without memory-mapped reads.
const sqlite3_io_methods kMethods = {2,
                                     Close,
                                     Read,
                                     Write,
                                     Truncate,
                                     Sync,
                                     FileSize,
                                     Lock,
                                     Unlock,
                                     CheckReservedLock,
                                     FileControl,
                                     SectorSize,
                                     DeviceCharacteristics,
                                     ShmMap,
                                     ShmLock,
                                     ShmBarrier,
                                     ShmUnmap,
                                     nullptr,
                                     nullptr};

int Open(sqlite3_vfs* /*vfs*/, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  auto* opened = reinterpret_cast<File*>(file);
  opened->base.pMethods = nullptr;
  opened->path = path;
  std::memset(Real(file), 0, static_cast<std::size_t>(RealVfs()->szOsFile));
  const int code = RealVfs()->xOpen(RealVfs(), path, Real(file), flags, out_flags);
  if (code == SQLITE_OK) opened->base.pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* /*vfs*/, const char* path, int sync_directory) {
  const int code = RealVfs()->xDelete(RealVfs(), path, sync_directory);
  MutexLock lock(&GetState().mutex);
  if (code == SQLITE_OK) GetState().durable.erase(path);
  return code;
}

}  // namespace

const char* Name() {
  static const char* const name = [] {
    static sqlite3_vfs vfs = *RealVfs();
    vfs.szOsFile += static_cast<int>(sizeof(File));
    vfs.zName = "fault";
    vfs.xOpen = Open;
    vfs.xDelete = Delete;
    sqlite3_vfs_register(&vfs, /*makeDflt=*/0);
    return vfs.zName;
  }();
  return name;
}

void SetDiskFull(bool full) { GetState().disk_full = full; }

std::map<std::string, std::string> DurableFiles() {
  MutexLock lock(&GetState().mutex);
  return GetState().durable;
}

void Reset() {
  SetDiskFull(false);
  MutexLock lock(&GetState().mutex);
  GetState().durable.clear();
}

}  // namespace oneloop::fault_vfs
