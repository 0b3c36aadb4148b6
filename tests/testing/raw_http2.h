#ifndef ONELOOP_TESTS_TESTING_RAW_HTTP2_H_
#define ONELOOP_TESTS_TESTING_RAW_HTTP2_H_

#include <cstdint>
#include <string>
#include <vector>

namespace oneloop {

// A client of HTTP/2 that does only what it is told, for what no gRPC client does: it grants no window, sends no
// message, reads nothing. Blocks; not thread-safe.
class RawHttp2 {
 public:
  struct Frame {
    int type = 0;
    int flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
  };
  // Connects to a Unix socket and sends preface and settings. `window`: what the server may send on each stream.
  RawHttp2(const std::string& socket_path, std::uint32_t window);
  ~RawHttp2();
  RawHttp2(const RawHttp2&) = delete;
  RawHttp2& operator=(const RawHttp2&) = delete;

  // Opens a stream with a gRPC call's headers, "oneloop-user" among them; returns its number.
  std::uint32_t StartCall(const std::string& path, const std::string& user);
  // Sends a whole gRPC message and ends the stream's own half.
  void SendMessage(std::uint32_t stream, const std::string& message);
  void Reset(std::uint32_t stream);
  // The next frame for a stream; answers settings and pings on the way. Type -1 once the server has closed.
  Frame Read();

 private:
  void Send(int type, int flags, std::uint32_t stream, const std::string& payload);
  bool Receive(std::size_t size, std::string* bytes);

  int socket_ = -1;
  std::uint32_t next_stream_ = 1;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_RAW_HTTP2_H_
