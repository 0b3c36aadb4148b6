// `oneloop doctor` before daemons with all kinds of trouble.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/network_probe.h"
#include "common/base/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/access/token_file.h"
#include "server/daemon/server.h"
#include "tests/client/client_harness.h"
#include "tests/client/fake_daemon.h"
#include "tests/server/access/test_certificates.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::ServerInfo InfoAt(absl::Time time) {
  v1::ServerInfo info;
  info.set_version(ONELOOP_VERSION);
  info.set_api("oneloop.v1");
  info.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  info.set_user("ada");
  info.set_scope("user");
  info.add_projects("chip");
  return info;
}

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() : client_(daemon_.address()) {
    daemon_.get_server_info = [this](const v1::GetServerInfoRequest&) { return answer_; };
  }
  FakeDaemon daemon_;
  ClientHarness client_;
  absl::StatusOr<v1::ServerInfo> answer_ = InfoAt(absl::FromUnixSeconds(1800000000));
};

TEST_F(DoctorTest, SaysThatAllIsWell) {
  const auto result = client_.Run({"doctor"});
  EXPECT_EQ(result.code, ExitCode::kOk) << result.out;
  EXPECT_THAT(result.out, AllOf(StartsWith("ok    address  unix:"), HasSubstr("from ONELOOP_SERVER"),
                                HasSubstr("you are ada, scope user, projects chip"), HasSubstr("differs by 0"),
                                Not(HasSubstr("FAIL"))));
}

TEST_F(DoctorTest, FindsAnotherVersion) {
  answer_->set_version("9.1.0");
  const auto result = client_.Run({"doctor"});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  version  daemon 9.1.0"), HasSubstr("the same version on both sides")));
  answer_ = absl::UnimplementedError("");
  EXPECT_THAT(client_.Run({"doctor"}).out, AllOf(HasSubstr("FAIL  version"), HasSubstr("older")));
}

TEST_F(DoctorTest, FindsAClockThatIsWrong) {
  for (const auto& [skew, words] : {std::pair(absl::Seconds(90), "1m30s ahead"), {-absl::Hours(2), "2h behind"}}) {
    answer_ = InfoAt(client_.now + skew);
    const auto result = client_.Run({"doctor"});
    EXPECT_EQ(result.code, ExitCode::kError);
    EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  clock"), HasSubstr(words), HasSubstr("timedatectl")));
  }
  answer_ = InfoAt(client_.now + absl::Seconds(5));
  EXPECT_EQ(client_.Run({"doctor"}).code, ExitCode::kOk);
}

TEST_F(DoctorTest, PassesOnWhatTheDaemonRefuses) {
  answer_ = absl::UnauthenticatedError("token: it was revoked");
  auto result = client_.Run({"doctor"});
  EXPECT_EQ(result.code, ExitCode::kError);
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  token"), HasSubstr("it was revoked"), HasSubstr("--token_file")));
  answer_ = absl::InternalError("broken\ndisk");
  result = client_.Run({"doctor"});
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  answer   broken; disk"), HasSubstr("log")));
}

