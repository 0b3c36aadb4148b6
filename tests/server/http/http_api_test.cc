// The API over HTTP on a real port, with what clients do right and wrong.

#include "server/http/http_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <sqlite3.h>

#include <fstream>
#include <iterator>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "server/access/token_file.h"
#include "server/daemon/server.h"
#include "server/http/openapi.h"
#include "server/http/web_page.h"
#include "tests/server/http/raw_http.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr char kNewJob[] = R"({"spec":{"workload_name":"alexnet","template_name":"gemmini","starts":2}})";

constexpr int kOpenCalls = 10;

struct Answer {
  int status = 0;
  Json body;
  std::string text;
  httplib::Headers headers;

  std::string Header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

class HttpApiTest : public testing::Test {
 protected:
  void SetUp() override {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    options.listen = {ParseListenAddress(absl::StrCat("unix:", directory_.path(), "/s")).value()};
    options.http = ParseListenAddress("127.0.0.1:0").value();
    options.num_threads = 1;
    options.enable_admin = true;
    options.limits.max_message_bytes = 1 << 20;
    options.limits.max_request_bytes = 1 << 20;
    options.limits.max_open_calls_per_user = kOpenCalls;
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    server_ = OneLoopServer::Start(std::move(options)).value();
    const std::string address = server_->http_address();
    port_ = std::stoi(address.substr(address.rfind(':') + 1));
    user_ = Token("ada", Scope::kUser);
    viewer_ = Token("vic", Scope::kViewer);
  }
  void TearDown() override { runner_.Open(); }

  std::string Token(const std::string& user, Scope scope) const {
    TokenRequest request;
    request.user = user;
    request.scope = scope;
    request.projects = {"p"};
    return CreateToken(directory_.path(), request, absl::Now())->text;
  }

  // With the user's token and what a change needs, but what `headers` say otherwise; "" leaves one out.
  Answer Call(const std::string& verb, const std::string& target, const std::string& body = "",
              const std::map<std::string, std::string>& headers = {}) {
    httplib::Request request;
    request.method = verb;
    request.path = target;
    request.body = body;
    std::map<std::string, std::string> all = {{"Authorization", "Bearer " + user_}, {"X-OneLoop", "1"}};
    if (!body.empty()) all["Content-Type"] = "application/json";
    for (const auto& [name, value] : headers) all[name] = value;
    for (const auto& [name, value] : all) {
      if (!value.empty()) request.headers.emplace(name, value);
    }
    httplib::Client client("127.0.0.1", port_);
    const httplib::Result result = client.send(request);
    EXPECT_TRUE(result) << verb << " " << target;
    if (!result) return {};
    return {result->status, Json::parse(result->body, nullptr, false), result->body, result->headers};
  }
  Answer Get(const std::string& target, const std::map<std::string, std::string>& headers = {}) {
    return Call("GET", target, "", headers);
  }

  static void ExpectError(const Answer& answer, int http_status, const std::string& code, const std::string& what) {
    EXPECT_EQ(answer.status, http_status) << what << ": " << answer.text;
    EXPECT_EQ(answer.Header("Content-Type"), "application/json") << what;
    ASSERT_TRUE(answer.body.is_object() && answer.body.contains("error")) << what << ": " << answer.text;
    EXPECT_EQ(answer.body["error"]["status"], code) << what << ": " << answer.text;
    EXPECT_FALSE(answer.body["error"]["message"].get<std::string>().empty()) << what;
  }

  // A job that runs until the runner's gate is opened.
  std::string CreateJob() {
    const Answer created = Call("POST", "/v1/projects/p/jobs", kNewJob);
    EXPECT_EQ(created.status, 200) << created.text;
    return created.body["name"];
  }

