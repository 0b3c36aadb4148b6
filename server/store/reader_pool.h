#ifndef ONELOOP_SERVER_STORE_READER_POOL_H_
#define ONELOOP_SERVER_STORE_READER_POOL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/mutex.h"
#include "common/base/status.h"
#include "server/store/sqlite_connection.h"

namespace oneloop {

// A few read-only connections to one file, lent to one thread each. Thread-safe.
class ReaderPool {
 public:
  static absl::StatusOr<std::unique_ptr<ReaderPool>> Create(const std::string& path, const std::string& vfs, int size);

  // Runs query(connection) inside a read transaction and returns what it returns, a StatusOr. Waits for a connection
  // when all are lent. UNAVAILABLE after Close.
  template <class Query>
  auto Read(const Query& query) -> decltype(query(std::declval<SqliteConnection&>())) {
    ASSIGN_OR_RETURN(const Lease lease, Borrow());
    ASSIGN_OR_RETURN(const SqliteTransaction transaction,
                     SqliteTransaction::Begin(lease.get(), SqliteTransaction::Kind::kRead));
    return query(*lease);
  }

  // Waits for the connections that are lent, and closes all.
  void Close();

 private:
  struct GiveBack {
    ReaderPool* pool;
    void operator()(SqliteConnection* connection) const { pool->Return(connection); }
  };
  using Lease = std::unique_ptr<SqliteConnection, GiveBack>;

  explicit ReaderPool(std::vector<std::unique_ptr<SqliteConnection>> connections) : idle_(std::move(connections)) {}
  absl::StatusOr<Lease> Borrow();
  void Return(SqliteConnection* connection);

  Mutex mutex_;
  CondVar returned_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_ ABSL_GUARDED_BY(mutex_);
  int lent_ ABSL_GUARDED_BY(mutex_) = 0;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_READER_POOL_H_
