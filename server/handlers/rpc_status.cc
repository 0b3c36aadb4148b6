#include "server/handlers/rpc_status.h"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "common/base/status.h"
#include "google/rpc/error_details.pb.h"

namespace oneloop {
namespace {

// Trailers hold 8 KiB in all; the text stands in them three times, once of these percent-encoded.
constexpr std::size_t kLongestText = 1000;
// Of errors that were joined, each but the first, and all together.
constexpr std::size_t kLongestOther = 160;
constexpr std::size_t kRoomForErrors = 1600;

std::string Shortened(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  // Not inside a UTF-8 character.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80u) --end;
  text.resize(end);
  return text + "...";
}

// As many as fit.
void AddOthers(const absl::Status& status, std::size_t room, google::rpc::BadRequest* bad_request) {
  const std::vector<absl::Status> errors = ErrorsOf(status);
  for (std::size_t i = 1; i < errors.size(); ++i) {
    const std::string field = Shortened(FieldOf(errors[i]), kLongestOther);
    const std::string text = Shortened(DescriptionOf(errors[i]), kLongestOther);
    if (field.size() + text.size() > room) return;
    room -= field.size() + text.size();
    auto* violation = bad_request->add_field_violations();
    violation->set_field(field);
    violation->set_description(text);
  }
}

void AddLimit(const absl::Status& status, const std::string& text, google::rpc::Status* details) {
  const std::optional<LimitDetails> limit = LimitOf(status);
  if (!limit.has_value()) return;
  google::rpc::QuotaFailure quota_failure;
  auto* violation = quota_failure.add_violations();
  violation->set_subject(limit->limit);
  violation->set_description(text);
  details->add_details()->PackFrom(quota_failure);
  if (limit->retry_after == absl::InfiniteDuration()) return;
  google::rpc::RetryInfo retry_info;
  retry_info.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(absl::Ceil(limit->retry_after, absl::Seconds(1))));
  details->add_details()->PackFrom(retry_info);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  const std::string text = Shortened(Message(status), kLongestText);
  google::rpc::Status details;
  details.set_code(static_cast<int>(status.code()));
  details.set_message(text);
  if (const std::string field = FieldOf(status); !field.empty()) {
    google::rpc::BadRequest bad_request;
    auto* violation = bad_request.add_field_violations();
    violation->set_field(Shortened(field, kLongestText));
    violation->set_description(text);
    AddOthers(status, kRoomForErrors - text.size(), &bad_request);
    details.add_details()->PackFrom(bad_request);
  }
  AddLimit(status, text, &details);
  return details;
}

}  // namespace oneloop
