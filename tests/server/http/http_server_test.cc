#include "server/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "tests/server/http/raw_http.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

using Exchange = std::shared_ptr<HttpExchange>;

HttpReply Text(std::string text) {
  HttpReply reply;
  reply.content_type = "text/plain";
  reply.body = std::move(text);
  return reply;
}

class HttpServerTest : public testing::Test {
 protected:
  void Serve(HttpServer::Handler handler, HttpServer::Options options = {}) {
    options.listen = ListenAddress{"", "127.0.0.1", 0};
    options.flag = "--http";
    server_ = HttpServer::Start(options, std::move(handler)).value();
    const std::string address = server_->address();
    port_ = std::stoi(address.substr(address.rfind(':') + 1));
  }
  // Replies with the target; with the body where there is one.
  void Echo() {
    Serve([](const Exchange& exchange) {
      if (exchange->head().content_length == 0) return exchange->Reply(Text(exchange->head().target));
      exchange->ReadBody([exchange](const std::string& body) { exchange->Reply(Text("body " + body)); });
    });
  }

  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
};

TEST_F(HttpServerTest, ConnectionServesOneRequestAfterTheOther) {
  Echo();
  RawHttp client(port_);
  for (const std::string target : {"/a", "/b", "/c"}) {
    client.Send("GET " + target + " HTTP/1.1\r\n\r\n");
    EXPECT_EQ(BodyOf(client.ReadReply()), target);
  }
  client.Send("POST /d HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(BodyOf(client.ReadReply()), "body hello");
  client.Send("GET /e HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadReply()), "/e");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServerTest, RequestsThatComeTogetherAreAnsweredInOrder) {
  Echo();
  RawHttp client(port_);
  client.Send("GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nxyGET /c HTTP/1.1\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadReply()), "/a");
  EXPECT_EQ(BodyOf(client.ReadReply()), "body xy");
  EXPECT_EQ(BodyOf(client.ReadReply()), "/c");
}

TEST_F(HttpServerTest, PartsMayComeOneByOne) {
  Echo();
  RawHttp client(port_);
  for (const char c : std::string("POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc")) client.Send(std::string(1, c));
  EXPECT_EQ(BodyOf(client.ReadReply()), "body abc");
}

TEST_F(HttpServerTest, ClientIsToldToGoOnWithItsBody) {
  Echo();
  RawHttp client(port_);
  client.Send("POST /x HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.ReadReply(), HasSubstr("100 Continue"));
  client.Send("abc");
  EXPECT_EQ(BodyOf(client.ReadReply()), "body abc");
}

TEST_F(HttpServerTest, BodyThatNobodyReadIsNoRequest) {
  std::vector<std::string> seen;
  Serve([&seen](const Exchange& exchange) {
    seen.push_back(exchange->head().target);
    exchange->Reply(Text("no"));
  });
  RawHttp client(port_);
  client.Send("POST /x HTTP/1.1\r\nContent-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadReply()), "no");
  EXPECT_TRUE(client.IsClosed());
  server_.reset();
  EXPECT_THAT(seen, testing::ElementsAre("/x"));
}

TEST_F(HttpServerTest, ChunkedBodyEndsTheConnection) {
  Echo();
  RawHttp client(port_);
  client.Send("POST /x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  EXPECT_EQ(StatusOf(client.ReadReply()), 200);
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServerTest, HeadGetsNoContent) {
  Echo();
  RawHttp client(port_);
  client.Send("HEAD /abc HTTP/1.1\r\nConnection: close\r\n\r\n");
  const std::string reply = client.ReadAll();
  EXPECT_THAT(reply, HasSubstr("Content-Length: 4\r\n"));
  EXPECT_EQ(BodyOf(reply), "");
}

TEST_F(HttpServerTest, HeadsThatAreWrongOrTooLongAreRefusedInJson) {
  Echo();
  RawHttp wrong(port_);
  wrong.Send("nonsense\r\n\r\n");
  const std::string reply = wrong.ReadAll();
  EXPECT_EQ(StatusOf(reply), 400);
  EXPECT_THAT(BodyOf(reply), HasSubstr("\"status\":\"INVALID_ARGUMENT\""));
  // Behind a first request, since the gate refuses those who begin so.
  RawHttp longest(port_);
  longest.Send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(StatusOf(longest.ReadReply()), 200);
  longest.Send("GET /" + std::string(20000, 'x') + " HTTP/1.1\r\n\r\n");
  EXPECT_EQ(StatusOf(longest.ReadReply()), 431);
}

TEST_F(HttpServerTest, ReplyMayComeLaterAndFromAnotherThread) {
  std::promise<Exchange> came;
  Serve([&came](const Exchange& exchange) { came.set_value(exchange); });
  RawHttp client(port_);
  client.Send("GET /slow HTTP/1.1\r\n\r\n");
  const Exchange exchange = came.get_future().get();
  EXPECT_FALSE(exchange->client_left());
  exchange->Reply(Text("late"));
  exchange->Reply(Text("twice"));
  EXPECT_EQ(BodyOf(client.ReadReply()), "late");
}

TEST_F(HttpServerTest, HandlerLearnsThatItsClientHasLeft) {
  std::promise<Exchange> came;
  std::promise<void> done;
  Serve([&came](const Exchange& exchange) { came.set_value(exchange); });
  RawHttp client(port_);
  client.Send("GET /slow HTTP/1.1\r\n\r\n");
  const Exchange exchange = came.get_future().get();
  client.Close();
  while (!exchange->client_left()) std::this_thread::yield();
  HttpReply reply = Text("nobody");
  reply.on_done = [&done] { done.set_value(); };
  exchange->Reply(std::move(reply));
  done.get_future().get();
}

TEST_F(HttpServerTest, OneWhoDoesNotReadHoldsUpNobody) {
  Serve([](const Exchange& exchange) {
    exchange->Reply(Text(std::string(exchange->head().target == "/large" ? 8 << 20 : 1, 'x')));
  });
  std::vector<RawHttp> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.emplace_back(port_, 4096);
    stuck.back().Send("GET /large HTTP/1.1\r\n\r\n");
  }
  RawHttp client(port_);
  client.Send("GET /small HTTP/1.1\r\n\r\n");
  EXPECT_EQ(BodyOf(client.ReadReply()), "x");
}

TEST_F(HttpServerTest, WhoIsSlowIsClosed) {
  HttpServer::Options options;
  options.head_timeout = options.body_timeout = options.reply_timeout = options.keep_alive_timeout =
      std::chrono::milliseconds(50);
  std::promise<void> done;
  Serve(
      [&done](const Exchange& exchange) {
        if (exchange->head().target == "/body") return exchange->ReadBody([](const std::string&) {});
        HttpReply reply = Text(std::string(exchange->head().target == "/large" ? 8 << 20 : 1, 'x'));
        if (exchange->head().target == "/large") reply.on_done = [&done] { done.set_value(); };
        exchange->Reply(std::move(reply));
      },
      options);
  RawHttp idle(port_);
  idle.Send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(StatusOf(idle.ReadReply()), 200);
  EXPECT_TRUE(idle.IsClosed());
  RawHttp half_head(port_);
  half_head.Send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_EQ(StatusOf(half_head.ReadReply()), 200);
  half_head.Send("GET /b HT");
  EXPECT_TRUE(half_head.IsClosed());
  RawHttp half_body(port_);
  half_body.Send("POST /body HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(half_body.IsClosed());
  RawHttp unread(port_, 4096);
  unread.Send("GET /large HTTP/1.1\r\n\r\n");
  done.get_future().get();
}

TEST_F(HttpServerTest, GivenUpExchangeEndsItsConnection) {
  Serve([](const Exchange& exchange) { exchange->GiveUp(); });
  RawHttp client(port_);
  client.Send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.IsClosed());
}

TEST_F(HttpServerTest, EndOfTheServerClosesWhatIsOpenAndTellsWhoReplies) {
  std::promise<Exchange> came;
  Serve([&came](const Exchange& exchange) { came.set_value(exchange); });
  RawHttp client(port_);
  client.Send("GET /a HTTP/1.1\r\n\r\n");
  const Exchange exchange = came.get_future().get();
  server_.reset();
  EXPECT_TRUE(client.IsClosed());
  EXPECT_TRUE(exchange->client_left());
  bool done = false;
  HttpReply reply = Text("late");
  reply.on_done = [&done] { done = true; };
  exchange->Reply(std::move(reply));
  EXPECT_TRUE(done);
}

TEST(HttpServerAddressTest, OnlyThisMachineIsServed) {
  EXPECT_TRUE(HttpServer::CheckAddress("--http", ListenAddress{"", "127.0.0.1", 80}).ok());
  EXPECT_TRUE(HttpServer::CheckAddress("--http", ListenAddress{"", "[::1]", 80}).ok());
  EXPECT_TRUE(HttpServer::CheckAddress("--http", ListenAddress{"/x/y", "", 0}).ok());
  const absl::Status wide = HttpServer::CheckAddress("--http", ListenAddress{"", "0.0.0.0", 80});
  EXPECT_EQ(wide.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(Message(wide), HasSubstr("proxy"));
}

}  // namespace
}  // namespace oneloop
