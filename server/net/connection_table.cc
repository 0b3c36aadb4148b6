#include "server/net/connection_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

namespace oneloop {
namespace {

// What was shut down still holds its descriptor until its owner closes it; more than these would eat up the reserve.
constexpr std::size_t kMostEnding = 64;

// What tells one socket from every other that exists at the same time; nothing when `number` is not open.
std::optional<ino_t> SocketInode(int number) {
  struct stat info = {};
  if (fstat(number, &info) != 0 || !S_ISSOCK(info.st_mode)) return std::nullopt;
  return info.st_ino;
}

// Erases the entry if it is this one's: a later one may have taken its place.
template <typename Index, typename Name>
void EraseIfOf(Index* index, const Name& name, ConnectionKey key) {
  if (const auto found = index->find(name); found != index->end() && found->second == key) index->erase(found);
}

}  // namespace

bool ConnectionTable::Add(int number, ConnectionPeer peer, Time now) {
  const std::optional<ino_t> inode = SocketInode(number);
  if (!inode.has_value()) return false;
  const ConnectionKey key = peer.key;
  const MutexLock lock(&mutex_);
  by_number_[number] = key;
  if (!peer.is_unix) by_address_[peer.address] = key;
  ++counts_[peer.shared];
  unused_.insert(key);
  strangers_.insert(key);
  entries_.emplace(key, Entry{number, *inode, std::move(peer), now});
  return true;
}

std::vector<int> ConnectionTable::Sweep() {
  struct Seen {
    ConnectionKey key;
    int number;
    ino_t inode;
  };
  std::vector<Seen> open;
  {
    const MutexLock lock(&mutex_);
    open.reserve(entries_.size());
    for (const auto& [key, entry] : entries_) open.push_back({key, entry.number, entry.inode});
  }
  // Asked without the lock: thousands of calls of the system.
  std::erase_if(open, [](const Seen& seen) { return SocketInode(seen.number) == seen.inode; });
  std::vector<int> numbers;
  const MutexLock lock(&mutex_);
  for (const Seen& ended : open) {
    Forget(ended.key);
    numbers.push_back(ended.number);
  }
  return numbers;
}

void ConnectionTable::Forget(ConnectionKey key) {
  const auto found = entries_.find(key);
  const Entry& entry = found->second;
  EraseIfOf(&by_number_, entry.number, key);
  EraseIfOf(&by_address_, entry.peer.address, key);
  if (ending_.erase(key) == 0) Uncount(key, entry.peer.shared);
  entries_.erase(found);
}

void ConnectionTable::Uncount(ConnectionKey key, const std::string& shared) {
  if (const auto count = counts_.find(shared); --count->second == 0) counts_.erase(count);
  unused_.erase(key);
  strangers_.erase(key);
}

void ConnectionTable::Shut(ConnectionKey key) {
  const Entry& entry = entries_.at(key);
  // Closed already, unless it is still the same socket.
  if (SocketInode(entry.number) == entry.inode) shutdown(entry.number, SHUT_RDWR);
  Uncount(key, entry.peer.shared);
  ending_.insert(key);
}

std::size_t ConnectionTable::ShutUnused(Time before) {
  std::size_t count = 0;
  const MutexLock lock(&mutex_);
  while (!unused_.empty() && entries_.at(*unused_.begin()).since < before) {
    Shut(*unused_.begin());
    ++count;
  }
  return count;
}

bool ConnectionTable::ShutStranger(std::string_view shared, Time before) {
  const MutexLock lock(&mutex_);
  if (ending_.size() >= kMostEnding) return false;
  for (const ConnectionKey key : strangers_) {
    const Entry& entry = entries_.at(key);
    if (entry.since >= before) return false;
    if (!shared.empty() && entry.peer.shared != shared) continue;
    Shut(key);
    return true;
  }
  return false;
}

std::size_t ConnectionTable::size() const {
  const MutexLock lock(&mutex_);
  return entries_.size() - ending_.size();
}

std::size_t ConnectionTable::CountOf(const std::string& shared) const {
  const MutexLock lock(&mutex_);
  const auto found = counts_.find(shared);
  return found == counts_.end() ? 0 : found->second;
}

std::optional<ConnectionPeer> ConnectionTable::FindByNumber(int number) const {
  const MutexLock lock(&mutex_);
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return entries_.at(found->second).peer;
}

std::optional<ConnectionPeer> ConnectionTable::FindByAddress(const std::string& address) const {
  const MutexLock lock(&mutex_);
  const auto found = by_address_.find(address);
  if (found == by_address_.end()) return std::nullopt;
  return entries_.at(found->second).peer;
}

void ConnectionTable::MarkUsed(ConnectionKey key) {
  const MutexLock lock(&mutex_);
  unused_.erase(key);
}

void ConnectionTable::MarkAuthenticated(ConnectionKey key) {
  const MutexLock lock(&mutex_);
  unused_.erase(key);
  strangers_.erase(key);
}

}  // namespace oneloop
