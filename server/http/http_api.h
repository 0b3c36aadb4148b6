#ifndef ONELOOP_SERVER_HTTP_HTTP_API_H_
#define ONELOOP_SERVER_HTTP_HTTP_API_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/status/status.h"
#include "common/base/mutex.h"
#include "server/access/token_registry.h"
#include "server/handlers/call_guard.h"
#include "server/handlers/call_queue.h"
#include "server/handlers/call_runner.h"
#include "server/handlers/method_table.h"
#include "server/handlers/open_calls.h"
#include "server/http/browser_guard.h"
#include "server/http/http_server.h"
#include "server/http/http_sessions.h"
#include "server/http/reply_tags.h"
#include "server/http/route_table.h"
#include "server/store/job_news.h"

namespace oneloop {

// What calls over HTTP stand on. Everything outlives the API and its calls.
struct HttpApiParts {
  Handlers handlers;
  const CallGuard* guard = nullptr;
  const CallRunner* runner = nullptr;
  OpenCalls* open_calls = nullptr;
  CallQueue* queue = nullptr;
  const JobNews* news = nullptr;
  std::int64_t max_message_bytes = 16 << 20;
  std::int64_t most_parsed_bytes = 64 << 20;  // that a request may take once it is read into memory
  std::vector<std::string> hosts;             // as of BrowserGuard
  std::string tag_key;                        // random, of this run of the daemon
  // Of GET /metrics.
  std::function<std::string()> metrics;
  // Of GET /readyz: why the daemon would refuse work.
  std::function<absl::Status()> ready;
  // Whether some job is shown in another state than is stored, so that its revision does not tell.
  std::function<bool()> shows_unstored = [] { return false; };
};

// The API, the web page and what watches over the daemon, over HTTP: docs/HTTP.md. Thread-safe.
class HttpApi {
 public:
  explicit HttpApi(HttpApiParts parts);
  // Precondition: no call is under way.
  ~HttpApi();
  HttpApi(const HttpApi&) = delete;
  HttpApi& operator=(const HttpApi&) = delete;

  // Answers a request, now or later; waits for nothing.
  void OnRequest(const std::shared_ptr<HttpExchange>& exchange);

  const HttpApiParts& parts() const { return parts_; }
  const ReplyTags& tags() const { return tags_; }
  // The token that the request brings, in its header or by its session; "" for none.
  std::string TokenOf(const HttpHead& head);

  // Queries that were answered lately, so that they have nothing wrong that only the store could tell.
  void NoteFound(const std::string& query);
  bool WasFound(const std::string& query) const;

 private:
  void Route(const std::shared_ptr<HttpExchange>& exchange, const HttpTarget& target);
  // A reply that takes reading: made on a thread of the queue.
  void ReplyLater(const std::shared_ptr<HttpExchange>& exchange, std::function<HttpReply()> make);
  void AnswerSession(const std::shared_ptr<HttpExchange>& exchange);
  // As a call of its own in the log and among the metrics.
  void ReplySession(const std::shared_ptr<HttpExchange>& exchange, SteadyTime begin, absl::StatusOr<HttpReply> reply);
  absl::StatusOr<HttpReply> LogIn(const HttpExchange& exchange, const std::string& body);
  HttpReply LogOut(const HttpExchange& exchange);

  const HttpApiParts parts_;
  const RouteTable routes_;
  const BrowserGuard browser_guard_;
  const ReplyTags tags_;
  const std::string openapi_;
  HttpSessions sessions_;
  mutable Mutex mutex_;
  std::unordered_set<std::string> found_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_API_H_
