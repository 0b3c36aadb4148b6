#include "tests/testing/raw_http2.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace oneloop {
namespace {

constexpr int kData = 0;
constexpr int kHeaders = 1;
constexpr int kResetStream = 3;
constexpr int kSettings = 4;
constexpr int kPing = 6;
constexpr int kAck = 1;
constexpr int kEndStream = 1;
constexpr int kEndHeaders = 4;
constexpr std::size_t kFrameHeaderBytes = 9;

std::string BigEndian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(i < 4 ? value >> (8 * i) : 0);
  return text;
}

std::uint32_t FromBigEndian(const std::string& text) {
  std::uint32_t value = 0;
  for (const char byte : text) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

// HPACK's literal form without indexing; for texts below 127 bytes.
std::string Header(const std::string& name, const std::string& value) {
  const auto text = [](const std::string& string) { return static_cast<char>(string.size()) + string; };
  return std::string(1, '\0') + text(name) + text(value);
}

}  // namespace

RawHttp2::RawHttp2(const std::string& socket_path, std::uint32_t window) : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof(address.sun_path) - 1);
  EXPECT_EQ(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0) << socket_path;
  const std::string preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  EXPECT_EQ(write(socket_, preface.data(), preface.size()), static_cast<ssize_t>(preface.size()));
  // Setting 4 is the window of each stream.
  Send(kSettings, 0, 0, BigEndian(4, 2) + BigEndian(window, 4));
}

RawHttp2::~RawHttp2() { close(socket_); }

void RawHttp2::Send(int type, int flags, std::uint32_t stream, const std::string& payload) {
  const std::string frame = BigEndian(static_cast<std::uint32_t>(payload.size()), 3) + static_cast<char>(type) +
                            static_cast<char>(flags) + BigEndian(stream, 4) + payload;
  EXPECT_EQ(send(socket_, frame.data(), frame.size(), MSG_NOSIGNAL), static_cast<ssize_t>(frame.size()));
}

std::uint32_t RawHttp2::StartCall(const std::string& path, const std::string& user) {
  const std::uint32_t stream = std::exchange(next_stream_, next_stream_ + 2);
  Send(kHeaders, kEndHeaders, stream,
       Header(":method", "POST") + Header(":scheme", "http") + Header(":path", path) + Header(":authority", "x") +
           Header("te", "trailers") + Header("content-type", "application/grpc") + Header("oneloop-user", user));
  return stream;
}

void RawHttp2::SendMessage(std::uint32_t stream, const std::string& message) {
  std::string payload = BigEndian(static_cast<std::uint32_t>(message.size()), 5);
  payload += message;
  Send(kData, kEndStream, stream, payload);
}

void RawHttp2::Reset(std::uint32_t stream) { Send(kResetStream, 0, stream, BigEndian(8, 4)); }

bool RawHttp2::Receive(std::size_t size, std::string* bytes) {
  bytes->resize(size);
  std::size_t got = 0;
  while (got < size) {
    const ssize_t part = recv(socket_, bytes->data() + got, size - got, 0);
    if (part <= 0) return false;
    got += static_cast<std::size_t>(part);
  }
  return true;
}

RawHttp2::Frame RawHttp2::Read() {
  for (;;) {
    std::string header;
    Frame frame;
    if (!Receive(kFrameHeaderBytes, &header) || !Receive(FromBigEndian(header.substr(0, 3)), &frame.payload)) {
      frame.type = -1;
      return frame;
    }
    frame.type = static_cast<unsigned char>(header[3]);
    frame.flags = static_cast<unsigned char>(header[4]);
    frame.stream = FromBigEndian(header.substr(5));
    if (frame.type == kSettings && frame.flags != kAck) Send(kSettings, kAck, 0, "");
    if (frame.type == kPing && frame.flags != kAck) Send(kPing, kAck, 0, frame.payload);
    if (frame.stream != 0 && (frame.type == kHeaders || frame.type == kResetStream || frame.type == kData)) {
      return frame;
    }
  }
}

}  // namespace oneloop