TEST(DoctorSocketTest, FindsWhatIsWrongWithTheSocket) {
  const TempDirectory directory;
  const std::string path = directory.path() + "/oneloop.sock";
  ClientHarness client("unix:" + path);
  auto result = client.Run({"doctor"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  socket   there is no such file"),
                                HasSubstr("oneloopd --data_dir " + directory.path())));
  std::ofstream(path) << "text";
  EXPECT_THAT(client.Run({"doctor"}).out, HasSubstr("the file is no socket"));
  std::filesystem::remove(path);
  {
    // Its file stays when the process is gone.
    const Connection listener(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(listener.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  EXPECT_THAT(client.Run({"doctor"}).out, HasSubstr("nobody listens there"));
}

// The real server on a port.
class DoctorPortTest : public ::testing::Test {
 protected:
  DoctorPortTest() { std::signal(SIGPIPE, SIG_IGN); }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  void Start(const TlsFiles& tls) {
    OneLoopServer::Options options;
    options.data_dir = Path("data");
    options.listen = {ParseListenAddress("127.0.0.1:0").value()};
    options.tls = tls;
    options.num_threads = 1;
    absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    client_.variables["ONELOOP_SERVER"] = server_->addresses()[0];
    client_.now = WallNow();
  }
  void StartTls(const TestCertificate& certificate, bool with_clients) {
    WriteFile(Path("cert"), certificate.cert);
    WriteFile(Path("key"), certificate.key);
    WriteFile(Path("ca"), authority_.cert);
    Start({Path("cert"), Path("key"), with_clients ? Path("ca") : ""});
  }
  TestCertificate GoodCertificate() const { return MakeCertificate(authority_, "server", "DNS:box,IP:127.0.0.1"); }
  std::string Doctor(std::vector<std::string> flags) {
    flags.insert(flags.begin(), "doctor");
    return client_.Run(flags).out;
  }
  std::string TokenFlag() const { return "--token_file=" + LocalTokenPath(Path("data")); }

  const TempDirectory directory_;
  const TestCertificate authority_ = MakeAuthority("authority");
  ClientHarness client_;
  std::unique_ptr<OneLoopServer> server_;
};

TEST_F(DoctorPortTest, FindsAPortWhereNobodyListens) {
  Start({});
  server_.reset();
  const auto result = client_.Run({"doctor"});
  EXPECT_EQ(result.code, ExitCode::kUnreachable);
  EXPECT_THAT(result.out, AllOf(HasSubstr("FAIL  port     127.0.0.1: Connection refused"), HasSubstr("--listen")));
}

TEST_F(DoctorPortTest, FindsANameThatNobodyHas) {
  client_.variables["ONELOOP_SERVER"] = "no-such-host.invalid:7070";
  EXPECT_THAT(client_.Run({"doctor"}).out,
              AllOf(HasSubstr("FAIL  name     no-such-host.invalid"), HasSubstr("spelling")));
}

TEST_F(DoctorPortTest, FindsAMissingOrWrongToken) {
  Start({});
  EXPECT_THAT(Doctor({}), AllOf(HasSubstr("ok    port"), HasSubstr("FAIL  token    none is sent")));
  EXPECT_THAT(Doctor({TokenFlag()}), AllOf(HasSubstr("you are local, scope admin"), Not(HasSubstr("FAIL"))));
  client_.variables["ONELOOP_TOKEN"] = "olt_wrong";
  EXPECT_THAT(Doctor({}), HasSubstr("FAIL  token    from ONELOOP_TOKEN"));
}

TEST_F(DoctorPortTest, FindsThatOnlyOneSideSpeaksTls) {
  WriteFile(Path("ca"), authority_.cert);
  Start({});
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca")}), AllOf(HasSubstr("FAIL  tls"), HasSubstr("speaks no TLS")));
  server_.reset();
  StartTls(GoodCertificate(), /*with_clients=*/false);
  EXPECT_THAT(Doctor({}), AllOf(HasSubstr("FAIL  tls      the daemon speaks TLS"), HasSubstr("--tls_ca")));
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca"), TokenFlag()}), AllOf(HasSubstr("ok    tls      handshake done, TLSv1"),
                                                                   HasSubstr("you are local"), Not(HasSubstr("FAIL"))));
}

TEST_F(DoctorPortTest, FindsWhatIsWrongWithTheCertificate) {
  StartTls(GoodCertificate(), /*with_clients=*/false);
  WriteFile(Path("other"), MakeAuthority("other").cert);
  EXPECT_THAT(Doctor({"--tls_ca", Path("other")}),
              AllOf(HasSubstr("FAIL  tls"), HasSubstr("refused"), HasSubstr("authority that signed")));
  WriteFile(Path("text"), "text");
  EXPECT_THAT(Doctor({"--tls_ca", Path("text")}), HasSubstr("--tls_ca holds no certificate"));
  server_.reset();
  StartTls(MakeCertificate(authority_, "server", "DNS:box.example.org"), /*with_clients=*/false);
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca")}),
              HasSubstr("the certificate is for DNS:box.example.org, not for 127.0.0.1"));
}

TEST_F(DoctorPortTest, FindsThatTheDaemonWantsAClientCertificate) {
  StartTls(GoodCertificate(), /*with_clients=*/true);
  const TestCertificate mine = MakeCertificate(authority_, "ada", "");
  const TestCertificate stray = MakeCertificate(MakeAuthority("other"), "ada", "");
  WriteFile(Path("mine"), mine.cert);
  WriteFile(Path("mine.key"), mine.key);
  WriteFile(Path("stray"), stray.cert);
  WriteFile(Path("stray.key"), stray.key);
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca")}), AllOf(HasSubstr("FAIL  tls"), HasSubstr("--tls_cert and --tls_key")));
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca"), "--tls_cert", Path("stray"), "--tls_key", Path("stray.key")}),
              HasSubstr("FAIL  tls"));
  const TestCertificate old = MakeCertificate(authority_, "ada", "", /*days=*/-2);
  WriteFile(Path("old"), old.cert);
  WriteFile(Path("old.key"), old.key);
  const std::string date = absl::FormatTime("%Y-%m-%d", client_.now - absl::Hours(48), absl::UTCTimeZone());
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca"), "--tls_cert", Path("old"), "--tls_key", Path("old.key")}),
              AllOf(HasSubstr("FAIL  tls      your client certificate, --tls_cert, expired on " + date),
                    HasSubstr("sign a new certificate for you")));
  EXPECT_THAT(Doctor({"--tls_ca", Path("ca"), "--tls_cert", Path("mine"), "--tls_key", Path("mine.key")}),
              AllOf(HasSubstr("you are ada, scope user, projects *"), Not(HasSubstr("FAIL"))));
}

}  // namespace
}  // namespace oneloop
