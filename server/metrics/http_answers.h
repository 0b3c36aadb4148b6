#ifndef ONELOOP_SERVER_METRICS_HTTP_ANSWERS_H_
#define ONELOOP_SERVER_METRICS_HTTP_ANSWERS_H_

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace oneloop {

// Reads a request of HTTP/1 and makes the reply: GET /metrics, 404 for the rest, 400 for what is no request. By
// cpp-httplib, without its threads and sockets. Not thread-safe.
class HttpAnswers {
 public:
  // `render` makes what GET /metrics gets. If it throws, the reply is 500.
  explicit HttpAnswers(std::function<std::string()> render);
  ~HttpAnswers();
  HttpAnswers(const HttpAnswers&) = delete;
  HttpAnswers& operator=(const HttpAnswers&) = delete;

  // `request` with its whole header; a body is not looked at. The reply says that the connection ends with it. "" for
  // what deserves no reply.
  std::string Answer(std::string_view request);

 private:
  class Library;
  const std::unique_ptr<Library> library_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_METRICS_HTTP_ANSWERS_H_
