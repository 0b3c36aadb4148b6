#include "server/access/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>

#include "common/base/status.h"
#include "tests/server/access/test_certificates.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CertificateTest : public testing::Test {
 protected:
  CertificateTest() {
    Write("cert", server_.cert);
    Write("key", server_.key);
    Write("ca", authority_.cert);
  }
  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& text) const { WriteFile(Path(name), text); }
  std::string Problem() const { return Message(CheckTlsFiles({Path("cert"), Path("key"), Path("ca")})); }

  const TempDirectory directory_;
  const TestCertificate authority_ = MakeAuthority("authority");
  const TestCertificate server_ = MakeCertificate(authority_, "server", "DNS:localhost");
};

TEST_F(CertificateTest, GoodFilesAreAccepted) {
  EXPECT_EQ(Problem(), "");
  EXPECT_EQ(CheckTlsFiles({Path("cert"), Path("key"), ""}), absl::OkStatus());
}

TEST_F(CertificateTest, EveryProblemNamesTheFlagAndTheFile) {
  Write("cert", "no certificate");
  EXPECT_THAT(Problem(), AllOf(HasSubstr("--tls_cert"), HasSubstr(Path("cert")), HasSubstr("PEM")));
  Write("cert", MakeCertificate(authority_, "late", "DNS:localhost", -1).cert);
  Write("key", "no key");
  EXPECT_THAT(Problem(), AllOf(HasSubstr("--tls_key"), HasSubstr("PEM")));
  Write("cert", server_.cert);
  Write("key", authority_.key);
  EXPECT_THAT(Problem(), AllOf(HasSubstr("--tls_key"), HasSubstr("not the key of")));
  Write("key", server_.key);
  Write("ca", "");
  EXPECT_THAT(Problem(), HasSubstr("--tls_client_ca"));
  EXPECT_THAT(Message(CheckTlsFiles({Path("none"), Path("key"), ""})), HasSubstr("No such file"));
  EXPECT_THAT(Message(CheckTlsFiles({Path("cert"), Path("none"), ""})), HasSubstr("No such file"));
}

TEST_F(CertificateTest, ExpiredCertificateIsRefused) {
  const TestCertificate late = MakeCertificate(authority_, "late", "DNS:localhost", -1);
  Write("cert", late.cert);
  Write("key", late.key);
  EXPECT_THAT(Problem(), HasSubstr("has expired"));
}

TEST_F(CertificateTest, KeyThatEveryoneMayReadIsRefused) {
  ASSERT_EQ(chmod(Path("key").c_str(), 0644), 0);
  EXPECT_THAT(Problem(), HasSubstr("chmod o="));
  // A group for keys is usual.
  ASSERT_EQ(chmod(Path("key").c_str(), 0640), 0);
  EXPECT_EQ(Problem(), "");
}

TEST(MakeCertificateCommandTest, NamesTheHost) {
  EXPECT_THAT(MakeCertificateCommand("box.example.org"), HasSubstr("subjectAltName=DNS:box.example.org"));
  EXPECT_THAT(MakeCertificateCommand("10.0.0.5"), HasSubstr("subjectAltName=IP:10.0.0.5"));
  EXPECT_THAT(MakeCertificateCommand("[fe80::1]"), HasSubstr("subjectAltName=IP:fe80::1"));
}

}  // namespace
}  // namespace oneloop
