#include "client/server_options.h"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "client/exit_code.h"
#include "common/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/client_harness.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class ServerOptionsTest : public ::testing::Test {
 protected:
  ServerOptionsTest() {
    char pattern[] = "/tmp/oneloop_options_XXXXXX";
    folder_ = mkdtemp(pattern);
  }
  ~ServerOptionsTest() override { std::filesystem::remove_all(folder_); }

  std::string Write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::string path = folder_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    std::ofstream(path) << text;
    chmod(path.c_str(), mode);
    return path;
  }
  absl::StatusOr<ServiceClient::Options> Resolve(const std::vector<std::string>& args) {
    ServerOptions options;
    FlagSet flags("test");
    options.Declare(&flags);
    RETURN_IF_ERROR(flags.Parse(args));
    std::istringstream in;
    std::ostringstream out;
    NoInterrupts interrupts;
    Environment env{.in = in,
                    .out = out,
                    .err = out,
                    .interrupts = interrupts,
                    .output_error = nullptr,
                    .terminal_columns = nullptr,
                    .variable = nullptr,
                    .variables = nullptr,
                    .now = [] { return absl::FromUnixSeconds(1800000000); },
                    .steady_now = [] { return SteadyTime(); },
                    .sleep = [](absl::Duration) {},
                    .random_id = [] { return "random"; }};
    env.variable = [this](const std::string& name) -> std::optional<std::string> {
      const auto value = variables_.find(name);
      return value == variables_.end() ? std::nullopt : std::optional<std::string>(value->second);
    };
    return options.Resolve(env, &sources_);
  }
  std::string Problem(const std::vector<std::string>& args) {
    const absl::Status status = Resolve(args).status();
    EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage) << status;
    return Message(status);
  }

  class NoInterrupts : public InterruptSource {
   public:
    void Arm() override {}
    void Disarm() override {}
    bool Pending() override { return false; }
  };
  std::string folder_;
  std::map<std::string, std::string> variables_;
  ServerOptions::Sources sources_;
};

TEST_F(ServerOptionsTest, TokenComesFromTheFlagThenTheVariableThenThisMachine) {
  variables_["XDG_DATA_HOME"] = folder_;
  Write("oneloop/local.token", "olt_local\n");
  EXPECT_EQ(Resolve({"--server", "127.0.0.1:7"})->token, "olt_local");
  EXPECT_THAT(sources_.token, HasSubstr("local.token"));
  variables_["ONELOOP_TOKEN"] = "olt_variable";
  EXPECT_EQ(Resolve({"--server", "127.0.0.1:7"})->token, "olt_variable");
  EXPECT_EQ(sources_.token, "ONELOOP_TOKEN");
  const std::string file = Write("token", " olt_flag\n");
  EXPECT_EQ(Resolve({"--server", "127.0.0.1:7", "--token_file", file})->token, "olt_flag");
  EXPECT_EQ(sources_.token, "--token_file");
}

TEST_F(ServerOptionsTest, TokenOfThisMachineStaysOnIt) {
  variables_["XDG_DATA_HOME"] = folder_;
  Write("oneloop/local.token", "olt_local\n");
  const std::string ca = Write("ca", "certificates");
  for (const char* address : {"localhost:7", "[::1]:7"}) EXPECT_EQ(Resolve({"--server", address})->token, "olt_local");
  for (const char* address : {"box:7", "127.0.0.1.example.org:7", "10.0.0.1:7"}) {
    EXPECT_EQ(Resolve({"--server", address, "--tls_ca", ca})->token, "") << address;
  }
}

TEST_F(ServerOptionsTest, TokenGoesToOtherMachinesOnlyWithTls) {
  variables_["ONELOOP_TOKEN"] = "olt_variable";
  EXPECT_THAT(Problem({"--server", "box:7"}), AllOf(HasSubstr("--tls_ca"), HasSubstr("ssh")));
  EXPECT_EQ(Resolve({"--server", "box:7", "--tls_ca", Write("ca", "certificates")})->token, "olt_variable");
}

