#include "server/http/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/base/status.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(HttpMessageTest, HeadIsTakenApart) {
  const std::string bytes =
      "POST /v1/x?a=1 HTTP/1.1\r\nHost: localhost:80\r\nX-Two: a\r\nx-two: a\r\nContent-Length: 5\r\n\r\nhello";
  const std::size_t end = FindHeadEnd(bytes);
  EXPECT_EQ(bytes.substr(end), "hello");
  const HttpHead head = ParseHttpHead(bytes.substr(0, end)).value();
  EXPECT_EQ(head.verb, "POST");
  EXPECT_EQ(head.target, "/v1/x?a=1");
  EXPECT_EQ(head.size, end);
  EXPECT_EQ(head.content_length, 5u);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.chunked);
  EXPECT_EQ(head.Find("host"), "localhost:80");
  EXPECT_EQ(head.Find("x-two"), "a");
  EXPECT_EQ(head.Find("absent"), std::nullopt);
}

TEST(HttpMessageTest, FieldThatSaysTwoThingsIsNotThere) {
  const HttpHead head = ParseHttpHead("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").value();
  EXPECT_EQ(head.Find("host"), std::nullopt);
}

TEST(HttpMessageTest, ConnectionIsKeptAsTheRequestSays) {
  EXPECT_FALSE(ParseHttpHead("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")->keep_alive);
  EXPECT_FALSE(ParseHttpHead("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  EXPECT_TRUE(ParseHttpHead("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")->chunked);
}

// Each could make a proxy and the daemon see different requests in the same bytes.
TEST(HttpMessageTest, WhatCanBeReadInTwoWaysIsRefused) {
  for (const std::string text :
       {"nonsense\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", "GET /\x01 HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"}) {
    EXPECT_EQ(ParseHttpHead(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(HttpMessageTest, LargestLengthIsRead) {
  EXPECT_EQ(ParseHttpHead("GET / HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n")->content_length, 1000000000000u);
}

TEST(HttpMessageTest, QueryHasItsEscapesResolvedAndThePathHasNot) {
  const HttpTarget target = ParseTarget("/a%2Fb?filter=x%3D1+y&empty=&flag&&n=%C3%A9").value();
  EXPECT_EQ(target.path, "/a%2Fb");
  EXPECT_THAT(target.query, testing::ElementsAre(Pair("filter", "x=1 y"), Pair("empty", ""), Pair("flag", ""),
                                                 Pair("n", "\xC3\xA9")));
  for (const char* wrong : {"", "http://x/", "*", "/?a=%", "/?a=%4", "/?a=%GG", "/?a=%00"}) {
    EXPECT_EQ(ParseTarget(wrong).status().code(), absl::StatusCode::kInvalidArgument) << wrong;
  }
}

TEST(HttpMessageTest, PlusIsASpaceInQueriesAlone) {
  EXPECT_EQ(Unescape("a+b%2b", true).value(), "a b+");
  EXPECT_EQ(Unescape("a+b%2b", false).value(), "a+b+");
}

TEST(HttpMessageTest, RepliesSayWhatBrowsersMayDo) {
  HttpReply reply;
  reply.content_type = "text/plain";
  reply.body = "12345";
  EXPECT_THAT(FormatHttpHead(reply, true), AllOf(HasSubstr("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 5\r\n"),
                                                 HasSubstr("Content-Security-Policy: default-src 'self'"),
                                                 HasSubstr("nosniff"), HasSubstr("Connection: keep-alive\r\n\r\n")));
  reply.status = 304;
  EXPECT_THAT(FormatHttpHead(reply, false),
              AllOf(HasSubstr("304 Not Modified"), Not(HasSubstr("Content-Length")), HasSubstr("Connection: close")));
}

}  // namespace
}  // namespace oneloop
