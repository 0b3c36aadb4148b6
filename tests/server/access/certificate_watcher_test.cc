#include "server/access/certificate_watcher.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "tests/server/access/test_certificates.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

class CertificateWatcherTest : public testing::Test {
 protected:
  CertificateWatcherTest() {
    Write(first_);
    WriteFile(Path("ca"), authority_.cert);
    CertificateWatcher::Options options;
    options.files = {Path("cert"), Path("key"), Path("ca")};
    watcher_ = CertificateWatcher::Create(options).value();
  }

  std::string Path(const std::string& name) const { return directory_.path() + "/" + name; }
  void Write(const TestCertificate& certificate) const {
    WriteFile(Path("cert"), certificate.cert);
    WriteFile(Path("key"), certificate.key);
  }
  // What is served once the files have been looked at.
  std::string ServedKey() {
    watcher_->Look();
    return watcher_->Current()->key;
  }

  const TempDirectory directory_;
  const TestCertificate authority_ = MakeAuthority("authority");
  const TestCertificate first_ = MakeCertificate(authority_, "first", "");
  const TestCertificate second_ = MakeCertificate(authority_, "second", "");
  std::unique_ptr<CertificateWatcher> watcher_;
};

TEST_F(CertificateWatcherTest, ChangedPairIsTakenAsAWhole) {
  EXPECT_EQ(ServedKey(), first_.key);
  Write(second_);
  EXPECT_EQ(ServedKey(), second_.key);
  EXPECT_EQ(watcher_->Current()->cert, second_.cert);
  EXPECT_EQ(watcher_->Current()->client_ca, authority_.cert);
}

TEST_F(CertificateWatcherTest, KeyOfAnotherCertificateIsRefusedUntilItFits) {
  WriteFile(Path("key"), second_.key);
  EXPECT_EQ(ServedKey(), first_.key);
  EXPECT_EQ(watcher_->refused(), 1);
  EXPECT_EQ(ServedKey(), first_.key);
  EXPECT_EQ(watcher_->refused(), 1) << "counted and logged once";
  WriteFile(Path("cert"), second_.cert);
  EXPECT_EQ(ServedKey(), second_.key);
}

TEST_F(CertificateWatcherTest, HalfWrittenFilesAreRefused) {
  const std::string chain = first_.cert + authority_.cert;
  for (const std::string& text : {std::string(), first_.cert.substr(0, first_.cert.size() / 2),
                                  chain.substr(0, first_.cert.size() + authority_.cert.size() / 2)}) {
    WriteFile(Path("cert"), text);
    EXPECT_EQ(ServedKey(), first_.key);
    EXPECT_EQ(watcher_->Current()->cert, first_.cert);
  }
  EXPECT_EQ(watcher_->refused(), 3);
  WriteFile(Path("cert"), chain);
  ServedKey();
  EXPECT_EQ(watcher_->Current()->cert, chain);
}

TEST_F(CertificateWatcherTest, AuthorityThatIsNoneAndFilesThatAreGoneAreRefused) {
  WriteFile(Path("ca"), "not an authority");
  EXPECT_EQ(ServedKey(), first_.key);
  EXPECT_EQ(watcher_->Current()->client_ca, authority_.cert);
  WriteFile(Path("ca"), authority_.cert);
  std::filesystem::remove(Path("key"));
  EXPECT_EQ(ServedKey(), first_.key);
  EXPECT_EQ(watcher_->refused(), 2);
}

TEST_F(CertificateWatcherTest, FilesThatDoNotFitAtTheStartAreAnError) {
  WriteFile(Path("key"), second_.key);
  CertificateWatcher::Options options;
  options.files = watcher_->files();
  EXPECT_EQ(CertificateWatcher::Create(options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace oneloop
