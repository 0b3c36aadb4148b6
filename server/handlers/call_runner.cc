#include "server/handlers/call_runner.h"

#include <exception>
#include <memory>
#include <new>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "server/handlers/call_context.h"

namespace oneloop {
namespace {

using ProtoMessage = google::protobuf::Message;

constexpr std::size_t kHeavyRequestBytes = 256 << 10;

}  // namespace

absl::Status CatchAll(const std::function<absl::Status()>& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return LimitError("memory", "there is not enough memory for this call now", absl::Seconds(10));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("unexpected: ", error.what()));
  }
}

CallCost CostOf(const Method& method, std::size_t request_bytes) {
  // What workers report waits for the disk, however much it is.
  return request_bytes > kHeavyRequestBytes && method.cost != CallCost::kWork ? CallCost::kHeavy : method.cost;
}

absl::Status CheckRequestBytes(const Method& method, std::size_t request_bytes) {
  if (method.size != RequestSize::kSmall || request_bytes <= kSmallRequestBytes) return absl::OkStatus();
  return LimitError(
      "request_bytes",
      absl::StrCat("the request has ", request_bytes, " bytes; valid for this method: at most ", kSmallRequestBytes),
      absl::InfiniteDuration());
}

absl::Status CallRunner::Interrupted(const AdmittedCall& call) const {
  RETURN_IF_ERROR(call.abandoned());
  if (stopping_) return absl::UnavailableError("the daemon is stopping");
  return absl::OkStatus();
}

absl::Status CallRunner::Work(const AdmittedCall& call, const std::function<absl::Status(ProtoMessage*)>& read,
                              ProtoMessage* request, ProtoMessage* response) const {
  // Whoever has left does not need an answer, but a change that was asked for is made.
  if (!call.method->rule.changes) RETURN_IF_ERROR(call.abandoned());
  RETURN_IF_ERROR(read(request));
  RETURN_IF_ERROR(guard_.CheckRequest(*call.method, *call.caller, *request));
  const CallContext context = {*call.caller, [&] { return Interrupted(call); }};
  return call.method->run(handlers_, context, *request, response);
}

absl::Status CallRunner::Run(const AdmittedCall& call, const std::function<absl::Status(ProtoMessage*)>& read,
                             ProtoMessage* response) const {
  const std::unique_ptr<ProtoMessage> request(call.method->request->New());
  absl::Status result = CatchAll([&] { return Work(call, read, request.get(), response); });
  // Work that was given up says less than why it was.
  if (const absl::Status why = Interrupted(call); absl::IsCancelled(result) && !why.ok()) result = why;
  guard_.Audit(*call.method, *call.credentials, *call.caller, request.get(), response, result);
  return result;
}

}  // namespace oneloop
