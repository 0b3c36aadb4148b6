#include "server/handlers/call_guard.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"

namespace oneloop {
namespace {

constexpr char kDefaultLocalUser[] = "local";
// Of calls that were refused because nobody knows who makes them.
constexpr double kStrangerLinesPerSecond = 10;
constexpr double kStrangerLinesAtOnce = 100;

// The value of a string field, or of one in a field that is a message ("job.name"); "" when there is no such field.
std::string TextField(const google::protobuf::Message& message, const std::string& name) {
  if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
    const auto* const part = message.GetDescriptor()->FindFieldByName(name.substr(0, dot));
    if (part == nullptr || part->is_repeated() || part->message_type() == nullptr) return "";
    return TextField(message.GetReflection()->GetMessage(message, part), name.substr(dot + 1));
  }
  const google::protobuf::FieldDescriptor* const field = message.GetDescriptor()->FindFieldByName(name);
  if (field == nullptr || field->is_repeated() ||
      field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    return "";
  }
  return message.GetReflection()->GetString(message, field);
}

bool IsPreview(const google::protobuf::Message& request) {
  const google::protobuf::FieldDescriptor* const field = request.GetDescriptor()->FindFieldByName("validate_only");
  return field != nullptr && request.GetReflection()->GetBool(request, field);
}

absl::StatusOr<Caller> ClaimedUser(const std::string& claimed) {
  if (claimed.empty()) return LocalCaller(kDefaultLocalUser);
  if (IsValidUser(claimed)) return LocalCaller(claimed);
  return absl::UnauthenticatedError(
      absl::StrCat(kUserMetadata, ": is no user's name; valid: 1 to 64 letters, digits and . _ @ + -"));
}

// Any authority that the daemon trusts has said who they are, but not what they may do.
absl::StatusOr<Caller> CertificateUser(const std::string& user) {
  if (!IsValidUser(user)) {
    return absl::UnauthenticatedError(
        "the client certificate's common name is no user's name (1 to 64 letters, digits and . _ @ + -)");
  }
  return Caller{user, Scope::kUser, {kAllProjects}, ""};
}

absl::StatusOr<Caller> SocketPeer(const CallCredentials& credentials) {
  if (credentials.uid.has_value()) return PeerCaller(*credentials.uid, credentials.account, credentials.claimed_user);
  return absl::UnauthenticatedError("the system does not tell whose process is at the other end of the Unix socket");
}

// Faults of the service, rather than of the call.
bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kDataLoss ||
         code == absl::StatusCode::kUnknown;
}

}  // namespace

CallGuard::CallGuard(Options options)
    : options_(std::move(options)),
      stranger_lines_(kStrangerLinesPerSecond, kStrangerLinesAtOnce, options_.steady_clock()) {}

absl::StatusOr<Caller> CallGuard::Identify(const CallCredentials& credentials) const {
  const bool by_socket = credentials.via == CallCredentials::Via::kUnix;
  if (by_socket && options_.socket_auth == SocketAuth::kNone) return ClaimedUser(credentials.claimed_user);
  if (!credentials.token.empty()) return options_.tokens->Authenticate(credentials.token, options_.clock());
  if (by_socket && options_.socket_auth == SocketAuth::kPeer) return SocketPeer(credentials);
  if (!credentials.certificate_user.empty()) return CertificateUser(credentials.certificate_user);
  return absl::UnauthenticatedError(
      "token: is missing; send one as `authorization: Bearer olt_...` (oneloop: --token_file FILE or ONELOOP_TOKEN)");
}

absl::StatusOr<Caller> CallGuard::Admit(const Method& method, const CallCredentials& credentials) const {
  if (!method.rule.scope.has_value()) return Caller{};
  ASSIGN_OR_RETURN(Caller caller, Identify(credentials));
  // A refused change is worth its request, which says what was to be changed.
  const bool is_told_later = method.rule.changes && method.size == RequestSize::kSmall;
  if (!is_told_later) RETURN_IF_ERROR(CheckScope(method.name, method.rule, caller));
  return caller;
}

