#ifndef ONELOOP_SERVER_HTTP_METRICS_SERVER_H_
#define ONELOOP_SERVER_HTTP_METRICS_SERVER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace oneloop {

class HttpServer;

// Of Prometheus' text form.
inline constexpr char kMetricsType[] = "text/plain; version=0.0.4; charset=utf-8";

// Answers GET /metrics over HTTP on the loopback interface, to whoever asks there. No client
// holds up another, however silent or slow: it is closed after seconds, or before, when others need its place.
class MetricsServer {
 public:
  // INVALID_ARGUMENT unless `host` is 127.0.0.1 or [::1].
  static absl::Status CheckHost(const std::string& host);

  // `render` makes each answer, on a thread of the server, until destruction returns. `port` 0: the system chooses.
  // Errors: those of CheckHost, and UNAVAILABLE for a port that is taken.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& host, int port,
                                                              std::function<std::string()> render);
  // Ends what is under way.
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  // "127.0.0.1:9464", with the port that the system chose.
  std::string address() const;

 private:
  explicit MetricsServer(std::unique_ptr<HttpServer> http);

  const std::unique_ptr<HttpServer> http_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_METRICS_SERVER_H_
