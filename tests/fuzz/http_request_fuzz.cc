#include <memory>
#include <string>
#include <string_view>

#include "google/protobuf/util/message_differencer.h"
#include "server/http/browser_guard.h"
#include "server/http/http_message.h"
#include "server/http/http_sessions.h"
#include "server/http/reply_tags.h"
#include "server/http/request_json.h"
#include "server/http/route_table.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {
namespace {

constexpr std::int64_t kMost = 1 << 20;

// What was read can be written, and reads as the same again.
void CheckRoundTrip(const google::protobuf::Message& message) {
  const absl::StatusOr<std::string> text = WriteJson(message);
  Check(text.ok(), "what was read can be written");
  const std::unique_ptr<google::protobuf::Message> again(message.New());
  Check(ReadJson(*text, kMost, again.get()).ok(), "what was written can be read");
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_message_field_comparison(google::protobuf::util::MessageDifferencer::EQUIVALENT);
  google::protobuf::util::DefaultFieldComparator comparator;
  comparator.set_treat_nan_as_equal(true);
  differencer.set_field_comparator(&comparator);
  Check(differencer.Compare(message, *again), "it is the same");
}

}  // namespace

// A whole request, its body behind its head.
TEXT_FUZZER(input) {
  const std::size_t end = FindHeadEnd(input);
  if (end == std::string_view::npos) return;
  const absl::StatusOr<HttpHead> head = ParseHttpHead(input.substr(0, end));
  CheckAnswer(head.status());
  if (!head.ok()) return;
  static const BrowserGuard& guard = *new BrowserGuard({});
  CheckAnswer(guard.Check(*head));
  (void)CookieOf(head->Find("cookie").value_or(""), kSessionCookie);
  (void)MatchesTag(head->Find("if-none-match").value_or(""), "\"1\"");
  const absl::StatusOr<HttpTarget> target = ParseTarget(head->target);
  CheckAnswer(target.status());
  if (!target.ok()) return;
  static const RouteTable& routes = *new RouteTable(Methods());
  const absl::StatusOr<std::vector<RouteMatch>> matches = routes.Find(target->path);
  CheckAnswer(matches.status());
  if (!matches.ok()) return;
  for (const RouteMatch& match : *matches) {
    const std::unique_ptr<google::protobuf::Message> of_query(match.method->request->New());
    CheckAnswer(ReadQuery(target->query, of_query.get()));
    const std::unique_ptr<google::protobuf::Message> of_body(match.method->request->New());
    const absl::Status read = ReadJson(input.substr(end), kMost, of_body.get());
    CheckAnswer(read);
    if (read.ok()) CheckRoundTrip(*of_body);
  }
}

}  // namespace oneloop