  // A call whose body never comes to its end.
  std::string HalfOfACreateJob() const {
    return absl::StrCat("POST /v1/projects/p/jobs HTTP/1.1\r\nHost: localhost\r\nX-OneLoop: 1\r\n",
                        "Authorization: Bearer ", user_,
                        "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  }

  const TempDirectory directory_;
  GatedRunner runner_{0};
  std::unique_ptr<OneLoopServer> server_;
  int port_ = 0;
  std::string user_;
  std::string viewer_;
};

TEST_F(HttpApiTest, JobGoesThroughItsLife) {
  const std::string job = CreateJob();
  EXPECT_EQ(job, "projects/p/jobs/1");
  const std::string path = "/v1/" + job;
  runner_.AwaitHeld(1);
  EXPECT_EQ(Get(path).body["owner"], "ada");
  EXPECT_EQ(Get("/v1/projects/p/jobs?filter=owner%3Dada").body["jobs"].size(), 1u);
  EXPECT_EQ(Get("/v1/projects/p/jobs?filter=owner%3Dbob").body.count("jobs"), 0u);
  const Answer changed = Call("PATCH", path, R"({"labels":{"chip":"a1"},"priority":7})");
  EXPECT_EQ(changed.body["labels"]["chip"], "a1") << changed.text;
  EXPECT_EQ(changed.body["priority"], 7);
  EXPECT_EQ(Call("PATCH", path + "?update_mask=priority", "{}").body.count("priority"), 0u);
  EXPECT_EQ(Call("POST", path + ":pause", "{}").body["state"], "PAUSED");
  EXPECT_EQ(Call("POST", path + ":resume").body["state"], "PENDING");
  ExpectError(Call("POST", path + ":cancel", R"({"etag":"r1"})"), 409, "ABORTED", "an old etag");
  EXPECT_EQ(Call("POST", path + ":cancel").body["state"], "CANCELLED");
  EXPECT_EQ(Call("DELETE", path).body.count("purge_time"), 1u);
  EXPECT_EQ(Call("POST", path + ":undelete").body.count("purge_time"), 0u);
  EXPECT_EQ(Call("DELETE", path + "?purge=true").status, 200);
  ExpectError(Get(path), 404, "NOT_FOUND", "a purged job");
}

TEST_F(HttpApiTest, ErrorsNameFieldsAndWhenToTryAgain) {
  const Answer answer = Call("POST", "/v1/projects/p/jobs", absl::StrReplaceAll(kNewJob, {{":2", ":0"}}));
  ExpectError(answer, 400, "INVALID_ARGUMENT", "no starts");
  EXPECT_EQ(answer.body["error"]["code"], 3);
  EXPECT_EQ(answer.body["error"]["field_violations"][0]["field"], "spec.starts");
  const Answer path = Get("/v1/projects/p/jobs/x");
  ExpectError(path, 400, "INVALID_ARGUMENT", "a name that is none");
}

TEST_F(HttpApiTest, PathAndBodyMustNotContradict) {
  const std::string job = CreateJob();
  ExpectError(Call("PATCH", "/v1/" + job, R"({"name":"projects/p/jobs/2","priority":1})"), 400, "INVALID_ARGUMENT",
              "two names");
  EXPECT_EQ(Call("PATCH", "/v1/" + job, R"({"name":"projects/p/jobs/1","priority":1})").status, 200);
  ExpectError(Call("POST", "/v1/projects/p/jobs", R"({"parent":"projects/other"})"), 400, "INVALID_ARGUMENT",
              "two parents");
}

// A poll that finds nothing new does not look into the store: what is changed there behind the daemon's back is not
// seen by it.
TEST_F(HttpApiTest, PollWithoutNewsIsAnsweredFromMemory) {
  const std::string path = "/v1/" + CreateJob();
  runner_.AwaitHeld(1);
  Call("POST", path + ":cancel");
  const Answer first = Get(path);
  const std::string tag = first.Header("ETag");
  ASSERT_FALSE(tag.empty());
  const std::string revision = first.body["revision"];
  const Answer points = Get(path + "/points?page_size=7");
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open((directory_.path() + "/oneloop.db").c_str(), &store), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(store, "UPDATE jobs SET message = 'behind its back'", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(store);
  const Answer poll = Get(path, {{"If-None-Match", tag}});
  EXPECT_EQ(poll.status, 304);
  EXPECT_EQ(poll.text, "");
  EXPECT_EQ(poll.Header("ETag"), tag);
  EXPECT_EQ(Get(path, {{"If-None-Match", "W/" + tag}}).status, 304) << "behind a proxy that compresses";
  EXPECT_EQ(Call("HEAD", path, "", {{"If-None-Match", tag}}).status, 304);
  EXPECT_EQ(Get(path + "/points?page_size=7", {{"If-None-Match", points.Header("ETag")}}).status, 304);
  EXPECT_THAT(Get(path).text, HasSubstr("behind its back"));
}

TEST_F(HttpApiTest, PollFromARevisionOnIsAnsweredFromMemoryWhenNothingChanged) {
  runner_.Open();
  const std::string path = "/v1/" + CreateJob();
  std::string state;
  while (state != "SUCCEEDED") state = Get(path).body["state"];
  const Answer whole = Get(path + "/front");
  ASSERT_TRUE(whole.body["snapshot"]) << whole.text;
  EXPECT_GE(whole.body["entered"].size(), 1u);
  const std::string revision = whole.body["revision"];
  EXPECT_EQ(Get("/v1/projects/p/jobs").status, 200);
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open((directory_.path() + "/oneloop.db").c_str(), &store), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(store, "DELETE FROM point_rows", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(store);
  const std::string after = "after_revision=" + revision;
  EXPECT_EQ(Get(path + "/front?" + after).text, absl::StrCat(R"({"revision":")", revision, "\"}"));
  EXPECT_EQ(Get("/v1/projects/p/jobs?" + after).body["revision"], revision);
  // What only the store can tell is not made up.
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Get("/v1/projects/p/jobs/99/front?" + after).status, 404);
    EXPECT_EQ(Get(absl::StrCat(path, "/points?start=99&", after)).status, 400);
    EXPECT_EQ(Get(path + "/front?after_revision=x").status, 400);
    EXPECT_EQ(Get(path + "/front?after_revision=999999").status, 400);
  }
}

TEST_F(HttpApiTest, PollAfterAChangeFindsIt) {
  const std::string path = "/v1/" + CreateJob();
  runner_.AwaitHeld(1);
  const std::string jobs = "/v1/projects/p/jobs";
  for (const std::string& target : {path, jobs}) {
    const std::string tag = Get(target).Header("ETag");
    Call("PATCH", path, absl::StrCat(R"({"priority":)", target.size(), "}"));
    const Answer poll = Get(target, {{"If-None-Match", tag}});
    EXPECT_EQ(poll.status, 200);
    EXPECT_NE(poll.Header("ETag"), tag);
  }
}

TEST_F(HttpApiTest, TagHelpsNobodyWhoMayNotSeeTheJob) {
  const std::string path = "/v1/" + CreateJob();
  runner_.AwaitHeld(1);
  const std::string tag = Get(path).Header("ETag");
  TokenRequest request;
  request.user = "eve";
  request.scope = Scope::kViewer;
  request.projects = {"other"};
  const std::string eve = CreateToken(directory_.path(), request, absl::Now())->text;
  ExpectError(Get(path, {{"If-None-Match", tag}, {"Authorization", "Bearer " + eve}}), 403, "PERMISSION_DENIED", "eve");
  ExpectError(Get(path, {{"If-None-Match", tag}, {"Authorization", ""}}), 401, "UNAUTHENTICATED", "nobody");
}

TEST_F(HttpApiTest, JobThatWaitsIsNewWhenTheQueueMoves) {
  CreateJob();
  runner_.AwaitHeld(1);
  const std::string second = "/v1/" + CreateJob();
  const Answer waiting = Get(second);
  ASSERT_EQ(waiting.body["queue_position"], 1) << waiting.text;
  EXPECT_EQ(Get(second, {{"If-None-Match", waiting.Header("ETag")}}).status, 304);
  const std::string third = "/v1/" + CreateJob();
  EXPECT_EQ(Get(second, {{"If-None-Match", waiting.Header("ETag")}}).status, 200);
}

TEST_F(HttpApiTest, SessionStandsForItsToken) {
  const Answer login =
      Call("POST", "/v1/session", absl::StrCat(R"({"token":")", user_, R"("})"), {{"Authorization", ""}});
  EXPECT_EQ(login.status, 200) << login.text;
  EXPECT_EQ(login.body["user"], "ada");
  const std::string set = login.Header("Set-Cookie");
  EXPECT_THAT(set, AllOf(HasSubstr("HttpOnly"), HasSubstr("SameSite=Strict"), HasSubstr("Max-Age=43200")));
  EXPECT_THAT(set, testing::Not(HasSubstr("Secure")));
  EXPECT_THAT(set, testing::Not(HasSubstr(user_))) << "the cookie is not the token";
  const std::string cookie = set.substr(0, set.find(';'));
  const std::map<std::string, std::string> as_browser = {{"Authorization", ""}, {"Cookie", cookie}};
  EXPECT_EQ(Get("/v1/server", as_browser).body["user"], "ada");
  EXPECT_EQ(Call("POST", "/v1/projects/p/jobs", kNewJob, as_browser).status, 200);
  EXPECT_EQ(Call("DELETE", "/v1/session", "", as_browser).status, 200);
  ExpectError(Get("/v1/server", as_browser), 401, "UNAUTHENTICATED", "logged out");
  EXPECT_THAT(
      Call("POST", "/v1/session", absl::StrCat(R"({"token":")", user_, R"("})"), {{"X-Forwarded-Proto", "https"}})
          .Header("Set-Cookie"),
      HasSubstr("Secure"));
}

TEST_F(HttpApiTest, SessionEndsWithItsToken) {
  const Answer login = Call("POST", "/v1/session", absl::StrCat(R"({"token":")", viewer_, R"("})"));
  const std::string set = login.Header("Set-Cookie");
  const std::map<std::string, std::string> as_browser = {{"Authorization", ""},
                                                         {"Cookie", set.substr(0, set.find(';'))}};
  EXPECT_EQ(Get("/v1/server", as_browser).status, 200);
  ASSERT_TRUE(RevokeToken(directory_.path(), viewer_.substr(4, 12)).ok());
  ExpectError(Get("/v1/server", as_browser), 401, "UNAUTHENTICATED", "revoked");
}

TEST_F(HttpApiTest, WrongLogInsAreRefused) {
  for (const char* body :
       {"", "{}", "[]", R"({"token":5})", R"({"token":"x","y":1})", R"({"token":"x","token":"y"})"}) {
    ExpectError(Call("POST", "/v1/session", body), 400, "INVALID_ARGUMENT", body);
  }
  ExpectError(Call("POST", "/v1/session", R"({"token":"olt_no"})"), 401, "UNAUTHENTICATED", "a wrong token");
  ExpectError(Call("GET", "/v1/session"), 405, "UNIMPLEMENTED", "another verb");
  ExpectError(Call("POST", "/v1/session", std::string(5000, ' ')), 413, "INVALID_ARGUMENT", "a long body");
}

TEST_F(HttpApiTest, WatchersNeedNoToken) {
  const std::map<std::string, std::string> nobody = {{"Authorization", ""}};
  EXPECT_EQ(Get("/healthz", nobody).text, "ok\n");
  EXPECT_EQ(Get("/readyz", nobody).text, "ok\n");
  const Answer metrics = Get("/metrics", nobody);
  EXPECT_THAT(metrics.text, HasSubstr("oneloop_jobs{"));
  EXPECT_EQ(Get("/v1/openapi.json", nobody).body["openapi"], "3.0.3");
  ExpectError(Get("/v1/nothing", nobody), 404, "NOT_FOUND", "no route");
}

TEST_F(HttpApiTest, OpenApiDescribesEveryRoute) {
  const Json document = Get("/v1/openapi.json").body;
  std::size_t operations = 0;
  for (const auto& [path, verbs] : document["paths"].items()) operations += verbs.size();
  std::size_t routes = 0;
  for (const Method& method : Methods()) routes += method.http.size();
  EXPECT_EQ(operations, routes);
  const Json& get_job = document["paths"]["/v1/projects/{project}/jobs/{job}"]["get"];
  EXPECT_EQ(get_job["operationId"], "SearchService.GetJob");
  // Every reference leads somewhere.
  const std::string text = document.dump();
  const std::string prefix = "\"$ref\":\"#/components/schemas/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    const std::size_t begin = at + prefix.size();
    const std::string name = text.substr(begin, text.find('"', begin) - begin);
    EXPECT_TRUE(document["components"]["schemas"].contains(name)) << name;
  }
}

// One place that can be called of each route.
std::string TargetOf(const HttpRoute& route) {
  std::string target = absl::StrReplaceAll(route.path, {{"projects/*", "projects/p"},
                                                        {"jobs/*", "jobs/1"},
                                                        {"calibrations/*", "calibrations/c"},
                                                        {"points/*", "points/0"},
                                                        {"designs/*", "designs/best"},
                                                        {"templates/*", "templates/gemmini"},
                                                        {"workloads/*", "workloads/alexnet"}});
  if (const std::size_t open = target.find('{'); open != std::string::npos) {
    target.erase(open, target.find('=', open) + 1 - open);
    target.erase(target.find('}'), 1);
  }
  return target;
}

struct WrongBody {
  std::string what;
  std::string body;
};

std::vector<WrongBody> WrongBodies() {
  std::string deep = R"({"a":)";
  for (int i = 0; i < 1000; ++i) deep += R"({"a":)";
  return {{"no JSON", "x"},
          {"a list", "[]"},
          {"half an object", "{"},
          {"NaN", R"({"x":NaN})"},
          {"a huge number", R"({"x":1e999})"},
          {"an unknown field", R"({"no_such_field":1})"},
          {"a key twice", R"({"name":"a","name":"b"})"},
          {"deep nesting", deep},
          {"not UTF-8", "{\"name\":\"\xff\"}"},
          {"a comment", "{/* */}"},
          {"more behind it", "{} {}"}};
}

// Every route, and everything that can be wrong with a request whatever it is for: an error in JSON, and nothing is
// changed.
TEST_F(HttpApiTest, WhatIsWrongIsAnErrorInJsonOnEveryRouteAndChangesNothing) {
  const std::string job = CreateJob();
  runner_.AwaitHeld(1);
  Call("POST", absl::StrCat("/v1/", job, ":cancel"));
  const std::string before = Get("/v1/" + job).text;
  for (const Method& method : Methods()) {
    for (const HttpRoute& route : method.http) {
      const std::string verb(VerbName(route.verb));
      const std::string target = TargetOf(route);
      const std::string what = absl::StrCat(verb, " ", target, ": ");
      const std::string body = route.body.empty() ? "" : "{}";
      const bool changes = verb != "GET";
      ExpectError(Call(verb, target, body, {{"Authorization", ""}}), 401, "UNAUTHENTICATED", what + "no token");
      ExpectError(Call(verb, target, body, {{"Authorization", "Bearer olt_x_y"}}), 401, "UNAUTHENTICATED",
                  what + "wrong");
      ExpectError(Call(verb, target, body, {{"Cookie", "oneloop_session=abc"}, {"Authorization", ""}}), 401,
                  "UNAUTHENTICATED", what + "wrong session");
      ExpectError(Call(verb, target, body, {{"Host", "evil.example"}}), 403, "PERMISSION_DENIED", what + "Host");
      ExpectError(Call(verb, target, body, {{"Origin", "http://evil.example"}}), 403, "PERMISSION_DENIED",
                  what + "Origin");
      ExpectError(Call("PUT", target, "{}"), 405, "UNIMPLEMENTED", what + "PUT");
      if (changes) {
        ExpectError(Call(verb, target, body, {{"X-OneLoop", ""}}), 400, "INVALID_ARGUMENT", what + "no header");
      }
      if (method.rule.changes) {
        const Answer refused = Call(verb, target, body, {{"Authorization", "Bearer " + viewer_}});
        ExpectError(refused, 403, "PERMISSION_DENIED", what + "a viewer");
      }
      if (method.rule.all_projects) continue;
      if (route.body.empty()) {
        ExpectError(Call(verb, target, "{}"), 400, "INVALID_ARGUMENT", what + "a body");
        ExpectError(Call(verb, target + "?no_such=1"), 400, "INVALID_ARGUMENT", what + "unknown parameter");
      } else {
        ExpectError(Call(verb, target, "{}", {{"Content-Type", "text/plain"}}), 415, "INVALID_ARGUMENT", what + "type");
        ExpectError(Call(verb, target, std::string((1 << 20) + 1, ' ')), 413, "RESOURCE_EXHAUSTED", what + "too long");
        for (const WrongBody& wrong : WrongBodies()) {
          ExpectError(Call(verb, target, wrong.body), 400, "INVALID_ARGUMENT", what + wrong.what);
        }
        RawHttp endless(port_);
        endless.Send(absl::StrCat(
            verb, " ", target, " HTTP/1.1\r\nHost: localhost\r\nX-OneLoop: 1\r\nAuthorization: Bearer ", user_,
            "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n"));
        EXPECT_EQ(StatusOf(endless.ReadReply()), 411) << what;
        EXPECT_TRUE(endless.IsClosed()) << what;
      }
      for (const char* trick : {"/../x", "/%2e%2e/x", "/%00", "//", "/%zz"}) {
        const Answer odd = Call(verb, target + trick, body);
        EXPECT_TRUE(odd.status == 400 || odd.status == 404) << what << trick << ": " << odd.text;
        EXPECT_TRUE(odd.body.contains("error")) << what << trick;
      }
    }
  }
  EXPECT_EQ(Get("/v1/" + job).text, before);
  EXPECT_EQ(Get("/v1/projects/p/jobs").body["jobs"].size(), 1u);
}

TEST_F(HttpApiTest, HeadSaysWhatGetWouldSend) {
  const Answer get = Get("/v1/workloads");
  const Answer head = Call("HEAD", "/v1/workloads");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.text, "");
  EXPECT_EQ(head.Header("Content-Length"), get.Header("Content-Length"));
  EXPECT_EQ(head.Header("ETag"), get.Header("ETag"));
}