absl::Status CallGuard::CheckResource(const Method& method, const Caller& caller, const std::string& resource) {
  RETURN_IF_ERROR(CheckScope(method.name, method.rule, caller));
  if (method.rule.resource.empty()) return absl::OkStatus();
  return CheckProject(method.name, caller, ProjectOf(resource));
}

absl::Status CallGuard::CheckRequest(const Method& method, const Caller& caller,
                                     const google::protobuf::Message& request) const {
  const bool has_resource = !method.rule.resource.empty();
  const std::string resource = has_resource ? TextField(request, std::string(method.rule.resource)) : "";
  RETURN_IF_ERROR(CheckResource(method, caller, resource));
  if (!method.rule.own_only) return absl::OkStatus();
  // Asked for admins, too: what is another project's is not there, whatever else is wrong with the request.
  const absl::StatusOr<std::string> owner = options_.owner_of(resource);
  // The handler tells what is wrong with the name.
  if (absl::IsInvalidArgument(owner.status())) return absl::OkStatus();
  RETURN_IF_ERROR(owner.status());
  return CheckOwner(method.name, method.rule, caller, *owner);
}

void CallGuard::Audit(const Method& method, const CallCredentials& credentials, const Caller& caller,
                      const google::protobuf::Message* request, const google::protobuf::Message* response,
                      const absl::Status& result) const {
  if (!method.rule.changes || (request != nullptr && IsPreview(*request))) return;
  AuditEntry entry;
  entry.time = options_.clock();
  entry.user = caller.user;
  entry.token_id = caller.token_id;
  entry.peer = credentials.peer;
  entry.call = method.name;
  if (request != nullptr) entry.resource = TextField(*request, std::string(method.rule.resource));
  // What was created says more than where.
  if (response != nullptr) {
    if (std::string created = TextField(*response, "name"); !created.empty()) entry.resource = std::move(created);
  }
  entry.result = absl::StatusCodeToString(result.code());
  entry.message = Message(result);
  if (const absl::Status written = options_.audit->Append(entry); !written.ok()) {
    Log(LogLevel::kError, "the audit log lacks " + AuditLine(entry) + ": " + Message(written));
  }
}

std::optional<std::int64_t> CallGuard::TakeLineOfStranger() const {
  MutexLock lock(&mutex_);
  if (stranger_lines_.Take(options_.steady_clock())) return std::exchange(lines_left_out_, 0);
  ++lines_left_out_;
  return std::nullopt;
}

void CallGuard::OnEnd(const EndedCall& call) const {
  const absl::StatusCode code = call.result.code();
  if (options_.metrics != nullptr) {
    options_.metrics->calls.OnEnd(call.method->name, absl::StatusCodeToString(code), call.elapsed);
  }
  std::int64_t left_out = 0;
  if (call.user.empty()) {
    const std::optional<std::int64_t> line = TakeLineOfStranger();
    if (!line.has_value()) return;
    left_out = *line;
  }
  if (left_out > 0) {
    Log(LogLevel::kWarning, absl::StrCat(left_out, " calls of unknown callers have no line of their own"));
  }
  const double milliseconds = absl::ToDoubleMilliseconds(absl::Trunc(call.elapsed, absl::Microseconds(1)));
  // A worker's calls come by the thousand, and say nothing when they go well.
  const bool is_routine = call.method->rule.scope == Scope::kWorker && call.result.ok();
  const LogLevel level = IsFault(code) ? LogLevel::kError : is_routine ? LogLevel::kDebug : LogLevel::kInfo;
  Log(level, call.result.ok() ? "call" : Message(call.result),
      {{"method", std::string(call.method->name)},
       {"code", absl::StatusCodeToString(code)},
       {"duration_ms", absl::StrCat(milliseconds), /*is_number=*/true},
       {"user", call.user},
       {"trace_id", call.trace_id}});
}

}  // namespace oneloop
