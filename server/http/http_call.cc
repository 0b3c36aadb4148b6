#include "server/http/http_call.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "server/handlers/trace_id.h"
#include "server/http/request_json.h"

namespace oneloop {
namespace {

using google::protobuf::FieldDescriptor;
using ProtoMessage = google::protobuf::Message;

constexpr char kAfterRevision[] = "after_revision";
constexpr char kQueuePosition[] = "queue_position";

CallCredentials CredentialsOf(HttpApi* api, const HttpExchange& exchange) {
  CallCredentials credentials;
  // A token says who it is, also on a Unix socket: a proxy's account is not that of the people behind it.
  credentials.via = CallCredentials::Via::kTcp;
  credentials.token = api->TokenOf(exchange.head());
  const ConnectionPeer& peer = exchange.peer();
  credentials.peer = absl::StrCat("http:", peer.is_unix ? peer.shared : peer.address);
  return credentials;
}

// Sets the field that a path names, "name" or "job.name", unless the body has said something else.
absl::Status SetPathField(const std::string& path, const std::string& value, ProtoMessage* message) {
  const std::size_t dot = path.find('.');
  const FieldDescriptor* const field = message->GetDescriptor()->FindFieldByName(path.substr(0, dot));
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  if (dot != std::string::npos) {
    return SetPathField(path.substr(dot + 1), value, reflection.MutableMessage(message, field));
  }
  const std::string said = reflection.GetString(*message, field);
  if (!said.empty() && said != value) {
    return FieldError(path, absl::StrCat("is '", said, "' in the body and '", value, "' in the URL"));
  }
  reflection.SetString(message, field, value);
  return absl::OkStatus();
}

// Whether the reply is of a job, or of jobs, of which some wait in the queue.
bool TellsOfQueue(const ProtoMessage& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* const position = message.GetDescriptor()->FindFieldByName(kQueuePosition);
  return position != nullptr && reflection.HasField(message, position);
}

}  // namespace

HttpCall::HttpCall(HttpApi* api, std::shared_ptr<HttpExchange> exchange, HttpTarget target, RouteMatch match)
    : api_(*api),
      exchange_(std::move(exchange)),
      target_(std::move(target)),
      match_(std::move(match)),
      method_(*match_.method),
      begin_(SteadyNow()),
      trace_id_(TraceIdOr(std::string(exchange_->head().Find(kTraceMetadata).value_or("")))),
      credentials_(CredentialsOf(api, *exchange_)),
      caller_(api->parts().guard->Admit(method_, credentials_)) {}

HttpCall::~HttpCall() {
  if (!finished_) Refuse(absl::CancelledError("the client has sent no request"));
}

void HttpCall::Begin() {
  exchange_->Keep(shared_from_this());
  if (const absl::Status admitted = Admit(); !admitted.ok()) Refuse(admitted);
}

absl::Status HttpCall::Admit() {
  RETURN_IF_ERROR(caller_.status());
  if (method_.rule.scope.has_value()) exchange_->MarkAuthenticated();
  if (AnswerFromMemory()) return absl::OkStatus();
  if (const Refusal refusal = CheckBody(); !refusal.error.ok()) {
    Refuse(refusal);
    return absl::OkStatus();
  }
  const std::weak_ptr<HttpExchange> weak = exchange_;
  ASSIGN_OR_RETURN(id_, api_.parts().open_calls->Open(account(), [weak] {
    if (const std::shared_ptr<HttpExchange> exchange = weak.lock()) exchange->GiveUp();
  }));
  // Whoever waits for room holds no share: the daemon may end before there is any.
  api_.parts().open_calls->StartReading(id_, [weak_call = weak_from_this()] {
    const std::shared_ptr<HttpCall> call = weak_call.lock();
    if (call == nullptr) return;
    if (call->exchange_->head().content_length == 0) return call->OnBody("");
    call->exchange_->ReadBody([weak_call](std::string body) {
      if (const std::shared_ptr<HttpCall> read = weak_call.lock()) read->OnBody(std::move(body));
    });
  });
  return absl::OkStatus();
}

TaggedCall HttpCall::Tagged() const { return {&method_, match_.value, user(), exchange_->head().target}; }

bool HttpCall::AnswerFromMemory() {
  if (match_.route->verb != HttpVerb::kGet || method_.news == News::kAlways || api_.parts().shows_unstored()) {
    return false;
  }
  const CallGuard& guard = *api_.parts().guard;
  if (!guard.CheckResource(method_, *caller_, match_.value).ok()) return false;
  const TaggedCall tagged = Tagged();
  if (std::string tag = api_.tags().FindCurrent(tagged, exchange_->head().Find("if-none-match").value_or(""));
      !tag.empty()) {
    HttpReply reply;
    reply.status = 304;
    reply.headers = {{"ETag", std::move(tag)}};
    Finish(absl::OkStatus(), std::move(reply));
    return true;
  }
  std::int64_t after = 0;
  for (const auto& [name, value] : target_.query) {
    if (name == kAfterRevision && !absl::SimpleAtoi(value, &after)) return false;
  }
  if (after <= 0 || !api_.tags().IsUnchangedSince(tagged, after) || !api_.WasFound(Query())) return false;
  HttpReply reply;
  reply.content_type = kJsonType;
  reply.body = absl::StrCat("{\"revision\":\"", after, "\"}");
  Finish(absl::OkStatus(), std::move(reply));
  return true;
}

HttpCall::Refusal HttpCall::CheckBody() const {
  const HttpHead& head = exchange_->head();
  if (head.chunked) {
    return {411, absl::InvalidArgumentError("a body needs the header Content-Length; chunked bodies are not taken")};
  }
  if (head.content_length == 0) return {};
  if (match_.route->body.empty()) return {400, absl::InvalidArgumentError("this call takes no body")};
  const std::string_view type = head.Find("content-type").value_or("");
  if (!absl::StartsWithIgnoreCase(ToAbsl(type), kJsonType)) {
    return {415, absl::InvalidArgumentError(
                     absl::StrCat("the body's Content-Type is '", ToAbsl(type), "'; valid: ", kJsonType))};
  }
  return {413, CheckLength()};
}

absl::Status HttpCall::CheckLength() const {
  const std::uint64_t length = exchange_->head().content_length;
  RETURN_IF_ERROR(CheckRequestBytes(method_, static_cast<std::size_t>(length)));
  const std::int64_t most = api_.parts().max_message_bytes;
  if (length <= static_cast<std::uint64_t>(most)) return absl::OkStatus();
  return LimitError("max_message_bytes",
                    absl::StrCat("the request has ", length, " bytes, and at most ", most, " are taken"),
                    absl::InfiniteDuration());
}

std::string HttpCall::Query() const {
  std::string query = target_.path;
  for (const auto& [name, value] : target_.query) {
    if (name != kAfterRevision) absl::StrAppend(&query, "\n", name, "=", value);
  }
  return query;
}

void HttpCall::OnBody(std::string body) {
  const HttpApiParts& parts = api_.parts();
  parts.open_calls->OnRead(id_, static_cast<std::int64_t>(body.size()));
  body_ = std::move(body);
  const CallCost cost = CostOf(method_, body_.size());
  const absl::Status queued = parts.queue->Submit(cost, account(), [self = shared_from_this()] { self->Run(); });
  if (!queued.ok()) Refuse(queued);
}

absl::Status HttpCall::Read(ProtoMessage* request) const {
  const std::int64_t most = api_.parts().most_parsed_bytes;
  if (match_.route->body == "*") {
    if (!target_.query.empty()) return absl::InvalidArgumentError("this call takes its parameters in the body alone");
    if (!body_.empty()) RETURN_IF_ERROR(ReadJson(body_, most, request));
  } else {
    RETURN_IF_ERROR(ReadQuery(target_.query, request));
    if (!body_.empty()) {
      const FieldDescriptor* const field = request->GetDescriptor()->FindFieldByName(match_.route->body);
      ProtoMessage* const part = request->GetReflection()->MutableMessage(request, field);
      if (const absl::Status read = ReadJson(body_, most, part); !read.ok()) {
        return PrefixField(match_.route->body, read);
      }
    }
  }
  return match_.field.empty() ? absl::OkStatus() : SetPathField(match_.field, match_.value, request);
}

void HttpCall::Run() {
  // Before anything is read: what is stored meanwhile makes the reply newer than its tag, and the next poll finds news.
  const bool may_tag = match_.route->verb == HttpVerb::kGet && !api_.parts().shows_unstored();
  const std::string of_job = may_tag ? api_.tags().TagOf(Tagged(), /*waits_in_queue=*/false) : "";
  const std::string of_queue = may_tag ? api_.tags().TagOf(Tagged(), /*waits_in_queue=*/true) : "";
  const std::unique_ptr<ProtoMessage> response(method_.response->New());
  const auto abandoned = [this]() -> absl::Status {
    return exchange_->client_left() ? absl::CancelledError("the client has left") : absl::OkStatus();
  };
  const AdmittedCall call = {&method_, &credentials_, &*caller_, abandoned};
  const absl::Status result = api_.parts().runner->Run(
      call, [this](ProtoMessage* request) { return Read(request); }, response.get());
  body_.clear();
  tag_ = method_.news == News::kOfJob && TellsOfQueue(*response) ? of_queue : of_job;
  Conclude(result, *response);
}

void HttpCall::Conclude(const absl::Status& result, const ProtoMessage& response) {
  OpenCalls& open_calls = *api_.parts().open_calls;
  HttpReply reply;
  absl::Status status = result;
  if (status.ok()) {
    status = CatchAll([&]() -> absl::Status {
      ASSIGN_OR_RETURN(reply.body, WriteJson(response));
      return absl::OkStatus();
    });
  }
  if (status.ok()) status = open_calls.StartReply(id_, static_cast<std::int64_t>(reply.body.size()));
  open_calls.OnHandled(id_);
  if (!status.ok()) return Finish(status, ErrorReply(status));
  if (method_.news != News::kAlways) api_.NoteFound(Query());
  reply.content_type = kJsonType;
  if (!tag_.empty()) reply.headers.emplace_back("ETag", tag_);
  Finish(status, std::move(reply));
}

void HttpCall::Refuse(const Refusal& refusal) {
  api_.parts().guard->Audit(method_, credentials_, caller_.ok() ? *caller_ : Caller{}, nullptr, nullptr, refusal.error);
  Finish(refusal.error, ErrorReply(refusal.http_status, refusal.error));
}

void HttpCall::Finish(const absl::Status& status, HttpReply reply) {
  finished_ = true;
  api_.parts().guard->OnEnd({&method_, status, SteadyNow() - begin_, user(), trace_id_});
  const bool tagged = !reply.headers.empty() && reply.headers.front().first == "ETag";
  reply.headers.emplace_back("Cache-Control", tagged ? "private, no-cache" : "no-store");
  if (tagged) reply.headers.emplace_back("Vary", "Authorization, Cookie");
  reply.headers.emplace_back(kTraceMetadata, trace_id_);
  if (reply.status == 401) reply.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (id_ != 0) reply.on_done = [open_calls = api_.parts().open_calls, id = id_] { open_calls->Close(id); };
  exchange_->Reply(std::move(reply));
}

}  // namespace oneloop
