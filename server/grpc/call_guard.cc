#include "server/grpc/call_guard.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "server/grpc/status_convert.h"
#include "server/grpc/trace_id.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

constexpr char kDefaultLocalUser[] = "local";

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

absl::StatusOr<Caller> LocalUser(const std::string& claimed) {
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

}  // namespace

CallGuard::CallGuard(Options options) : options_(std::move(options)) {}

absl::StatusOr<Caller> CallGuard::Identify(const CallCredentials& credentials) const {
  if (credentials.via == CallCredentials::Via::kUnix) return LocalUser(credentials.claimed_user);
  if (!credentials.token.empty()) return options_.tokens->Authenticate(credentials.token, options_.clock());
  if (!credentials.certificate_user.empty()) return CertificateUser(credentials.certificate_user);
  return absl::UnauthenticatedError(
      "token: is missing; send one as `authorization: Bearer olt_...` (oneloop: --token_file FILE or ONELOOP_TOKEN)");
}

absl::Status CallGuard::CheckJobOwner(const MethodRule& rule, const Caller& caller, const std::string& resource) const {
  if (!rule.own_only || caller.scope == Scope::kAdmin) return absl::OkStatus();
  const absl::StatusOr<JobName> name = ParseJobName(std::string(rule.resource), resource);
  // The handler tells what is wrong with the name.
  if (!name.ok()) return absl::OkStatus();
  const absl::StatusOr<std::string> owner = options_.owner_of(name->id);
  if (absl::IsNotFound(owner.status())) {
    return absl::NotFoundError(absl::StrCat("there is no job ", resource));
  }
  RETURN_IF_ERROR(owner.status());
  return CheckOwner(rule, caller, *owner);
}

absl::StatusOr<Caller> CallGuard::Authorize(std::string_view method, const CallCredentials& credentials,
                                            const google::protobuf::Message& request) const {
  ASSIGN_OR_RETURN(Caller caller, Identify(credentials));
  RETURN_IF_ERROR(CheckCall(method, caller, request));
  return caller;
}

absl::Status CallGuard::CheckCall(std::string_view method, const Caller& caller,
                                  const google::protobuf::Message& request) const {
  const MethodRule* const rule = FindMethodRule(method);
  if (rule == nullptr) {
    return absl::PermissionDeniedError(absl::StrCat(ToAbsl(method), " has no rule that says who may call it"));
  }
  const std::string resource = rule->resource.empty() ? "" : TextField(request, std::string(rule->resource));
  RETURN_IF_ERROR(CheckRule(*rule, caller, ProjectOf(resource)));
  return CheckJobOwner(*rule, caller, resource);
}

void CallGuard::Audit(std::string_view method, const CallCredentials& credentials, const Caller& caller,
                      const google::protobuf::Message& request, const google::protobuf::Message& response,
                      const absl::Status& result) const {
  const MethodRule* const rule = FindMethodRule(method);
  if (rule == nullptr || !rule->changes || IsPreview(request)) return;
  AuditEntry entry;
  entry.time = options_.clock();
  entry.user = caller.user;
  entry.token_id = caller.token_id;
  entry.peer = credentials.peer;
  entry.call = method;
  entry.resource = TextField(request, std::string(rule->resource));
  // What was created says more than where.
  if (std::string created = TextField(response, "name"); !created.empty()) entry.resource = std::move(created);
  entry.result = absl::StatusCodeToString(result.code());
  entry.message = Message(result);
  if (const absl::Status written = options_.audit->Append(entry); !written.ok()) {
    Log(LogLevel::kError, "the audit log lacks " + AuditLine(entry) + ": " + Message(written));
  }
}

void CallGuard::OnEnd(const EndedCall& call) const {
  LogCall(call);
  if (options_.metrics == nullptr) return;
  options_.metrics->calls.OnEnd(call.method, absl::StatusCodeToString(call.result.code()), call.elapsed);
}

grpc::Status CallGuard::Handle(std::string_view method, grpc::ServerContextBase& context,
                               const google::protobuf::Message& request, const google::protobuf::Message& response,
                               const std::function<absl::Status(const Caller&)>& body) const {
  const absl::Time begin = absl::Now();
  const std::string trace_id = TakeTraceId(context);
  const CallCredentials credentials = CredentialsOf(context);
  Caller caller;
  const absl::Status result = Guarded([&]() -> absl::Status {
    ASSIGN_OR_RETURN(caller, Identify(credentials));
    RETURN_IF_ERROR(CheckCall(method, caller, request));
    return body(caller);
  });
  Audit(method, credentials, caller, request, response, result);
  OnEnd({method, result, absl::Now() - begin, caller.user, trace_id});
  return ToGrpcStatus(result);
}

}  // namespace oneloop
