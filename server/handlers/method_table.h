#ifndef ONELOOP_SERVER_HANDLERS_METHOD_TABLE_H_
#define ONELOOP_SERVER_HANDLERS_METHOD_TABLE_H_

#include <functional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "server/access/method_rules.h"
#include "server/handlers/call_context.h"

namespace oneloop {

class AdminHandlers;
class CalibrationHandlers;
class HealthHandlers;
class ModelHandlers;
class SearchHandlers;
class WorkerHandlers;

// What the unary methods run on; null for a service that is not enabled.
using Handlers = std::tuple<const SearchHandlers*, const ModelHandlers*, const CalibrationHandlers*,
                            const AdminHandlers*, const HealthHandlers*, const WorkerHandlers*>;

// How large a request may be.
enum class RequestSize {
  kSmall,  // kSmallRequestBytes
  kLarge,  // Limits::max_message_bytes
};
inline constexpr std::size_t kSmallRequestBytes = 64 << 10;

// What a call waits for or uses, which says in which queue it waits for its turn.
enum class CallCost {
  kRead,    // some reads of the store
  kChange,  // a commit
  kHeavy,   // the processor or the disk, for long
  kWork,    // a commit, for a worker: many of them wait together, and hold up no person
};
inline constexpr int kNumCallCosts = 4;

// How a unary method is called over HTTP: docs/HTTP.md.
enum class HttpVerb { kGet, kPost, kPatch, kDelete };
struct HttpRoute {
  HttpVerb verb = HttpVerb::kGet;
  // "/v1/{parent=projects/*}/jobs": what stands in braces is the value of that field, "*" is one segment of a path.
  std::string path;
  // The field that the body is, or "*" for the whole request; "" for none. Other fields are in the path and the query.
  std::string body;
};

// What has to happen before the same call gets another reply.
enum class News {
  kAlways,    // nothing: it may differ at any time
  kOfStore,   // a commit
  kOfJob,     // a commit that changes the job which the rule's resource names, or the points of that
  kOfDaemon,  // a start of the daemon
};

enum class CallKind { kUnary, kWatch, kHealthWatch, kReflection };

// One method of the API. All that a transport needs to serve it; nothing else names methods.
struct Method {
  std::string name;     // "SearchService.CancelJob", for logs, metrics and rules
  std::string service;  // "oneloop.v1.SearchService"
  std::string path;     // "/oneloop.v1.SearchService/CancelJob"
  CallKind kind = CallKind::kUnary;
  const google::protobuf::Message* request = nullptr;   // an empty one; never null
  const google::protobuf::Message* response = nullptr;  // likewise
  MethodRule rule;
  RequestSize size = RequestSize::kSmall;
  CallCost cost = CallCost::kRead;
  std::vector<HttpRoute> http;  // none: not over HTTP
  News news = News::kAlways;    // of one that is called by GET
  // Of a unary method: the work. Null for streams. UNIMPLEMENTED when its service is not enabled.
  std::function<absl::Status(const Handlers& handlers, const CallContext& call,
                             const google::protobuf::Message& request, google::protobuf::Message* response)>
      run;
  // Whether its service is enabled.
  std::function<bool(const Handlers& handlers)> is_served;
};

// Every method that the daemon knows, those of services that are not enabled, too.
const std::vector<Method>& Methods();
// By path; null when there is none.
const Method* FindMethod(std::string_view path);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_METHOD_TABLE_H_
