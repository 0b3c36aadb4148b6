#include "server/net/connection_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <optional>
#include <utility>

#include "server/net/received_bytes.h"

namespace oneloop {
namespace {

// What was shut down still holds its descriptor until its owner closes it; more than these would eat up the reserve.
constexpr std::size_t kMostEnding = 64;
constexpr std::chrono::seconds kBarred{2};
// A client may send 64 KiB before it knows that its call was not let in, and then try again.
constexpr std::int64_t kMostStrangerBytes = 1 << 20;
constexpr std::chrono::seconds kBytesInterval{1};

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
  entries_.emplace(key, Entry{number, *inode, std::move(peer), now, 0, now});
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

std::size_t ConnectionTable::MarkUsed(ConnectionKey key, Time now) {
  const MutexLock lock(&mutex_);
  unused_.erase(key);
  const auto found = entries_.find(key);
  if (found == entries_.end() || ending_.contains(key)) return 0;
  CallBudget& budget = strangers_.contains(key) ? stranger_calls_ : known_calls_;
  return budget.TakeCall(found->second.peer.shared, now) ? 0 : ShutGreedy(key, now);
}

std::size_t ConnectionTable::MarkGivenUp(ConnectionKey key, Time now) {
  const MutexLock lock(&mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end() || ending_.contains(key)) return 0;
  CallBudget& budget = strangers_.contains(key) ? stranger_calls_ : known_calls_;
  return budget.TakeGivenUp(found->second.peer.shared, now) ? 0 : ShutGreedy(key, now);
}

std::size_t ConnectionTable::ShutGreedy(ConnectionKey key, Time now) {
  const std::string shared = entries_.at(key).peer.shared;
  barred_until_[shared] = now + kBarred;
  if (!strangers_.contains(key)) {
    Shut(key);
    return 1;
  }
  std::vector<ConnectionKey> greedy;
  for (const ConnectionKey stranger : strangers_) {
    if (entries_.at(stranger).peer.shared == shared) greedy.push_back(stranger);
  }
  for (const ConnectionKey stranger : greedy) Shut(stranger);
  return greedy.size();
}

std::size_t ConnectionTable::ShutTalkative(Time now) {
  const MutexLock lock(&mutex_);
  for (const ConnectionKey key : strangers_) {
    Entry& entry = entries_.at(key);
    const std::int64_t bytes = entry.peer.is_unix ? 0 : ReceivedBytes(entry.number);
    if (bytes - entry.bytes_before > kMostStrangerBytes) return ShutGreedy(key, now);
    if (now - entry.bytes_since >= kBytesInterval) {
      entry.bytes_before = bytes;
      entry.bytes_since = now;
    }
  }
  return 0;
}

bool ConnectionTable::HasStrangers() const {
  const MutexLock lock(&mutex_);
  return !strangers_.empty();
}

bool ConnectionTable::IsBarred(const std::string& shared, Time now) const {
  const MutexLock lock(&mutex_);
  const auto barred = barred_until_.find(shared);
  return barred != barred_until_.end() && now < barred->second;
}

void ConnectionTable::Tidy(Time now) {
  const MutexLock lock(&mutex_);
  stranger_calls_.Tidy(now);
  known_calls_.Tidy(now);
  std::erase_if(barred_until_, [&](const auto& entry) { return entry.second <= now; });
}

void ConnectionTable::MarkAuthenticated(ConnectionKey key) {
  const MutexLock lock(&mutex_);
  unused_.erase(key);
  strangers_.erase(key);
}

}  // namespace oneloop
