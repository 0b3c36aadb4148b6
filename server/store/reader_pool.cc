#include "server/store/reader_pool.h"

namespace oneloop {

absl::StatusOr<std::unique_ptr<ReaderPool>> ReaderPool::Create(const std::string& path, const std::string& vfs,
                                                               int size) {
  std::vector<std::unique_ptr<SqliteConnection>> connections;
  for (int i = 0; i < size; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<SqliteConnection> connection,
                     SqliteConnection::Open(path, SqliteConnection::Mode::kReadOnly, vfs));
    connection->SetCheckpointOnClose(false);
    connections.push_back(std::move(connection));
  }
  return std::unique_ptr<ReaderPool>(new ReaderPool(std::move(connections)));
}

absl::StatusOr<ReaderPool::Lease> ReaderPool::Borrow() {
  MutexLock lock(&mutex_);
  while (!closed_ && idle_.empty()) returned_.Wait(mutex_);
  if (closed_) return absl::UnavailableError("the store is closed");
  Lease lease(idle_.back().release(), GiveBack{this});
  idle_.pop_back();
  ++lent_;
  return lease;
}

void ReaderPool::Return(SqliteConnection* connection) {
  MutexLock lock(&mutex_);
  idle_.emplace_back(connection);
  --lent_;
  returned_.SignalAll();
}

void ReaderPool::Close() {
  MutexLock lock(&mutex_);
  closed_ = true;
  returned_.SignalAll();
  while (lent_ > 0) returned_.Wait(mutex_);
  idle_.clear();
}

}  // namespace oneloop
