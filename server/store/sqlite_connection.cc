#include "server/store/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/failpoint.h"
#include "common/base/status.h"
#include "server/store/data_directory.h"

namespace oneloop {
namespace {

absl::StatusCode CodeFor(int extended_code, int system_errno) {
  switch (extended_code & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_IOERR:
      return system_errno == ENOSPC || system_errno == EDQUOT ? absl::StatusCode::kResourceExhausted
                                                              : absl::StatusCode::kUnavailable;
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kCancelled;
    case SQLITE_READONLY:
    // Somebody else, a person with SQLite's shell, holds the file for longer than we wait.
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status DatabaseError(sqlite3* database, const std::string& path, int code) {
  const int extended = database != nullptr ? sqlite3_extended_errcode(database) : code;
  const char* text = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  const int system_errno = database != nullptr ? sqlite3_system_errno(database) : 0;
  return absl::Status(CodeFor(extended, system_errno), absl::StrCat(path, ": ", text, " (SQLite code ", extended, ")"));
}

}  // namespace

SqliteStatement::~SqliteStatement() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  bind_code_ = SQLITE_OK;
}

void SqliteStatement::BindValue(int index, bool /*copy*/, std::nullopt_t) {
  if (const int code = sqlite3_bind_null(statement_, index); code != SQLITE_OK) bind_code_ = code;
}

void SqliteStatement::BindValue(int index, bool /*copy*/, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(statement_, index, value); code != SQLITE_OK) bind_code_ = code;
}

void SqliteStatement::BindValue(int index, bool /*copy*/, double value) {
  if (const int code = sqlite3_bind_double(statement_, index, value); code != SQLITE_OK) bind_code_ = code;
}

void SqliteStatement::BindValue(int index, bool copy, std::string_view value) {
  // A null pointer would bind NULL instead of "".
  const char* data = value.data() != nullptr ? value.data() : "";
  const int code =
      sqlite3_bind_text64(statement_, index, data, value.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) bind_code_ = code;
}

void SqliteStatement::BindValue(int index, bool copy, Blob value) {
  const char* data = value.bytes.data() != nullptr ? value.bytes.data() : "";
  const int code =
      sqlite3_bind_blob64(statement_, index, data, value.bytes.size(), copy ? SQLITE_TRANSIENT : SQLITE_STATIC);
  if (code != SQLITE_OK) bind_code_ = code;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  sqlite3* database = sqlite3_db_handle(statement_);
  if (bind_code_ != SQLITE_OK) {
    return absl::InternalError(absl::StrCat(sqlite3_sql(statement_), ": ", sqlite3_errstr(bind_code_)));
  }
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  const char* path = sqlite3_db_filename(database, "main");
  return DatabaseError(database, path != nullptr ? path : "store", code);
}

absl::Status SqliteStatement::RunBound() {
  absl::Status status;
  for (;;) {
    const absl::StatusOr<bool> row = Step();
    if (row.ok() && *row) continue;
    status = row.status();
    break;
  }
  sqlite3_reset(statement_);
  return status;
}

bool SqliteStatement::IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

std::int64_t SqliteStatement::Int(int column) const { return sqlite3_column_int64(statement_, column); }

double SqliteStatement::Real(int column) const { return sqlite3_column_double(statement_, column); }

double SqliteStatement::Figure(int column) const {
  return IsNull(column) ? std::numeric_limits<double>::infinity() : Real(column);
}

std::string_view SqliteStatement::Text(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const int size = sqlite3_column_bytes(statement_, column);
  return data != nullptr ? std::string_view(data, static_cast<std::size_t>(size)) : std::string_view();
}

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Mode mode,
                                                                         const std::string& vfs) {
  constexpr int kBusyTimeoutMs = 5000;
  const int access = mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* database = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &database, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                   vfs.empty() ? nullptr : vfs.c_str());
  if (code != SQLITE_OK) {
    absl::Status status = DatabaseError(database, path, code);
    sqlite3_close(database);
    return status;
  }
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return std::unique_ptr<SqliteConnection>(new SqliteConnection(path, database));
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(database_);
}

absl::Status SqliteConnection::Error(int code) const { return DatabaseError(database_, path_, code); }

absl::Status SqliteConnection::Execute(const std::string& script) {
  const int code = sqlite3_exec(database_, script.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(std::string_view sql) {
  sqlite3_stmt*& statement = statements_[std::string(sql)];
  if (statement == nullptr) {
    const int code = sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                        &statement, nullptr);
    if (code != SQLITE_OK) return Error(code);
  }
  return SqliteStatement(statement);
}

absl::StatusOr<std::vector<std::string>> SqliteConnection::ReadIntegrity() {
  std::vector<std::string> problems;
  ASSIGN_OR_RETURN(SqliteStatement rows, Prepare("PRAGMA integrity_check"));
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return problems;
    if (rows.Text(0) != "ok") problems.emplace_back(rows.Text(0));
  }
}

absl::Status SqliteConnection::CheckIntegrity() {
  ASSIGN_OR_RETURN(const std::vector<std::string> problems, ReadIntegrity());
  if (problems.empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(path_, " is damaged: ", problems.front()));
}

