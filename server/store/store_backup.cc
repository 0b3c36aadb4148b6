#include "server/store/store_backup.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/data_directory.h"
#include "server/store/sqlite_connection.h"
#include "server/store/sqlite_queries.h"
#include "server/store/sqlite_schema.h"

namespace oneloop {
namespace {

// Ends no name: daemons before this one would remove it.
constexpr char kPartial[] = ".partial";
// Where a backup is written until it is whole. No backup's name begins with a dot.
constexpr char kUnfinishedFolder[] = ".partial";
constexpr char kUnfinishedName[] = "backup.db";

absl::Status CheckName(const std::string& name) {
  constexpr std::size_t kMostCharacters = 100;
  const auto is_valid = [](unsigned char c) { return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-'; };
  if (!name.empty() && name.size() <= kMostCharacters && absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
      std::all_of(name.begin(), name.end(), is_valid) && !absl::EndsWith(name, kPartial)) {
    return absl::OkStatus();
  }
  return FieldError("name", absl::StrCat("is '", name, "'; valid: 1 to ", kMostCharacters,
                                         " letters, digits, '.', '_' and '-', the first a letter or digit, without ",
                                         kPartial, " at the end. It is a file's name; the folder is the daemon's"));
}

absl::Status MakeFolder(const std::string& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return SyncFolder(std::filesystem::path(folder).parent_path());
  if (errno == EEXIST) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", folder));
}

bool Exists(const std::string& path) {
  struct stat info = {};
  return lstat(path.c_str(), &info) == 0;
}

// The folder that a backup under way has for itself. What a killed daemon has left in it is removed, which are files of
// two names and nothing else.
class UnfinishedFolder {
 public:
  static absl::StatusOr<std::unique_ptr<UnfinishedFolder>> Make(const std::string& path) {
    struct stat info = {};
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return absl::ErrnoToStatus(errno, absl::StrCat("cannot make ", path));
    }
    if (lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat(path, " is no folder, and backups are written there first; move it away"));
    }
    std::unique_ptr<UnfinishedFolder> folder(new UnfinishedFolder(path));
    folder->RemoveFiles();
    if (Exists(folder->file())) {
      return absl::FailedPreconditionError(
          absl::StrCat(folder->file(), " is no file of a backup and is in its way; move it away"));
    }
    return folder;
  }
  ~UnfinishedFolder() {
    RemoveFiles();
    rmdir(path_.c_str());
  }
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;

  std::string file() const { return absl::StrCat(path_, "/", kUnfinishedName); }

 private:
  explicit UnfinishedFolder(std::string path) : path_(std::move(path)) {}

  void RemoveFiles() const {
    for (const char* suffix : {"", "-journal"}) {
      const std::string file_path = file() + suffix;
      struct stat info = {};
      if (lstat(file_path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) unlink(file_path.c_str());
    }
  }

  const std::string path_;
};

}  // namespace

absl::StatusOr<StoreBackup> BackUpStore(const std::string& data_dir, const std::string& name,
                                        const std::function<bool()>& cancelled) {
  RETURN_IF_ERROR(CheckName(name));
  const std::string folder = data_dir + "/backups";
  StoreBackup backup;
  backup.path = absl::StrCat(folder, "/", name);
  RETURN_IF_ERROR(MakeFolder(folder));
  if (Exists(backup.path)) {
    return absl::AlreadyExistsError(absl::StrCat(backup.path, " exists; take another name, or move it away"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> store,
                   SqliteConnection::Open(data_dir + "/oneloop.db", SqliteConnection::Mode::kReadOnly, /*vfs=*/""));
  store->SetCheckpointOnClose(false);
  ASSIGN_OR_RETURN(const std::unique_ptr<UnfinishedFolder> unfinished,
                   UnfinishedFolder::Make(absl::StrCat(folder, "/", kUnfinishedFolder)));
  SqliteConnection::BackUpOptions options;
  options.partial_path = unfinished->file();
  options.check_integrity = true;
  options.cancelled = cancelled;
  RETURN_IF_ERROR(store->BackUp(backup.path, options));
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> copy,
                   SqliteConnection::Open(backup.path, SqliteConnection::Mode::kReadOnly, /*vfs=*/""));
  ASSIGN_OR_RETURN(backup.revision, ReadRevision(*copy));
  std::error_code unknown;
  backup.size_bytes = static_cast<std::int64_t>(std::filesystem::file_size(backup.path, unknown));
  return backup;
}

absl::Status RestoreStore(const std::string& backup_path, const std::string& data_dir) {
  if (!Exists(backup_path)) return absl::NotFoundError(absl::StrCat("there is no file ", backup_path));
  ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> backup,
                   SqliteConnection::Open(backup_path, SqliteConnection::Mode::kReadOnly, /*vfs=*/""));
  backup->SetCheckpointOnClose(false);
  ASSIGN_OR_RETURN(const std::int64_t version, ReadSchemaVersion(*backup, StoreSchema()));
  if (version == 0) return absl::FailedPreconditionError(absl::StrCat(backup_path, " is empty"));
  ASSIGN_OR_RETURN(const std::unique_ptr<DataDirectory> directory, DataDirectory::Open(data_dir));
  const std::string path = data_dir + "/oneloop.db";
  // SQLite would take the log of another store for this one's.
  for (const char* suffix : {"", "-wal", "-journal"}) {
    if (!Exists(path + suffix)) continue;
    return absl::AlreadyExistsError(
        absl::StrCat(path, suffix, " exists, and is not overwritten; restore into an empty directory"));
  }
  SqliteConnection::BackUpOptions options;
  options.check_integrity = true;
  return backup->BackUp(path, options);
}

}  // namespace oneloop
