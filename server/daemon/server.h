#ifndef ONELOOP_SERVER_DAEMON_SERVER_H_
#define ONELOOP_SERVER_DAEMON_SERVER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/access/certificate.h"
#include "server/access/limits.h"
#include "server/access/socket_auth.h"
#include "server/handlers/open_calls.h"
#include "server/jobs/job_manager.h"
#include "server/jobs/watch_hub.h"
#include "server/net/connection_gate.h"
#include "server/net/listen_address.h"
#include "server/search/run_start.h"
#include "server/store/run_store.h"

namespace oneloop {

// The whole daemon in one object: store, workers, watches and the gRPC server over them.
class OneLoopServer {
 public:
  struct Options {
    std::string data_dir;  // made when it does not exist
    std::vector<ListenAddress> listen;
    TlsFiles tls;  // for all addresses but Unix sockets
    Limits limits;
    JobSweep sweep;       // what happens to jobs that are over
    int num_threads = 0;  // 0: as many as the machine runs at once; JobManager::kNoThreads: none
    absl::Duration lease_time = absl::Seconds(30);  // of workers of other machines
    bool enable_admin = false;
    SocketAuth socket_auth = SocketAuth::kPeer;
    // Has the caller of Start stop the server soon, for AdminService.Drain; called on any thread, returns at once.
    std::function<void()> request_stop;
    // Called once when the data directory was removed, renamed or replaced, on any thread, and returns at once: nothing
    // is stored from then on, and the process should end.
    std::function<void(const absl::Status&)> on_store_lost;
    std::optional<ListenAddress> metrics_listen;  // of the loopback interface
    std::optional<ListenAddress> http;            // likewise, or a Unix socket
    std::vector<std::string> http_hosts;          // as of BrowserGuard
    // For tests: another way to run a start, other intervals and clocks. `store` in it is set by Start.
    JobManager::StartRunner run_start = RunStart;
    WatchHub::Options watch;
    OpenCalls::Options open_calls;                           // the largest request is that of the limits
    ConnectionGate::Options gate;                            // the listeners are added
    absl::Duration token_check_interval = absl::Seconds(2);  // of open watches
  };

  // Opens the store, takes up unfinished jobs and serves. Errors: those of SqliteRunStore::Create (a second daemon on
  // the directory, a directory that cannot be written, a store of a newer version), those of CheckTransport, and an
  // address that is taken or, for metrics, is not the loopback interface's. Where there is TCP, the data directory gets
  // a token for this machine's command line.
  static absl::StatusOr<std::unique_ptr<OneLoopServer>> Start(Options options);
  // Stops, when that has not been done.
  ~OneLoopServer();
  OneLoopServer(const OneLoopServer&) = delete;
  OneLoopServer& operator=(const OneLoopServer&) = delete;

  // Reports NOT_SERVING, ends the watches, has calls give up what takes long, brings the running starts to a safe
  // point, ends the calls and closes the store, in this order and within about `timeout`. DEADLINE_EXCEEDED when a
  // start did not stop: the object must then not be destroyed, as that would wait for it.
  absl::Status Stop(absl::Duration timeout);

  // In gRPC's form, with the ports that the system chose.
  const std::vector<std::string>& addresses() const;
  // "127.0.0.1:9464"; "" when none was asked for.
  std::string metrics_address() const;
  // "127.0.0.1:8080" or "unix:PATH"; "" when none was asked for.
  std::string http_address() const;
  int num_threads() const;

 private:
  struct Parts;
  explicit OneLoopServer(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_SERVER_H_
