// The daemon behind a real nginx with deploy/nginx.conf.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/clock.h"
#include "tests/client/process.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string ReadText(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class NginxTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string has_programs = "command -v nginx openssl >/dev/null";
    if (RunShell(has_programs).code != 0) GTEST_SKIP() << "nginx or openssl is not installed";
    std::string pattern = "/tmp/oneloop_nginx_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    port_ = 20000 + getpid() % 20000;
    daemon_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{BuiltProgram("oneloopd"), "--data_dir", folder_ + "/data", "--http",
                                 absl::StrCat("unix:", folder_, "/http.sock"), "--http_host", "localhost"},
        false);
    ASSERT_THAT(daemon_->ReadLine(), HasSubstr("listening on"));
    token_ = ReadText(folder_ + "/data/local.token");
    token_.erase(token_.find_last_not_of('\n') + 1);
    ASSERT_EQ(
        RunShell(absl::StrCat("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
                              "/CN=localhost -addext subjectAltName=DNS:localhost -keyout ",
                              folder_, "/tls.key -out ", folder_, "/tls.crt 2>/dev/null"))
            .code,
        0);
    // The shipped file, but for where things are on this machine.
    const std::string shipped = ReadText(SourceDir() + "/deploy/nginx.conf");
    std::ofstream(folder_ + "/nginx.conf")
        << "user root;\n"
        << absl::StrReplaceAll(shipped, {{"/run/oneloop/http.sock", folder_ + "/http.sock"},
                                         {"/etc/oneloop", folder_},
                                         {"/run/nginx.pid", folder_ + "/nginx.pid"},
                                         {"listen 443", absl::StrCat("listen 127.0.0.1:", port_)},
                                         {"oneloop.example.org", "localhost"}});
    nginx_ = std::make_unique<ChildProcess>(
        std::vector<std::string>{"/usr/sbin/nginx", "-p", folder_, "-c", folder_ + "/nginx.conf", "-e",
                                 folder_ + "/error.log", "-g", "daemon off;"},
        false);
    for (int i = 0; i < 500 && !Client()->Get("/healthz"); ++i) SteadySleepFor(absl::Milliseconds(10));
  }
  void TearDown() override {
    if (folder_.empty()) return;
    nginx_->Signal(SIGTERM);
    nginx_->Wait();
    daemon_->Signal(SIGTERM);
    EXPECT_EQ(daemon_->Wait(), 0);
    std::filesystem::remove_all(folder_);
  }

  std::unique_ptr<httplib::SSLClient> Client() const {
    auto client = std::make_unique<httplib::SSLClient>("localhost", port_);
    client->set_ca_cert_path(folder_ + "/tls.crt");
    client->enable_server_certificate_verification(true);
    client->set_default_headers({{"X-OneLoop", "1"}});
    return client;
  }
  httplib::Headers WithToken() const { return {{"Authorization", "Bearer " + token_}}; }

  std::string folder_;
  std::string token_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> daemon_;
  std::unique_ptr<ChildProcess> nginx_;
};

TEST_F(NginxTest, ServesTheApiOverTls) {
  const std::unique_ptr<httplib::SSLClient> client = Client();
  const auto server = client->Get("/v1/server", WithToken());
  ASSERT_TRUE(server) << httplib::to_string(server.error());
  EXPECT_EQ(server->status, 200) << server->body;
  EXPECT_THAT(server->get_header_value("Strict-Transport-Security"), HasSubstr("max-age"));
  EXPECT_THAT(server->get_header_value("Content-Security-Policy"), HasSubstr("default-src 'self'"));
  EXPECT_EQ(client->Get("/v1/server")->status, 401) << "nginx's account on the socket is nobody";
  const auto created =
      client->Post("/v1/projects/default/jobs", WithToken(),
                   R"({"spec":{"workload_name":"alexnet","template_name":"gemmini","starts":1}})", "application/json");
  EXPECT_EQ(created->status, 200) << created->body;
}

TEST_F(NginxTest, PollsWithoutNewsGetThroughAlsoWhenAnswersAreCompressed) {
  const std::unique_ptr<httplib::SSLClient> client = Client();
  httplib::Headers headers = WithToken();
  headers.emplace("Accept-Encoding", "gzip");
  const auto first = client->Get("/v1/workloads", headers);
  ASSERT_EQ(first->status, 200);
  EXPECT_EQ(first->get_header_value("Content-Encoding"), "gzip");
  const std::string tag = first->get_header_value("ETag");
  EXPECT_THAT(tag, StartsWith("W/"));
  headers.emplace("If-None-Match", tag);
  EXPECT_EQ(client->Get("/v1/workloads", headers)->status, 304);
}

TEST_F(NginxTest, SessionsAreForTlsAlone) {
  const std::unique_ptr<httplib::SSLClient> client = Client();
  const auto login = client->Post("/v1/session", absl::StrCat(R"({"token":")", token_, R"("})"), "application/json");
  ASSERT_EQ(login->status, 200) << login->body;
  const std::string cookie = login->get_header_value("Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("; Secure"));
  EXPECT_EQ(client->Get("/v1/server", {{"Cookie", cookie.substr(0, cookie.find(';'))}})->status, 200);
}

TEST_F(NginxTest, MetricsStayOnTheMachineAndLongBodiesAreRefused) {
  const std::unique_ptr<httplib::SSLClient> client = Client();
  EXPECT_EQ(client->Get("/metrics")->status, 404);
  const auto long_body =
      client->Post("/v1/projects/default/jobs", WithToken(), std::string(17 << 20, ' '), "application/json");
  EXPECT_TRUE(!long_body || long_body->status == 413);
}

// What has no length gets one here.
TEST_F(NginxTest, ChunkedBodiesAreTaken) {
  const std::string body = R"({"spec":{"workload_name":"alexnet","template_name":"gemmini","starts":1}})";
  const ProcessResult result = RunShell(absl::StrCat(
      "printf '%s' '", body, "' | curl -sS --cacert ", folder_, "/tls.crt -H 'Authorization: Bearer ", token_,
      "' -H 'X-OneLoop: 1' -H 'Content-Type: application/json' -H 'Transfer-Encoding: chunked' --data-binary @- ",
      "https://localhost:", port_, "/v1/projects/default/jobs"));
  EXPECT_THAT(result.out, HasSubstr("\"state\":\"PENDING\""));
}

}  // namespace
}  // namespace oneloop
