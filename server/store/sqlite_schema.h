#ifndef ONELOOP_SERVER_STORE_SQLITE_SCHEMA_H_
#define ONELOOP_SERVER_STORE_SQLITE_SCHEMA_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// Marks a SQLite file as a OneLoop store: "OLOP".
inline constexpr std::int64_t kStoreApplicationId = 0x4F4C4F50;

// The tables of one version of the program, and the way there from every earlier version.
struct Schema {
  std::string create;              // makes the tables of the newest version in an empty file
  std::vector<std::string> steps;  // steps[i] turns version i + 1 into version i + 2

  int version() const { return static_cast<int>(steps.size()) + 1; }
};

const Schema& StoreSchema();

// Where PrepareSchema keeps the file as it was before a migration from `version`.
std::string BackupPath(const std::string& database_path, int version);

// The version of the connection's file, at most the schema's; 0 for an empty file. FAILED_PRECONDITION for a file of a
// newer version or one that is not a store.
absl::StatusOr<std::int64_t> ReadSchemaVersion(SqliteConnection& connection, const Schema& schema);

// FAILED_PRECONDITION, with what to do, when the connection's file is not a store of just the schema's version.
absl::Status CheckSchemaVersion(SqliteConnection& connection, const Schema& schema);

// Brings the connection's file to the schema: makes the tables in an empty file; backs an older file up and migrates
// it, each step in a transaction; leaves an up-to-date one alone. FAILED_PRECONDITION, and the file as it was, for a
// file of a newer version or one that is not a store.
absl::Status PrepareSchema(SqliteConnection* connection, const Schema& schema);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_SQLITE_SCHEMA_H_
