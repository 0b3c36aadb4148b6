#include "server/net/opening.h"

#include <gtest/gtest.h>

#include <string>

namespace oneloop {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

TEST(OpeningTest, EveryPartOfThePrefaceIsIncompleteAndTheWholeIsComplete) {
  for (std::size_t size = 0; size < kPreface.size(); ++size) {
    EXPECT_EQ(CheckOpening(Opening::kHttp2, kPreface.substr(0, size)), OpeningVerdict::kIncomplete) << size;
  }
  EXPECT_EQ(CheckOpening(Opening::kHttp2, kPreface), OpeningVerdict::kComplete);
  EXPECT_EQ(CheckOpening(Opening::kHttp2, std::string(kPreface) + "more"), OpeningVerdict::kComplete);
}

TEST(OpeningTest, OneWrongByteOfThePrefaceIsEnough) {
  for (std::size_t i = 0; i < kPreface.size(); ++i) {
    std::string said(kPreface.substr(0, i + 1));
    said.back() = '#';
    EXPECT_EQ(CheckOpening(Opening::kHttp2, said), OpeningVerdict::kWrong) << i;
  }
  EXPECT_EQ(CheckOpening(Opening::kHttp2, "GET / HTTP/1.1\r\n\r\n"), OpeningVerdict::kWrong);
}

TEST(OpeningTest, TlsBeginsWithAHandshakeRecord) {
  EXPECT_EQ(CheckOpening(Opening::kTls, ""), OpeningVerdict::kIncomplete);
  EXPECT_EQ(CheckOpening(Opening::kTls, "\x16"), OpeningVerdict::kComplete);
  EXPECT_EQ(CheckOpening(Opening::kTls, kPreface), OpeningVerdict::kWrong);
}

TEST(OpeningTest, RequestIsCompleteWithItsHeaderWhichHasABound) {
  EXPECT_EQ(CheckOpening(Opening::kHttpRequest, "GET /metrics HTTP/1.1\r\nHost: x\r\n"), OpeningVerdict::kIncomplete);
  EXPECT_EQ(CheckOpening(Opening::kHttpRequest, "GET /metrics HTTP/1.1\r\n\r\n"), OpeningVerdict::kComplete);
  EXPECT_EQ(CheckOpening(Opening::kHttpRequest, std::string(kLongestOpening - 1, 'x')), OpeningVerdict::kIncomplete);
  EXPECT_EQ(CheckOpening(Opening::kHttpRequest, std::string(kLongestOpening, 'x')), OpeningVerdict::kWrong);
}

}  // namespace
}  // namespace oneloop