TEST_F(HttpApiTest, DaemonEndsWhileCallsWaitForRoom) {
  std::vector<RawHttp> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(port_);
    clients.back().Send(HalfOfACreateJob());
  }
  EXPECT_EQ(Get("/healthz").status, 200);
  runner_.Open();
  EXPECT_TRUE(server_->Stop(absl::Seconds(30)).ok());
  server_.reset();
  for (const RawHttp& client : clients) EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpApiTest, ClientsThatLeaveInTheMiddleHoldNoPlace) {
  const std::string head = HalfOfACreateJob();
  for (int i = 0; i < 3 * kOpenCalls; ++i) RawHttp(port_).Send(head);
  // Their ends are noticed one by one.
  Answer created;
  do {
    created = Call("POST", "/v1/projects/p/jobs", kNewJob);
  } while (created.status == 429);
  EXPECT_EQ(created.status, 200) << created.text;
  EXPECT_EQ(Get("/v1/projects/p/jobs").body["jobs"].size(), 1u);
}

TEST_F(HttpApiTest, ChangesAreAudited) {
  const std::string job = CreateJob();
  Call("POST", absl::StrCat("/v1/", job, ":cancel"), "{}", {{"Authorization", "Bearer " + viewer_}});
  std::ifstream log(directory_.path() + "/audit.log");
  const std::string text((std::istreambuf_iterator<char>(log)), std::istreambuf_iterator<char>());
  EXPECT_THAT(text, AllOf(HasSubstr("SearchService.CreateJob"), HasSubstr("http:127.0.0.1"), HasSubstr(job)));
}

