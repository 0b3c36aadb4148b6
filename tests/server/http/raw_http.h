#ifndef ONELOOP_TESTS_SERVER_HTTP_RAW_HTTP_H_
#define ONELOOP_TESTS_SERVER_HTTP_RAW_HTTP_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace oneloop {

// A connection to a server on 127.0.0.1 that sends whatever bytes it is told to.
class RawHttp {
 public:
  // `receive_buffer`: bytes that the kernel keeps for it; 0: as usual.
  explicit RawHttp(int port, int receive_buffer = 0);
  ~RawHttp();
  RawHttp(RawHttp&& other) noexcept;
  RawHttp& operator=(RawHttp&&) = delete;

  void Send(std::string_view bytes) const;
  // Until the server ends the connection.
  std::string ReadAll() const;
  // One reply, by its Content-Length; what came of it when the server ends the connection.
  std::string ReadReply();
  // Whether the server ends the connection, without a byte more.
  bool IsClosed() const;
  void Close();

 private:
  int socket_;
  std::string rest_;
};

// The status of a reply: 200; 0 for what is none.
int StatusOf(std::string_view reply);
// What follows its head.
std::string BodyOf(std::string_view reply);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_SERVER_HTTP_RAW_HTTP_H_
