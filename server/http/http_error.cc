#include "server/http/http_error.h"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/handlers/rpc_status.h"

namespace oneloop {
namespace {

using Json = nlohmann::ordered_json;

}  // namespace

int HttpStatusOf(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

HttpReply ErrorReply(const absl::Status& error) { return ErrorReply(HttpStatusOf(error.code()), error); }

HttpReply ErrorReply(int http_status, const absl::Status& error) {
  const google::rpc::Status details = ToRpcStatus(error);
  HttpReply reply;
  reply.status = http_status;
  reply.content_type = kJsonType;
  Json body = {
      {"code", details.code()}, {"status", absl::StatusCodeToString(error.code())}, {"message", details.message()}};
  for (const google::protobuf::Any& detail : details.details()) {
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        body["field_violations"].push_back({{"field", violation.field()}, {"description", violation.description()}});
      }
    } else if (detail.UnpackTo(&retry)) {
      const std::int64_t seconds = retry.retry_delay().seconds();
      body["retry_delay"] = absl::StrCat(seconds, "s");
      reply.headers.emplace_back("Retry-After", absl::StrCat(seconds));
    }
  }
  // Text that a client sent need not be UTF-8.
  reply.body = Json{{"error", std::move(body)}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return reply;
}

}  // namespace oneloop
