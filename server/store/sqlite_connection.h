#ifndef ONELOOP_SERVER_STORE_SQLITE_CONNECTION_H_
#define ONELOOP_SERVER_STORE_SQLITE_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace oneloop {

// Bytes to be bound as a BLOB.
struct Blob {
  std::string_view bytes;
};

// A prepared statement, lent by its connection's cache and given back when it goes. Values are bound in the order in
// which they are given; std::nullopt binds NULL. Errors of binding come out of the next step.
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), bind_code_(other.bind_code_) {}
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  SqliteStatement& operator=(SqliteStatement&&) = delete;
  ~SqliteStatement();

  // Starts over with other values, which are copied.
  template <class... Values>
  void Bind(const Values&... values) {
    BindAll(/*copy=*/true, values...);
  }

  // True when there is a row to read, false at the end.
  absl::StatusOr<bool> Step();

  // Binds, runs to the end and resets, for statements without rows of interest. May be called again and again.
  template <class... Values>
  absl::Status Run(const Values&... values) {
    BindAll(/*copy=*/false, values...);
    return RunBound();
  }

  // Of the current row; valid until the next step. NULL reads as 0 or "".
  bool IsNull(int column) const;
  std::int64_t Int(int column) const;
  double Real(int column) const;
  // A figure of a design: NULL stands for infinity.
  double Figure(int column) const;
  std::string_view Text(int column) const;  // also of a BLOB

 private:
  friend class SqliteConnection;
  explicit SqliteStatement(sqlite3_stmt* statement) : statement_(statement) {}

  template <class... Values>
  void BindAll([[maybe_unused]] bool copy, const Values&... values) {
    Reset();
    int index = 0;
    (BindValue(++index, copy, values), ...);
  }
  void Reset();
  void BindValue(int index, bool copy, std::nullopt_t);
  void BindValue(int index, bool copy, std::int64_t value);
  void BindValue(int index, bool copy, int value) { BindValue(index, copy, std::int64_t{value}); }
  void BindValue(int index, bool copy, double value);
  void BindValue(int index, bool copy, std::string_view value);
  void BindValue(int index, bool copy, const std::string& value) { BindValue(index, copy, std::string_view(value)); }
  void BindValue(int index, bool copy, Blob value);
  template <class T>
  void BindValue(int index, bool copy, const std::optional<T>& value) {
    value ? BindValue(index, copy, *value) : BindValue(index, copy, std::nullopt);
  }
  absl::Status RunBound();

  sqlite3_stmt* statement_;
  int bind_code_ = 0;
};

// One connection to a SQLite file. Used by one thread at a time.
//
// Codes of every method: RESOURCE_EXHAUSTED for a full disk, UNAVAILABLE for one that cannot be read or written and for
// a file that another program has locked, DATA_LOSS for one that is corrupted or no database, INTERNAL for the rest.
// Messages name the file.
class SqliteConnection {
 public:
  enum class Mode { kReadOnly, kReadWrite };

  // kReadWrite makes the file when there is none. `vfs` "" is the system's.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Mode mode,
                                                                const std::string& vfs);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Runs a script without values and rows.
  absl::Status Execute(const std::string& script);

  // Precondition: no other statement of the same text is in use.
  absl::StatusOr<SqliteStatement> Prepare(std::string_view sql);

  // The first column of the only row of a query without values.
  absl::StatusOr<std::int64_t> QueryInt(std::string_view sql);

  // What SQLite's integrity check has to say of the file, all of which it reads; nothing of a sound one.
  absl::StatusOr<std::vector<std::string>> ReadIntegrity();
  // DATA_LOSS with the first of it.
  absl::Status CheckIntegrity();

  std::int64_t last_insert_id() const;
  std::int64_t changed_rows() const;  // by the last statement
  bool in_transaction() const;

  // Whether closing the last connection writes the log back into the file; true at first.
  void SetCheckpointOnClose(bool enabled);

  // Writes a copy of one state of the file to a new file by itself, without a log. The copy is synced and complete, or
  // not there. It is written to options.partial_path first, where a file is removed. CANCELLED when it was;
  // ALREADY_EXISTS when there is such a file in the end, which stays as it is unless it may be replaced. Precondition:
  // no transaction is open.
  struct BackUpOptions {
    std::string partial_path;                   // on the same file system; "": the target's with ".partial" added
    bool replace = false;                       // a file that has the target's name
    bool check_integrity = false;               // also SQLite's check, which reads all of the copy
    std::function<bool()> cancelled = nullptr;  // asked every few milliseconds, when set
  };
  absl::Status BackUp(const std::string& target_path, const BackUpOptions& options);

  const std::string& path() const { return path_; }

 private:
  SqliteConnection(std::string path, sqlite3* database) : path_(std::move(path)), database_(database) {}
  absl::Status Error(int code) const;
  absl::Status CopyTo(SqliteConnection& target, const std::function<bool()>& cancelled);
  // Has every statement end with CANCELLED once `cancelled` says so; empty ends that.
  void SetCancelled(const std::function<bool()>* cancelled);

  const std::string path_;
  sqlite3* const database_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// A transaction that is rolled back unless it is committed.
class SqliteTransaction {
 public:
  // kRead sees one state of the file throughout.
  enum class Kind { kRead, kWrite };

  static absl::StatusOr<SqliteTransaction> Begin(SqliteConnection* connection, Kind kind);
  SqliteTransaction(SqliteTransaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  ~SqliteTransaction();

  // After an error nothing of the transaction is stored.
  absl::Status Commit();

 private:
  explicit SqliteTransaction(SqliteConnection* connection) : connection_(connection) {}

  SqliteConnection* connection_;  // null once committed or moved from
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_CONNECTION_H_
