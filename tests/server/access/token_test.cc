// Tokens: their making, their file, and what a running daemon makes of it.
#include "server/access/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/base/read_file.h"
#include "common/base/status.h"
#include "server/access/private_file.h"
#include "server/access/token_file.h"
#include "server/access/token_registry.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);

TokenRequest RequestFor(const std::string& user) {
  TokenRequest request;
  request.user = user;
  request.scope = Scope::kUser;
  request.projects = {"chip", "soc"};
  request.expires = kNow + absl::Hours(1);
  return request;
}

mode_t ModeOf(const std::string& path) {
  struct stat info = {};
  EXPECT_EQ(stat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777u;
}

TEST(TokenTest, TextHoldsIdAndSecretAndTheRecordNeither) {
  const NewToken token = MakeToken(RequestFor("ada"), kNow).value();
  std::string id;
  std::string secret;
  ASSERT_TRUE(SplitToken(token.text, &id, &secret));
  EXPECT_EQ(id, token.record.id);
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_TRUE(SecretMatches(token.record, secret));
  EXPECT_THAT(FormatTokens({token.record}), Not(HasSubstr(secret)));
  const NewToken other = MakeToken(RequestFor("ada"), kNow).value();
  EXPECT_NE(other.record.id, token.record.id);
  EXPECT_FALSE(SecretMatches(other.record, secret));
}

TEST(TokenTest, OnlyWholeTokensAreSplit) {
  const std::string text = MakeToken(RequestFor("ada"), kNow)->text;
  std::string id;
  std::string secret;
  std::string upper = text;
  upper.back() = 'F';
  for (const std::string& wrong :
       {std::string(), std::string("olt_"), text.substr(0, text.size() - 1), text + "0", "x" + text, upper}) {
    EXPECT_FALSE(SplitToken(wrong, &id, &secret)) << wrong;
  }
}

TEST(TokenTest, RequestsThatMakeNoSenseAreRefused) {
  TokenRequest request = RequestFor("a b");
  EXPECT_THAT(Message(MakeToken(request, kNow).status()), HasSubstr("user"));
  request = RequestFor("ada");
  request.projects = {};
  EXPECT_THAT(Message(MakeToken(request, kNow).status()), HasSubstr("project"));
  request.projects = {"Not a name"};
  EXPECT_THAT(Message(MakeToken(request, kNow).status()), HasSubstr("project"));
  request.projects = {"-"};
  EXPECT_FALSE(MakeToken(request, kNow).ok());
  request = RequestFor("ada");
  request.expires = kNow;
  EXPECT_THAT(Message(MakeToken(request, kNow).status()), HasSubstr("expires"));
}

TEST(TokenTest, FileIsReadAsItWasWritten) {
  TokenRequest all = RequestFor("Grace.Hopper@navy");
  all.projects = {kAllProjects};
  all.expires = absl::InfiniteFuture();
  const std::vector<TokenRecord> tokens = {MakeToken(RequestFor("ada"), kNow)->record, MakeToken(all, kNow)->record};
  const std::vector<TokenRecord> read = ParseTokens(FormatTokens(tokens)).value();
  ASSERT_EQ(read.size(), 2u);
  for (std::size_t i = 0; i < read.size(); ++i) {
    EXPECT_EQ(read[i].id, tokens[i].id);
    EXPECT_EQ(read[i].secret_hash, tokens[i].secret_hash);
    EXPECT_EQ(read[i].user, tokens[i].user);
    EXPECT_EQ(read[i].scope, tokens[i].scope);
    EXPECT_EQ(read[i].projects, tokens[i].projects);
    EXPECT_EQ(read[i].created, tokens[i].created);
    EXPECT_EQ(read[i].expires, tokens[i].expires);
  }
}

TEST(TokenTest, DamagedFilesAreRefusedWithTheLine) {
  const std::string good = FormatTokens({MakeToken(RequestFor("ada"), kNow)->record});
  EXPECT_TRUE(ParseTokens(good).ok());
  EXPECT_TRUE(ParseTokens(good.substr(0, good.find('\n') + 1))->empty());
  EXPECT_EQ(ParseTokens("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ParseTokens("other\n").status().code(), absl::StatusCode::kDataLoss);
  // Whatever is cut off at the end is missed.
  for (std::size_t size = good.find('\n') + 2; size < good.size() - 12; ++size) {
    EXPECT_THAT(Message(ParseTokens(good.substr(0, size)).status()), HasSubstr("line 2")) << size;
  }
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\tuser\t", "\troot\t"}, {"\tada\t", "\ta b\t"}, {"chip,soc", ""}, {"chip,soc", "chip,,soc"}}) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_FALSE(ParseTokens(bad).ok()) << bad;
  }
}

TEST(TokenFileTest, FilesAreForTheirOwnerOnlyWhateverTheUmask) {
  const TempDirectory directory;
  const mode_t before = umask(0);
  ASSERT_TRUE(CreateToken(directory.path(), RequestFor("ada"), kNow).ok());
  ASSERT_EQ(EnsureLocalToken(directory.path(), kNow), absl::OkStatus());
  umask(before);
  EXPECT_EQ(ModeOf(TokenFilePath(directory.path())), 0600u);
  EXPECT_EQ(ModeOf(LocalTokenPath(directory.path())), 0600u);
}

TEST(TokenFileTest, WiderPermissionsAreRefusedWithTheFix) {
  const TempDirectory directory;
  ASSERT_TRUE(CreateToken(directory.path(), RequestFor("ada"), kNow).ok());
  for (const mode_t mode : {0640u, 0604u, 0620u}) {
    ASSERT_EQ(chmod(TokenFilePath(directory.path()).c_str(), mode), 0);
    const absl::Status status = ListTokens(directory.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(Message(status), HasSubstr("chmod 600 " + TokenFilePath(directory.path())));
    EXPECT_FALSE(CreateToken(directory.path(), RequestFor("eve"), kNow).ok());
    EXPECT_FALSE(RevokeToken(directory.path(), "0").ok());
  }
}

TEST(TokenFileTest, TokensThatAreMadeAtOnceAreAllKept) {
  const TempDirectory directory;
  constexpr int kThreads = 4;
  constexpr int kEach = 5;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kEach; ++j) EXPECT_TRUE(CreateToken(directory.path(), RequestFor("ada"), kNow).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ListTokens(directory.path())->size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST(TokenFileTest, LocalTokenIsMadeOnceAndAgainWhenItWasRevoked) {
  const TempDirectory directory;
  ASSERT_EQ(EnsureLocalToken(directory.path(), kNow), absl::OkStatus());
  const std::string first = ReadFile(LocalTokenPath(directory.path())).value();
  ASSERT_EQ(EnsureLocalToken(directory.path(), kNow), absl::OkStatus());
  EXPECT_EQ(ReadFile(LocalTokenPath(directory.path())).value(), first);
  ASSERT_TRUE(RevokeToken(directory.path(), ListTokens(directory.path())->front().id).ok());
  ASSERT_EQ(EnsureLocalToken(directory.path(), kNow), absl::OkStatus());
  const std::string second = ReadFile(LocalTokenPath(directory.path())).value();
  EXPECT_NE(second, first);
  TokenRegistry registry(directory.path());
  const Caller caller = registry.Authenticate(second.substr(0, second.size() - 1), kNow).value();
  EXPECT_EQ(caller.user, "local");
  EXPECT_EQ(caller.scope, Scope::kAdmin);
  EXPECT_TRUE(caller.MayUseAllProjects());
}

class TokenRegistryTest : public testing::Test {
 protected:
  std::string Problem(const std::string& text, absl::Time now = kNow) {
    const absl::Status status = registry_.Authenticate(text, now).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << status;
    return Message(status);
  }
  const TempDirectory directory_;
  // Something else in the place of the file, that cannot be read and is neither open to others nor no file at all.
  void BreakReading() {
    std::filesystem::rename(TokenFilePath(directory_.path()), directory_.path() + "/aside");
    std::filesystem::create_symlink(TokenFilePath(directory_.path()), TokenFilePath(directory_.path()));
  }
  void MendReading() { std::filesystem::rename(directory_.path() + "/aside", TokenFilePath(directory_.path())); }

  SteadyTime steady_;
  TokenRegistry registry_{directory_.path(), [&now = steady_] { return now; }};
};

TEST_F(TokenRegistryTest, TokenSaysWhoTheCallerIs) {
  const NewToken token = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  const Caller caller = registry_.Authenticate(token.text, kNow).value();
  EXPECT_EQ(caller.user, "ada");
  EXPECT_EQ(caller.scope, Scope::kUser);
  EXPECT_THAT(caller.projects, ElementsAre("chip", "soc"));
  EXPECT_EQ(caller.token_id, token.record.id);
}

TEST_F(TokenRegistryTest, WrongTokensAreRefused) {
  const std::string text = CreateToken(directory_.path(), RequestFor("ada"), kNow)->text;
  EXPECT_THAT(Problem("secret"), HasSubstr("olt_"));
  std::string other_secret = text;
  other_secret.back() = other_secret.back() == '0' ? '1' : '0';
  EXPECT_THAT(Problem(other_secret), AllOf(HasSubstr("unknown"), Not(HasSubstr(other_secret))));
  std::string other_id = text;
  other_id[4] = other_id[4] == '0' ? '1' : '0';
  EXPECT_THAT(Problem(other_id), HasSubstr("unknown"));
  EXPECT_THAT(Problem(text, kNow + absl::Hours(1)), HasSubstr("expired on 2027-01-15"));
}

TEST_F(TokenRegistryTest, ChangesOfTheFileAreSeenAtOnce) {
  const NewToken ada = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  const NewToken eve = CreateToken(directory_.path(), RequestFor("eve"), kNow).value();
  EXPECT_EQ(registry_.Authenticate(eve.text, kNow)->user, "eve");
  EXPECT_EQ(registry_.CheckStillValid(ada.record.id, kNow), absl::OkStatus());
  ASSERT_TRUE(RevokeToken(directory_.path(), ada.record.id).ok());
  EXPECT_THAT(Problem(ada.text), HasSubstr("revoked"));
  EXPECT_EQ(registry_.CheckStillValid(ada.record.id, kNow).code(), absl::StatusCode::kUnauthenticated);
  EXPECT_TRUE(registry_.Authenticate(eve.text, kNow).ok());
  EXPECT_EQ(registry_.CheckStillValid(eve.record.id, kNow + absl::Hours(2)).code(), absl::StatusCode::kUnauthenticated);
}

// Leaves this process no descriptor to open a file with.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &before_), 0);
    rlimit limit = before_;
    limit.rlim_cur = 0;
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(TokenRegistryTest, FailedReadKeepsWhatWasKnownAndIsTriedAgain) {
  const NewToken ada = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  ASSERT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  const NewToken bob = CreateToken(directory_.path(), RequestFor("bob"), kNow).value();
  {
    const NoDescriptors none;
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
      EXPECT_EQ(registry_.CheckStillValid(ada.record.id, kNow), absl::OkStatus());
    }
    EXPECT_EQ(registry_.failed_reads(), 1) << "one try a second";
    steady_ += absl::Seconds(1);
    EXPECT_THAT(Problem(bob.text), HasSubstr("unknown"));
    EXPECT_EQ(registry_.failed_reads(), 2);
  }
  // The file has not changed since the read that failed.
  steady_ += absl::Seconds(1);
  EXPECT_EQ(registry_.Authenticate(bob.text, kNow)->user, "bob");
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
}

TEST_F(TokenRegistryTest, TokenThatWasRevokedMeanwhileEndsOnceTheFileIsRead) {
  const NewToken ada = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  ASSERT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  ASSERT_TRUE(RevokeToken(directory_.path(), ada.record.id).ok());
  BreakReading();
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  MendReading();
  EXPECT_THAT(Problem(ada.text), HasSubstr("revoked"));
}

TEST_F(TokenRegistryTest, FileThatIsNoneOfTokensKeepsWhatWasKnown) {
  const NewToken ada = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  ASSERT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  const std::string content = ReadFile(TokenFilePath(directory_.path())).value();
  ASSERT_EQ(ReplacePrivateFile(TokenFilePath(directory_.path()), content.substr(0, content.size() / 2)),
            absl::OkStatus());
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  EXPECT_EQ(registry_.failed_reads(), 1);
  ASSERT_EQ(ReplacePrivateFile(TokenFilePath(directory_.path()), content), absl::OkStatus());
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
  EXPECT_EQ(registry_.failed_reads(), 1);
}

TEST_F(TokenRegistryTest, NoTokenIsValidBeforeTheFirstReadHasSucceeded) {
  const NewToken ada = CreateToken(directory_.path(), RequestFor("ada"), kNow).value();
  {
    const NoDescriptors none;
    EXPECT_THAT(Problem(ada.text), HasSubstr("cannot read its tokens"));
  }
  steady_ += absl::Seconds(1);
  EXPECT_TRUE(registry_.Authenticate(ada.text, kNow).ok());
}

TEST_F(TokenRegistryTest, NoTokenIsValidWhileTheFileIsNotPrivate) {
  const std::string text = CreateToken(directory_.path(), RequestFor("ada"), kNow)->text;
  ASSERT_TRUE(registry_.Authenticate(text, kNow).ok());
  ASSERT_EQ(chmod(TokenFilePath(directory_.path()).c_str(), 0644), 0);
  EXPECT_THAT(Problem(text), HasSubstr("cannot read its tokens"));
  ASSERT_EQ(chmod(TokenFilePath(directory_.path()).c_str(), 0600), 0);
  EXPECT_TRUE(registry_.Authenticate(text, kNow).ok());
}

}  // namespace
}  // namespace oneloop
