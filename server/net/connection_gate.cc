#include "server/net/connection_gate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <map>
#include <thread>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/net/connection_table.h"
#include "server/net/descriptor_limit.h"
#include "server/net/descriptor_numbers.h"

namespace oneloop {
namespace {

using Clock = SteadyChrono;
using Time = Clock::time_point;

// Descriptors that stay for files, and for the daemon's other sockets.
constexpr int kReserve = 200;
constexpr int kFewestConnections = 64;
constexpr int kMostConnections = 8000;
// Accepted at one go, before those that speak are looked at.
constexpr int kAcceptBatch = 64;
// What the kernel takes for a connection before it is read, of which gRPC makes calls even after it was shut down.
constexpr int kReceiveBytes = 64 << 10;
constexpr int kEventBatch = 128;
// Looking at all connections takes some milliseconds; a flood at a bound must not cause it for each of its own.
constexpr std::chrono::milliseconds kLeastSweepGap{20};
constexpr std::chrono::milliseconds kFirstReopen{100};
constexpr std::chrono::milliseconds kLongestReopen{5000};
constexpr std::chrono::seconds kLogInterval{10};

// What an event is about: a listening socket, the wish to stop, or else the silent connection of that key.
constexpr std::uint64_t kListenerBit = std::uint64_t{1} << 63;
constexpr std::uint64_t kWakeUp = std::uint64_t{1} << 62;

// Under a large limit there are more numbers than connections, and files have all those that fit into an fd_set.
DescriptorNumbers NumbersFor(int limit) {
  if (limit < 4 * FD_SETSIZE) return {std::min(kReserve, limit / 2), limit};
  return {FD_SETSIZE, std::min(limit, FD_SETSIZE + 4 * kMostConnections)};
}

Descriptor SpareDescriptor() { return Descriptor(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

}  // namespace

// All but the table and the counters belongs to the gate's thread once that runs.
class ConnectionGate::Loop {
 public:
  explicit Loop(Options options);
  absl::Status Open();
  void Run();
  void Stop();

  std::function<void(AcceptedConnection)> hand_over;
  std::thread thread;
  ConnectionTable table;
  std::vector<std::string> addresses;
  std::vector<int> ports;

  int max_connections() const { return options_.max_connections; }
  ConnectionCounts counts() const;
  void Count(Refusal reason, std::int64_t number = 1) {
    refused_[static_cast<std::size_t>(reason)].fetch_add(number, std::memory_order_relaxed);
  }

 private:
  struct Gate {
    ListeningSocket socket;
    std::size_t listener = 0;
    bool is_armed = false;
    Time retry_at;
    std::chrono::milliseconds backoff = kFirstReopen;
  };
  struct Silent {
    Descriptor socket;
    ConnectionPeer peer;
    Opening opening = Opening::kHttp2;
    Time since;
  };

  absl::Status OpenListener(std::size_t index);
  bool Watch(int descriptor, int operation, std::uint32_t events, std::uint64_t data);
  int WaitMilliseconds(Time now) const;
  void Handle(const epoll_event& event, Time now);
  void Tick(Time now);

  void ArmListeners(Time now);
  void Reopen(Gate* gate, Time now);
  void AcceptFrom(Gate* gate, Time now);
  // Whether to go on accepting from it.
  bool OnAcceptError(Gate* gate, int error, Time now);
  bool RelieveDescriptors(int listening, Time now);
  void Admit(const Gate& gate, Descriptor socket, Time now);
  std::optional<Refusal> MakeRoom(const std::string& shared, Time now);
  // One that proved nothing, of those that share a bound, or of all.
  bool CloseOne(const std::string* shared, Time now);

  // Hands the connection over once it has said enough, and closes it when that is wrong or its end.
  void Listen(ConnectionKey key, bool has_ended, Time now);
  void HandOver(ConnectionKey key, Time now);
  Silent TakeSilent(ConnectionKey key);
  void Drop(Descriptor socket);
  void CloseSilent(ConnectionKey key, std::optional<Refusal> reason);
  bool CloseOldestSilent(const std::string* shared, Time now);
  void Sweep(Time now);
  void LogRefusals(Time now);
  std::size_t CountOf(const std::string& shared) const;

  Options options_;
  DescriptorNumbers numbers_;
  std::vector<Gate> gates_;
  Descriptor epoll_;
  Descriptor wake_up_;
  Descriptor spare_;
  std::atomic<bool> stopping_{false};
  std::map<ConnectionKey, Silent> silent_;                      // the longest silent first
  std::unordered_map<std::string, std::size_t> silent_counts_;  // by what is shared
  std::atomic<std::int64_t> num_silent_{0};
  ConnectionKey next_key_ = 1;
  Time next_tick_;
  Time next_look_;
  Time last_sweep_;
  Time paused_until_;
  std::array<std::atomic<std::int64_t>, kRefusalNames.size()> refused_{};
  std::array<std::int64_t, kRefusalNames.size()> logged_{};
  Time last_log_;
  std::vector<char> said_ = std::vector<char>(kLongestOpening);
};

ConnectionGate::Loop::Loop(Options options) : options_(std::move(options)), numbers_(NumbersFor(DescriptorLimit())) {
  int& most = options_.max_connections;
  if (most <= 0) most = std::clamp(DescriptorLimit() - kReserve, kFewestConnections, kMostConnections);
  if (options_.max_connections_per_peer <= 0) options_.max_connections_per_peer = std::max(1, most * 3 / 4);
  if (options_.max_silent <= 0) options_.max_silent = std::max(1, most / 4);
}

absl::Status ConnectionGate::Loop::Open() {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  wake_up_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  spare_ = SpareDescriptor();
  if (!epoll_.is_open() || !wake_up_.is_open() || !Watch(wake_up_.number(), EPOLL_CTL_ADD, EPOLLIN, kWakeUp)) {
    return absl::ErrnoToStatus(errno, "waiting for connections");
  }
  for (std::size_t i = 0; i < options_.listeners.size(); ++i) RETURN_IF_ERROR(OpenListener(i));
  return absl::OkStatus();
}

// A name may stand for addresses that this machine does not have: one that works is enough.
absl::Status ConnectionGate::Loop::OpenListener(std::size_t index) {
  ASSIGN_OR_RETURN(std::vector<ListeningSocket> sockets, ListeningSocket::Resolve(options_.listeners[index].address));
  absl::Status failed;
  const std::size_t before = gates_.size();
  int port = options_.listeners[index].address.port;
  for (ListeningSocket& socket : sockets) {
    socket.set_port(port);
    const absl::Status opened = socket.Open();
    failed.Update(opened);
    if (!opened.ok()) continue;
    port = socket.port();
    gates_.push_back({std::move(socket), index, false, Time(), kFirstReopen});
  }
  if (gates_.size() == before) return failed;
  addresses.push_back(gates_[before].socket.name());
  ports.push_back(port);
  return absl::OkStatus();
}

bool ConnectionGate::Loop::Watch(int descriptor, int operation, std::uint32_t events, std::uint64_t data) {
  epoll_event event = {};
  event.events = events;
  event.data.u64 = data;
  return epoll_ctl(epoll_.number(), operation, descriptor, &event) == 0;
}

void ConnectionGate::Loop::Run() {
  Time now = Clock::now();
  next_tick_ = now + options_.sweep_interval;
  std::array<epoll_event, kEventBatch> events = {};
  while (!stopping_) {
    ArmListeners(now);
    const int count = epoll_wait(epoll_.number(), events.data(), kEventBatch, WaitMilliseconds(now));
    now = Clock::now();
    for (int i = 0; i < count; ++i) Handle(events[static_cast<std::size_t>(i)], now);
    while (!silent_.empty() && silent_.begin()->second.since + options_.silence_timeout <= now) {
      CloseSilent(silent_.begin()->first, Refusal::kSilent);
    }
    if (now >= next_look_) {
      next_look_ = now + kLeastSweepGap;
      Count(Refusal::kGreedy, static_cast<std::int64_t>(table.ShutTalkative(now)));
    }
    if (now >= next_tick_) Tick(now);
  }
}

void ConnectionGate::Loop::Stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  if (write(wake_up_.number(), &one, sizeof(one)) < 0) Log(LogLevel::kError, "the listener cannot be woken up");
  if (thread.joinable()) thread.join();
  gates_.clear();
  silent_.clear();
  num_silent_ = 0;
}

int ConnectionGate::Loop::WaitMilliseconds(Time now) const {
  Time until = table.HasStrangers() ? std::min(next_tick_, next_look_) : next_tick_;
  if (!silent_.empty()) until = std::min(until, silent_.begin()->second.since + options_.silence_timeout);
  if (paused_until_ > now) until = std::min(until, paused_until_);
  for (const Gate& gate : gates_) {
    if (!gate.socket.is_open()) until = std::min(until, gate.retry_at);
  }
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60000));
}

