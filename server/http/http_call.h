#ifndef ONELOOP_SERVER_HTTP_HTTP_CALL_H_
#define ONELOOP_SERVER_HTTP_HTTP_CALL_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "google/protobuf/message.h"
#include "server/access/caller.h"
#include "server/handlers/call_credentials.h"
#include "server/handlers/open_calls.h"
#include "server/http/http_api.h"
#include "server/http/http_error.h"
#include "server/http/http_server.h"
#include "server/http/route_table.h"

namespace oneloop {

// One call of a method over HTTP: admitted by its head, read when there is room for its body, run when its turn comes.
// Its exchange keeps it; what may go on with it later holds a weak share, but for the queue.
class HttpCall : public std::enable_shared_from_this<HttpCall> {
 public:
  HttpCall(HttpApi* api, std::shared_ptr<HttpExchange> exchange, HttpTarget target, RouteMatch match);

  // Ends what nobody has ended: its client has left before its body was there.
  ~HttpCall();
  HttpCall(const HttpCall&) = delete;
  HttpCall& operator=(const HttpCall&) = delete;

  // On the server's thread; waits for nothing.
  void Begin();

 private:
  // Counts the call and has its body read; the error of a call that may not go on.
  absl::Status Admit();
  // What is wrong with a body, by what the head says of it, and the status of HTTP that stands for that.
  struct Refusal {
    int http_status = 0;
    absl::Status error;
  };
  Refusal CheckBody() const;
  absl::Status CheckLength() const;
  // Answers a poll that finds nothing new, from memory. False when it has to be looked at.
  bool AnswerFromMemory();
  void OnBody(std::string body);
  void Run();
  absl::Status Read(google::protobuf::Message* request) const;
  void Conclude(const absl::Status& result, const google::protobuf::Message& response);
  // Ends the call, with a line in the audit log where it asked for a change.
  void Refuse(const absl::Status& status) { Refuse({HttpStatusOf(status.code()), status}); }
  void Refuse(const Refusal& refusal);
  void Finish(const absl::Status& status, HttpReply reply);

  std::string user() const { return caller_.ok() ? caller_->user : ""; }
  std::string account() const { return AccountOf(user(), exchange_->peer().shared); }
  TaggedCall Tagged() const;
  // The target without the revision that it asks from.
  std::string Query() const;

  HttpApi& api_;
  const std::shared_ptr<HttpExchange> exchange_;
  const HttpTarget target_;
  const RouteMatch match_;
  const Method& method_;
  const SteadyTime begin_;
  const std::string trace_id_;
  const CallCredentials credentials_;
  const absl::StatusOr<Caller> caller_;
  OpenCalls::CallId id_ = 0;  // 0: never counted
  bool finished_ = false;
  std::string tag_;  // of the reply, when it is made of what is stored now
  std::string body_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_HTTP_CALL_H_