HttpHead HeadWith(const HttpHeaders& headers) {
  HttpHead head;
  head.verb = "GET";
  head.headers = headers;
  return head;
}

TEST(WebPageTest, FilesAreServedAsTheyAreAndViewsGetTheIndex) {
  const std::vector<WebAsset> assets = {{"/index.html", "text/html; charset=utf-8", "<html>", "zz", "\"1\"", false},
                                        {"/assets/app-1.js", "text/javascript", "js", "z", "\"2\"", true}};
  const HttpReply index = PageReply(assets, HeadWith({}), "/");
  EXPECT_EQ(index.content(), "<html>");
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(PageReply(assets, HeadWith({}), "/projects/p/jobs/7").content(), "<html>");
  EXPECT_EQ(PageReply(assets, HeadWith({{"accept-encoding", "br, gzip"}}), "/").content(), "zz");
  EXPECT_EQ(PageReply(assets, HeadWith({{"if-none-match", "\"1\""}}), "/").status, 304);
  const HttpReply script = PageReply(assets, HeadWith({}), "/assets/app-1.js");
  EXPECT_THAT(script.headers, testing::Contains(testing::Pair("Cache-Control", HasSubstr("immutable"))));
  for (const char* path : {"/assets/app-2.js", "/assets/../index.html", "/favicon.ico", "/etc/passwd.txt",
                           "/../../etc/passwd", "/%2e%2e/etc/passwd", "/a//b", "/%00", "/a\\b", "/.git/config"}) {
    EXPECT_EQ(PageReply(assets, HeadWith({}), path).status, 404) << path;
  }
}

}  // namespace
}  // namespace oneloop