void ConnectionGate::Loop::Handle(const epoll_event& event, Time now) {
  const std::uint64_t data = event.data.u64;
  if (data == kWakeUp) return;
  if ((data & kListenerBit) == 0) {
    Listen(data, (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0, now);
    return;
  }
  Gate& gate = gates_[data & ~kListenerBit];
  gate.is_armed = false;
  AcceptFrom(&gate, now);
}

// Once a second or so.
void ConnectionGate::Loop::Tick(Time now) {
  next_tick_ = now + options_.sweep_interval;
  numbers_.Tick();
  Sweep(now);
  Count(Refusal::kUnused, static_cast<std::int64_t>(table.ShutUnused(now - options_.unused_timeout)));
  table.Tidy(now);
  if (!spare_.is_open()) spare_ = SpareDescriptor();
  for (Gate& gate : gates_) {
    if (gate.socket.is_open() && !gate.socket.IsInPlace()) {
      Log(LogLevel::kWarning, absl::StrCat(gate.socket.name(), " is gone; listening there again"));
      // Those who found it before it went.
      AcceptFrom(&gate, now);
      gate.socket.Close();
      gate.retry_at = now;
    }
  }
  LogRefusals(now);
}

// A listening socket reports once and is then asked until it has nothing more, or until the pause is over.
void ConnectionGate::Loop::ArmListeners(Time now) {
  for (std::size_t i = 0; i < gates_.size(); ++i) {
    Gate& gate = gates_[i];
    if (!gate.socket.is_open() && now >= gate.retry_at) Reopen(&gate, now);
    if (!gate.socket.is_open() || gate.is_armed || now < paused_until_) continue;
    const int socket = gate.socket.descriptor();
    const std::uint64_t data = kListenerBit | i;
    gate.is_armed = Watch(socket, EPOLL_CTL_MOD, EPOLLIN | EPOLLONESHOT, data) ||
                    Watch(socket, EPOLL_CTL_ADD, EPOLLIN | EPOLLONESHOT, data);
    if (!gate.is_armed) paused_until_ = now + options_.accept_pause;
  }
}

void ConnectionGate::Loop::Reopen(Gate* gate, Time now) {
  gate->is_armed = false;
  if (const absl::Status opened = gate->socket.Open(); !opened.ok()) {
    Log(LogLevel::kError, Message(opened));
    gate->retry_at = now + gate->backoff;
    gate->backoff = std::min(gate->backoff * 2, kLongestReopen);
    return;
  }
  Log(LogLevel::kInfo, "listening again on " + gate->socket.name());
  gate->backoff = kFirstReopen;
}

void ConnectionGate::Loop::AcceptFrom(Gate* gate, Time now) {
  for (int i = 0; i < kAcceptBatch; ++i) {
    Descriptor socket(accept4(gate->socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.is_open()) {
      Admit(*gate, std::move(socket), now);
    } else if (!OnAcceptError(gate, errno, now)) {
      return;
    }
  }
}

bool ConnectionGate::Loop::OnAcceptError(Gate* gate, int error, Time now) {
  if (error == EAGAIN || error == EWOULDBLOCK) return false;
  if (IsOfOneConnection(error)) return true;
  if (error == EMFILE || error == ENFILE) return RelieveDescriptors(gate->socket.descriptor(), now);
  paused_until_ = now + options_.accept_pause;
  if (error == ENOBUFS || error == ENOMEM) return false;
  Log(LogLevel::kError, absl::StrCat("listening on ", gate->socket.name(),
                                     " failed and is begun again: ", absl::ErrnoToStatus(error, "accept").message()));
  gate->socket.Close();
  gate->retry_at = now + gate->backoff;
  return false;
}

// A silent connection gives up its descriptor; without one, the spare is used to send the newcomer away, who would
// otherwise wait for long.
bool ConnectionGate::Loop::RelieveDescriptors(int listening, Time now) {
  if (CloseOldestSilent(nullptr, now)) return true;
  paused_until_ = now + options_.accept_pause;
  spare_.Reset();
  Descriptor shed(accept4(listening, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (shed.is_open()) Count(Refusal::kDescriptors);
  shed.Reset();
  spare_ = SpareDescriptor();
  return false;
}

void ConnectionGate::Loop::Admit(const Gate& gate, Descriptor socket, Time now) {
  Silent silent;
  silent.peer.listener = gate.listener;
  silent.peer.is_unix = gate.socket.is_unix();
  silent.opening = options_.listeners[gate.listener].opening;
  silent.since = now;
  if (!ReadPeer(socket.number(), &silent.peer)) return;
  if (const std::optional<Refusal> refusal = MakeRoom(silent.peer.shared, now)) return Count(*refusal);
  if (!silent.peer.is_unix) {
    const int yes = 1;
    setsockopt(socket.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    setsockopt(socket.number(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof(kReceiveBytes));
  }
  silent.socket = numbers_.Move(std::move(socket));
  if (!silent.socket.is_open()) return Count(Refusal::kDescriptors);
  const ConnectionKey key = next_key_++;
  // Reported once for what comes, so that half a greeting does not keep the thread busy.
  if (!Watch(silent.socket.number(), EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP | EPOLLET, key)) {
    Drop(std::move(silent.socket));
    return Count(Refusal::kDescriptors);
  }
  ++silent_counts_[silent.peer.shared];
  silent_.emplace(key, std::move(silent));
  num_silent_ = static_cast<std::int64_t>(silent_.size());
}

std::size_t ConnectionGate::Loop::CountOf(const std::string& shared) const {
  const auto silent = silent_counts_.find(shared);
  return table.CountOf(shared) + (silent == silent_counts_.end() ? 0 : silent->second);
}

// Nothing when one more may come.
std::optional<Refusal> ConnectionGate::Loop::MakeRoom(const std::string& shared, Time now) {
  if (table.IsBarred(shared, now)) return Refusal::kGreedy;
  while (silent_.size() >= static_cast<std::size_t>(options_.max_silent)) CloseOldestSilent(nullptr, now);
  const auto peer_is_full = [&] {
    return CountOf(shared) >= static_cast<std::size_t>(options_.max_connections_per_peer);
  };
  const auto is_full = [&] {
    return table.size() + silent_.size() >= static_cast<std::size_t>(options_.max_connections);
  };
  if ((peer_is_full() || is_full()) && now - last_sweep_ >= kLeastSweepGap) Sweep(now);
  while (peer_is_full()) {
    if (!CloseOne(&shared, now)) return Refusal::kPeerBound;
  }
  while (is_full()) {
    if (!CloseOne(nullptr, now)) return Refusal::kBound;
  }
  return std::nullopt;
}

bool ConnectionGate::Loop::CloseOne(const std::string* shared, Time now) {
  if (table.ShutStranger(shared == nullptr ? "" : *shared, now - options_.stranger_age)) {
    Count(Refusal::kStranger);
    return true;
  }
  return CloseOldestSilent(shared, now);
}

void ConnectionGate::Loop::Listen(ConnectionKey key, bool has_ended, Time now) {
  const auto found = silent_.find(key);
  if (found == silent_.end()) return;
  const Silent& silent = found->second;
  const ssize_t size = recv(silent.socket.number(), said_.data(), said_.size(), MSG_PEEK | MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) && !has_ended) return;
  const std::string_view said(said_.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  switch (CheckOpening(silent.opening, said)) {
    case OpeningVerdict::kComplete:
      return HandOver(key, now);
    case OpeningVerdict::kWrong:
      return CloseSilent(key, Refusal::kMalformed);
    case OpeningVerdict::kIncomplete:
      break;
  }
  // It will not say the rest.
  if (has_ended || size <= 0) CloseSilent(key, std::nullopt);
}

ConnectionGate::Loop::Silent ConnectionGate::Loop::TakeSilent(ConnectionKey key) {
  auto node = silent_.extract(key);
  num_silent_ = static_cast<std::int64_t>(silent_.size());
  const auto count = silent_counts_.find(node.mapped().peer.shared);
  if (--count->second == 0) silent_counts_.erase(count);
  return std::move(node.mapped());
}

void ConnectionGate::Loop::HandOver(ConnectionKey key, Time now) {
  Silent silent = TakeSilent(key);
  const int number = silent.socket.number();
  Watch(number, EPOLL_CTL_DEL, 0, 0);
  silent.peer.key = next_key_++;
  // In the table first: its calls may come before the hand-over returns.
  if (!table.Add(number, silent.peer, now)) return Drop(std::move(silent.socket));
  hand_over({std::move(silent.socket), std::move(silent.peer)});
}

// Nobody else knew of its number.
void ConnectionGate::Loop::Drop(Descriptor socket) {
  const int number = socket.number();
  socket.Reset();
  numbers_.GiveBack(number, false);
}

void ConnectionGate::Loop::CloseSilent(ConnectionKey key, std::optional<Refusal> reason) {
  if (reason.has_value()) Count(*reason);
  Drop(TakeSilent(key).socket);
}

// Of those that share a bound, or of all. True when one is silent no more, be it that it was only not listened to.
bool ConnectionGate::Loop::CloseOldestSilent(const std::string* shared, Time now) {
  const auto oldest =
      shared == nullptr ? silent_.begin() : std::find_if(silent_.begin(), silent_.end(), [&](const auto& entry) {
        return entry.second.peer.shared == *shared;
      });
  if (oldest == silent_.end()) return false;
  const ConnectionKey key = oldest->first;
  Listen(key, false, now);
  if (silent_.contains(key)) CloseSilent(key, Refusal::kDisplaced);
  return true;
}

void ConnectionGate::Loop::Sweep(Time now) {
  last_sweep_ = now;
  for (const int number : table.Sweep()) numbers_.GiveBack(number, true);
}

ConnectionCounts ConnectionGate::Loop::counts() const {
  ConnectionCounts counts;
  counts.open = static_cast<std::int64_t>(table.size()) + num_silent_;
  for (std::size_t i = 0; i < refused_.size(); ++i) counts.refused[i] = refused_[i].load(std::memory_order_relaxed);
  return counts;
}

void ConnectionGate::Loop::LogRefusals(Time now) {
  const ConnectionCounts all = counts();
  if (all.refused == logged_ || now - last_log_ < kLogInterval) return;
  std::string text = "connections were closed or not taken:";
  for (std::size_t i = 0; i < logged_.size(); ++i) {
    if (const std::int64_t more = all.refused[i] - logged_[i]; more > 0)
      absl::StrAppend(&text, " ", kRefusalNames[i], " ", more);
  }
  Log(LogLevel::kWarning, text, {{"listen", addresses.front()}, {"open", absl::StrCat(all.open), true}});
  logged_ = all.refused;
  last_log_ = now;
}

ConnectionGate::ConnectionGate(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

absl::StatusOr<std::unique_ptr<ConnectionGate>> ConnectionGate::Create(Options options) {
  std::unique_ptr<ConnectionGate> gate(new ConnectionGate(std::make_unique<Loop>(std::move(options))));
  RETURN_IF_ERROR(gate->loop_->Open());
  return gate;
}

ConnectionGate::~ConnectionGate() { Stop(); }

void ConnectionGate::Start(std::function<void(AcceptedConnection)> hand_over) {
  loop_->hand_over = std::move(hand_over);
  loop_->thread = std::thread([loop = loop_.get()] { loop->Run(); });
}

void ConnectionGate::Stop() { loop_->Stop(); }

std::vector<std::string> ConnectionGate::addresses() const { return loop_->addresses; }
std::vector<int> ConnectionGate::ports() const { return loop_->ports; }
int ConnectionGate::max_connections() const { return loop_->max_connections(); }

std::optional<ConnectionPeer> ConnectionGate::PeerOf(int number) const { return loop_->table.FindByNumber(number); }
std::optional<ConnectionPeer> ConnectionGate::PeerOf(const std::string& address) const {
  return loop_->table.FindByAddress(address);
}

void ConnectionGate::MarkUsed(ConnectionKey key) {
  loop_->Count(Refusal::kGreedy, static_cast<std::int64_t>(loop_->table.MarkUsed(key, Clock::now())));
}
void ConnectionGate::MarkGivenUp(ConnectionKey key) {
  loop_->Count(Refusal::kGreedy, static_cast<std::int64_t>(loop_->table.MarkGivenUp(key, Clock::now())));
}
void ConnectionGate::MarkAuthenticated(ConnectionKey key) { loop_->table.MarkAuthenticated(key); }

ConnectionCounts ConnectionGate::counts() const { return loop_->counts(); }

}  // namespace oneloop
