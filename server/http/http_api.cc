#include "server/http/http_api.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "server/http/http_call.h"
#include "server/http/http_error.h"
#include "server/http/metrics_server.h"
#include "server/http/openapi.h"
#include "server/http/request_json.h"
#include "server/http/web_assets.h"
#include "server/http/web_page.h"

namespace oneloop {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostFound = 10000;
constexpr std::uint64_t kLongestLogIn = 4096;

bool IsUnder(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

HttpReply JsonReply(std::string text) {
  HttpReply reply;
  reply.content_type = kJsonType;
  reply.body = std::move(text);
  reply.headers = {{"Cache-Control", "no-store"}};
  return reply;
}

HttpReply TextReply(int status, std::string text) {
  HttpReply reply;
  reply.status = status;
  reply.content_type = "text/plain; charset=utf-8";
  reply.body = std::move(text);
  reply.headers = {{"Cache-Control", "no-store"}};
  return reply;
}

HttpReply WrongVerb(const std::string& verb, const std::vector<std::string>& valid) {
  HttpReply reply = ErrorReply(
      405, absl::UnimplementedError(absl::StrCat(verb, " is not for this URL; valid: ", absl::StrJoin(valid, ", "))));
  reply.headers.emplace_back("Allow", absl::StrJoin(valid, ", "));
  return reply;
}

// HEAD asks for what GET would bring.
std::string_view EffectiveVerb(const HttpHead& head) {
  return head.verb == "HEAD" ? std::string_view("GET") : std::string_view(head.verb);
}

bool IsOverTls(const HttpHead& head) { return head.Find("x-forwarded-proto") == "https"; }

std::string SetCookie(const HttpHead& head, const std::string& value, absl::Duration age) {
  return absl::StrCat(kSessionCookie, "=", value,
                      "; Path=/; HttpOnly; SameSite=Strict; Max-Age=", absl::ToInt64Seconds(age),
                      IsOverTls(head) ? "; Secure" : "");
}

}  // namespace

HttpApi::HttpApi(HttpApiParts parts)
    : parts_(std::move(parts)),
      routes_(Methods()),
      browser_guard_(parts_.hosts),
      tags_(parts_.news, parts_.tag_key),
      openapi_(OpenApi(Methods(), parts_.handlers)) {}

HttpApi::~HttpApi() = default;

std::string HttpApi::TokenOf(const HttpHead& head) {
  if (const auto authorization = head.Find("authorization")) return BearerToken(*authorization);
  const std::string cookie = CookieOf(head.Find("cookie").value_or(""), kSessionCookie);
  return cookie.empty() ? "" : sessions_.TokenOf(cookie).value_or("");
}

void HttpApi::NoteFound(const std::string& query) {
  MutexLock lock(&mutex_);
  if (found_.size() >= kMostFound) found_.clear();
  found_.insert(query);
}

bool HttpApi::WasFound(const std::string& query) const {
  MutexLock lock(&mutex_);
  return found_.contains(query);
}

void HttpApi::OnRequest(const std::shared_ptr<HttpExchange>& exchange) {
  const absl::StatusOr<HttpTarget> target = ParseTarget(exchange->head().target);
  absl::Status checked = target.status();
  if (checked.ok()) checked = browser_guard_.Check(exchange->head());
  if (!checked.ok()) return exchange->Reply(ErrorReply(checked));
  Route(exchange, *target);
}

void HttpApi::Route(const std::shared_ptr<HttpExchange>& exchange, const HttpTarget& target) {
  const HttpHead& head = exchange->head();
  const std::string_view verb = EffectiveVerb(head);
  if (target.path == "/v1/session") return AnswerSession(exchange);
  const absl::StatusOr<std::vector<RouteMatch>> matches = routes_.Find(target.path);
  if (!matches.ok()) return exchange->Reply(ErrorReply(matches.status()));
  std::vector<std::string> valid;
  for (const RouteMatch& match : *matches) {
    if (!match.method->is_served(parts_.handlers)) continue;
    if (VerbName(match.route->verb) == verb) return std::make_shared<HttpCall>(this, exchange, target, match)->Begin();
    valid.emplace_back(VerbName(match.route->verb));
  }
  if (!valid.empty()) return exchange->Reply(WrongVerb(head.verb, valid));
  if (target.path != "/v1/openapi.json" && IsUnder(target.path, "/v1")) {
    return exchange->Reply(ErrorReply(
        absl::NotFoundError(absl::StrCat("there is no ", target.path, "; GET /v1/openapi.json tells what there is"))));
  }
  if (verb != "GET") return exchange->Reply(WrongVerb(head.verb, {"GET"}));
  if (target.path == "/v1/openapi.json") return exchange->Reply(JsonReply(openapi_));
  if (target.path == "/healthz") return exchange->Reply(TextReply(200, "ok\n"));
  if (target.path == "/metrics") {
    return ReplyLater(exchange, [this] {
      HttpReply reply = TextReply(200, parts_.metrics());
      reply.content_type = kMetricsType;
      return reply;
    });
  }
  if (target.path == "/readyz") {
    return ReplyLater(exchange, [this] {
      const absl::Status ready = parts_.ready();
      return ready.ok() ? TextReply(200, "ok\n") : TextReply(503, absl::StrCat(Message(ready), "\n"));
    });
  }
  exchange->Reply(PageReply(WebAssets(), head, target.path));
}

void HttpApi::ReplyLater(const std::shared_ptr<HttpExchange>& exchange, std::function<HttpReply()> make) {
  const absl::Status queued =
      parts_.queue->Submit(CallCost::kRead, AccountOf("", exchange->peer().shared), [exchange, make = std::move(make)] {
        HttpReply reply;
        const absl::Status made = CatchAll([&] {
          reply = make();
          return absl::OkStatus();
        });
        exchange->Reply(made.ok() ? std::move(reply) : ErrorReply(made));
      });
  if (!queued.ok()) exchange->Reply(ErrorReply(queued));
}

void HttpApi::AnswerSession(const std::shared_ptr<HttpExchange>& exchange) {
  const HttpHead& head = exchange->head();
  const SteadyTime begin = SteadyNow();
  if (head.verb == "DELETE") return ReplySession(exchange, begin, LogOut(*exchange));
  if (head.verb != "POST") return exchange->Reply(WrongVerb(head.verb, {"POST", "DELETE"}));
  if (head.chunked) return exchange->Reply(ErrorReply(411, absl::InvalidArgumentError("a body needs Content-Length")));
  if (head.content_length > kLongestLogIn) {
    return exchange->Reply(ErrorReply(413, absl::InvalidArgumentError("the body is too long for a token")));
  }
  exchange->ReadBody(
      [this, exchange, begin](const std::string& body) { ReplySession(exchange, begin, LogIn(*exchange, body)); });
}

void HttpApi::ReplySession(const std::shared_ptr<HttpExchange>& exchange, SteadyTime begin,
                           absl::StatusOr<HttpReply> reply) {
  static const auto* const method = [] {
    auto* const session = new Method;
    session->name = "HttpSession";
    return session;
  }();
  parts_.guard->OnEnd({method, reply.status(), SteadyNow() - begin, "", ""});
  exchange->Reply(reply.ok() ? *std::move(reply) : ErrorReply(reply.status()));
}

absl::StatusOr<HttpReply> HttpApi::LogIn(const HttpExchange& exchange, const std::string& body) {
  RETURN_IF_ERROR(CheckJson(body));
  const Json said = Json::parse(body);
  if (said.size() != 1 || !said.contains("token") || !said["token"].is_string()) {
    return FieldError("token", "is missing; valid: {\"token\": \"olt_...\"}");
  }
  CallCredentials credentials;
  credentials.token = said["token"].get<std::string>();
  ASSIGN_OR_RETURN(const Caller caller, parts_.guard->Identify(credentials));
  exchange.MarkAuthenticated();
  ASSIGN_OR_RETURN(const std::string cookie, sessions_.Create(credentials.token));
  Json who = {{"user", caller.user}, {"scope", std::string(ScopeName(caller.scope))}, {"projects", caller.projects}};
  who["expire_time"] = absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", WallNow() + sessions_.lifetime(), absl::UTCTimeZone());
  HttpReply reply = JsonReply(who.dump());
  reply.headers.emplace_back("Set-Cookie", SetCookie(exchange.head(), cookie, sessions_.lifetime()));
  return reply;
}

HttpReply HttpApi::LogOut(const HttpExchange& exchange) {
  sessions_.Remove(CookieOf(exchange.head().Find("cookie").value_or(""), kSessionCookie));
  HttpReply reply = JsonReply("{}");
  reply.headers.emplace_back("Set-Cookie", SetCookie(exchange.head(), "", absl::ZeroDuration()));
  return reply;
}

}  // namespace oneloop
