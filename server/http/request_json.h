#ifndef ONELOOP_SERVER_HTTP_REQUEST_JSON_H_
#define ONELOOP_SERVER_HTTP_REQUEST_JSON_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace oneloop {

// Deeper ones are refused.
inline constexpr int kDeepestJson = 32;

// Whether the text is one JSON object as RFC 8259 has it, in UTF-8, with no key twice in an object and no more than
// kDeepestJson levels. INVALID_ARGUMENT, with where.
absl::Status CheckJson(std::string_view text);

// Reads proto3 JSON into an empty message, as CheckJson and CheckParsedSize allow. INVALID_ARGUMENT with the field.
absl::Status ReadJson(std::string_view text, std::int64_t most_parsed_bytes, google::protobuf::Message* message);

// Sets fields of a message from a query. Its keys are fields that are no messages, but times, durations and field
// masks; lists have their key several times. INVALID_ARGUMENT with the field.
absl::Status ReadQuery(const std::vector<std::pair<std::string, std::string>>& query,
                       google::protobuf::Message* message);

// proto3 JSON with the fields' own names; the same text for equal messages.
absl::StatusOr<std::string> WriteJson(const google::protobuf::Message& message);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_REQUEST_JSON_H_