absl::StatusOr<std::int64_t> SqliteConnection::QueryInt(std::string_view sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row) return absl::DataLossError(absl::StrCat(path_, ": no row for ", ToAbsl(sql)));
  return statement.Int(0);
}

std::int64_t SqliteConnection::last_insert_id() const { return sqlite3_last_insert_rowid(database_); }

std::int64_t SqliteConnection::changed_rows() const { return sqlite3_changes64(database_); }

bool SqliteConnection::in_transaction() const { return sqlite3_get_autocommit(database_) == 0; }

void SqliteConnection::SetCheckpointOnClose(bool enabled) {
  sqlite3_db_config(database_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, enabled ? 0 : 1, nullptr);
}

void SqliteConnection::SetCancelled(const std::function<bool()>* cancelled) {
  constexpr int kInstructions = 10000;
  const auto ask = [](void* function) { return (*static_cast<const std::function<bool()>*>(function))() ? 1 : 0; };
  const bool set = cancelled != nullptr && *cancelled;
  sqlite3_progress_handler(database_, kInstructions, set ? +ask : nullptr,
                           set ? const_cast<std::function<bool()>*>(cancelled) : nullptr);
}

absl::Status SqliteConnection::CopyTo(SqliteConnection& target, const std::function<bool()>& cancelled) {
  constexpr int kPagesOfStep = 1024;
  // While this transaction sees one state of the file, the steps do, too, and none has to start over.
  ASSIGN_OR_RETURN(const SqliteTransaction one_state, SqliteTransaction::Begin(this, SqliteTransaction::Kind::kRead));
  RETURN_IF_ERROR(QueryInt("SELECT count(*) FROM sqlite_master").status());
  sqlite3_backup* const backup = sqlite3_backup_init(target.database_, "main", database_, "main");
  if (backup == nullptr) return target.Error(sqlite3_errcode(target.database_));
  int code = SQLITE_OK;
  bool stopped = false;
  while (code == SQLITE_OK && !stopped) {
    code = sqlite3_backup_step(backup, kPagesOfStep);
    stopped = cancelled && cancelled();
  }
  sqlite3_backup_finish(backup);
  if (stopped) return absl::CancelledError("the copy was cancelled");
  if (code != SQLITE_DONE) return target.Error(code);
  // The copy of a file with a log says that it has one, and could not be read in a folder without write permission.
  return target.Execute("PRAGMA journal_mode = DELETE");
}

namespace {

absl::Status GiveName(const std::string& from, const std::string& to, bool replace) {
  if (replace && std::rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
  if (!replace && renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return absl::OkStatus();
  // Some file systems know links only.
  if (!replace && errno == EINVAL && link(from.c_str(), to.c_str()) == 0) {
    unlink(from.c_str());
    return absl::OkStatus();
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot rename ", from, " to ", to));
}

}  // namespace

absl::Status SqliteConnection::BackUp(const std::string& target_path, const BackUpOptions& options) {
  const std::string partial_path = options.partial_path.empty() ? target_path + ".partial" : options.partial_path;
  std::remove(partial_path.c_str());
  const auto write = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const std::unique_ptr<SqliteConnection> target, Open(partial_path, Mode::kReadWrite, ""));
    RETURN_IF_ERROR(CopyTo(*target, options.cancelled));
    if (!options.check_integrity) return absl::OkStatus();
    target->SetCancelled(&options.cancelled);
    absl::Status sound = target->CheckIntegrity();
    target->SetCancelled(nullptr);
    return sound;
  };
  absl::Status status = write();
  Failpoint("backup.before_rename");
  if (status.ok()) status = GiveName(partial_path, target_path, options.replace);
  if (!status.ok()) {
    std::remove(partial_path.c_str());
    return status;
  }
  Failpoint("backup.after_rename");
  return SyncFolder(std::filesystem::path(target_path).parent_path());
}

absl::StatusOr<SqliteTransaction> SqliteTransaction::Begin(SqliteConnection* connection, Kind kind) {
  ASSIGN_OR_RETURN(SqliteStatement begin, connection->Prepare(kind == Kind::kRead ? "BEGIN" : "BEGIN IMMEDIATE"));
  RETURN_IF_ERROR(begin.Run());
  return SqliteTransaction(connection);
}

SqliteTransaction::~SqliteTransaction() {
  // SQLite rolls back by itself after some errors.
  if (connection_ == nullptr || !connection_->in_transaction()) return;
  // A failed rollback leaves the transaction open, and the next Begin reports it.
  if (auto rollback = connection_->Prepare("ROLLBACK"); rollback.ok()) rollback->Run().IgnoreError();
}

absl::Status SqliteTransaction::Commit() {
  ASSIGN_OR_RETURN(SqliteStatement commit, connection_->Prepare("COMMIT"));
  RETURN_IF_ERROR(commit.Run());
  connection_ = nullptr;
  return absl::OkStatus();
}

}  // namespace oneloop