TEST_F(ServerOptionsTest, SocketNeedsNeitherTokenNorTlsAndTellsTheUser) {
  variables_ = {{"ONELOOP_TOKEN", "olt_variable"}, {"ONELOOP_TLS_CA", "/none"}, {"USER", "ada"}};
  const ServiceClient::Options options = Resolve({"--server", "unix:/s"}).value();
  EXPECT_EQ(options.token, "");
  EXPECT_EQ(options.tls_ca, "");
  EXPECT_EQ(options.user, "ada");
  variables_["USER"] = "not a user";
  EXPECT_EQ(Resolve({"--server", "unix:/s"})->user, "");
  EXPECT_EQ(Resolve({"--server", "127.0.0.1:7"}).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerOptionsTest, CertificatesComeFromFlagsOrVariables) {
  variables_ = {{"ONELOOP_TLS_CA", Write("ca", "authorities")},
                {"ONELOOP_TLS_CERT", Write("cert", "mine")},
                {"ONELOOP_TLS_KEY", Write("key", "secret")}};
  ServiceClient::Options options = Resolve({"--server", "box:7"}).value();
  EXPECT_EQ(options.tls_ca, "authorities");
  EXPECT_EQ(options.tls_cert, "mine");
  EXPECT_EQ(options.tls_key, "secret");
  options = Resolve({"--server", "box:7", "--tls_ca", Write("other", "others")}).value();
  EXPECT_EQ(options.tls_ca, "others");
}

TEST_F(ServerOptionsTest, TraceIdComesFromFlagOrVariableOrIsRandom) {
  EXPECT_EQ(Resolve({"--server", "unix:/s"})->trace_id, "random");
  variables_["ONELOOP_TRACE_ID"] = "of-the-build";
  EXPECT_EQ(Resolve({"--server", "unix:/s"})->trace_id, "of-the-build");
  EXPECT_EQ(Resolve({"--server", "unix:/s", "--trace_id", std::string(64, 'x')})->trace_id, std::string(64, 'x'));
  EXPECT_THAT(Problem({"--server", "unix:/s", "--trace_id", std::string(65, 'x')}), HasSubstr("--trace_id"));
  for (const char* id : {"two words", "line\nbreak", "Gr\xc3\xb6\xc3\x9f\x65"}) {
    variables_["ONELOOP_TRACE_ID"] = id;
    EXPECT_THAT(Problem({"--server", "unix:/s"}), HasSubstr("ONELOOP_TRACE_ID: has another form"));
  }
}

TEST_F(ServerOptionsTest, WrongFlagsAreRefusedWithTheirName) {
  const std::string file = Write("file", "text");
  EXPECT_THAT(Problem({"--server", "box:7", "--tls_ca", "/none"}),
              HasSubstr("--tls_ca: /none: cannot be read: No such file"));
  EXPECT_THAT(Problem({"--server", "box:7", "--tls_ca", Write("empty", "")}), HasSubstr("--tls_ca"));
  EXPECT_THAT(Problem({"--server", "box:7", "--tls_cert", file}), HasSubstr("--tls_cert and --tls_key"));
  EXPECT_THAT(Problem({"--server", "box:7", "--tls_key", file}), HasSubstr("--tls_cert and --tls_key"));
  EXPECT_THAT(Problem({"--server", "box:7", "--tls_cert", file, "--tls_key", file}), HasSubstr("needs --tls_ca"));
  EXPECT_THAT(Problem({"--server", "127.0.0.1:7", "--token_file", "/none"}), HasSubstr("--token_file: /none"));
  EXPECT_THAT(Problem({"--server", "127.0.0.1:7", "--token_file", Write("open", "olt_x", 0644)}),
              HasSubstr("chmod 600"));
  EXPECT_THAT(Problem({"--server", "127.0.0.1:7", "--token_file", Write("two", "two words")}),
              HasSubstr("--token_file: is no token"));
  EXPECT_THAT(Problem({"--server", "nowhere"}), HasSubstr("--server"));
}

}  // namespace
}  // namespace oneloop
