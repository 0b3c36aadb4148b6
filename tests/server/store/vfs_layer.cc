#include "tests/server/store/vfs_layer.h"

#include <sqlite3.h>

#include <cstddef>
#include <cstring>
#include <utility>

namespace oneloop {

struct VfsLayer::Parts {
  std::string name;
  Hook hook;
  sqlite3_vfs vfs = {};
};

namespace {

// The system's file follows in memory.
struct File {
  sqlite3_file base;
  const VfsLayer::Hook* hook;
  const char* path;  // null for a temporary file; SQLite keeps the text as long as the file is open
  bool syncs_folder;
};
sqlite3_file* Real(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + sizeof(File));
}
sqlite3_vfs* RealVfs() { return sqlite3_vfs_find("unix"); }

int Call(sqlite3_file* file, VfsOperation operation) {
  const auto* opened = reinterpret_cast<const File*>(file);
  if (opened->path != nullptr) operation.path = opened->path;
  return (*opened->hook)(operation);
}

int Write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  VfsOperation operation{VfsOperation::Kind::kWrite};
  operation.data = {static_cast<const char*>(data), static_cast<std::size_t>(size)};
  operation.offset = offset;
  if (const int code = Call(file, operation); code != SQLITE_OK) return code;
  return Real(file)->pMethods->xWrite(Real(file), data, size, offset);
}

int Truncate(sqlite3_file* file, sqlite3_int64 size) {
  VfsOperation operation{VfsOperation::Kind::kTruncate};
  operation.offset = size;
  if (const int code = Call(file, operation); code != SQLITE_OK) return code;
  return Real(file)->pMethods->xTruncate(Real(file), size);
}

int Sync(sqlite3_file* file, int flags) {
  VfsOperation operation{VfsOperation::Kind::kSync};
  operation.syncs_folder = reinterpret_cast<const File*>(file)->syncs_folder;
  if (const int code = Call(file, operation); code != SQLITE_OK) return code;
  reinterpret_cast<File*>(file)->syncs_folder = false;
  return Real(file)->pMethods->xSync(Real(file), flags);
}

int Close(sqlite3_file* file) { return Real(file)->pMethods->xClose(Real(file)); }
int Read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  return Real(file)->pMethods->xRead(Real(file), data, size, offset);
}
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

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  constexpr int kJournals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  auto* opened = reinterpret_cast<File*>(file);
  opened->base.pMethods = nullptr;
  opened->hook = static_cast<const VfsLayer::Hook*>(vfs->pAppData);
  opened->path = path;
  const bool creates = (flags & SQLITE_OPEN_CREATE) != 0;
  // As the system's layer does: the first sync of a journal that may be new.
  opened->syncs_folder = creates && (flags & kJournals) != 0;
  VfsOperation operation{VfsOperation::Kind::kOpen};
  operation.creates = creates;
  if (const int code = Call(file, operation); code != SQLITE_OK) return code;
  std::memset(Real(file), 0, static_cast<std::size_t>(RealVfs()->szOsFile));
  const int code = RealVfs()->xOpen(RealVfs(), path, Real(file), flags, out_flags);
  if (code == SQLITE_OK) opened->base.pMethods = &kMethods;
  return code;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_folder) {
  VfsOperation operation{VfsOperation::Kind::kDelete};
  operation.path = path;
  operation.syncs_folder = sync_folder != 0;
  if (const int code = (*static_cast<const VfsLayer::Hook*>(vfs->pAppData))(operation); code != SQLITE_OK) return code;
  return RealVfs()->xDelete(RealVfs(), path, sync_folder);
}

}  // namespace

VfsLayer::VfsLayer(const std::string& name, bool is_default, Hook hook) : parts_(std::make_unique<Parts>()) {
  parts_->name = name;
  parts_->hook = std::move(hook);
  parts_->vfs = *RealVfs();
  parts_->vfs.pNext = nullptr;
  parts_->vfs.szOsFile += static_cast<int>(sizeof(File));
  parts_->vfs.zName = parts_->name.c_str();
  parts_->vfs.pAppData = &parts_->hook;
  parts_->vfs.xOpen = Open;
  parts_->vfs.xDelete = Delete;
  sqlite3_vfs_register(&parts_->vfs, is_default ? 1 : 0);
}

VfsLayer::~VfsLayer() { sqlite3_vfs_unregister(&parts_->vfs); }

const std::string& VfsLayer::name() const { return parts_->name; }

}  // namespace oneloop
