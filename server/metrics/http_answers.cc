#include "server/metrics/http_answers.h"

#include <httplib.h>

#include <cstddef>
#include <exception>
#include <utility>

namespace oneloop {
namespace {

constexpr char kContentType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kPath[] = "/metrics";

// What the library takes for a connection: a request that is there already, and room for its reply.
class BufferedStream : public httplib::Stream {
 public:
  explicit BufferedStream(std::string_view request) : request_(request) {}

  bool is_readable() const override { return !request_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t count = request_.copy(to, size);
    request_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    reply.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return INVALID_SOCKET; }

  std::string reply;

 private:
  std::string_view request_;
};

}  // namespace

class HttpAnswers::Library : public httplib::Server {
 public:
  explicit Library(std::function<std::string()> render) {
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, const std::exception_ptr&) { response.status = 500; });
    // Before a body is looked for.
    set_pre_routing_handler([](const httplib::Request& request, httplib::Response& response) {
      const bool is_ours = request.path == kPath && (request.method == "GET" || request.method == "HEAD");
      if (!is_ours) response.status = 404;
      return is_ours ? HandlerResponse::Unhandled : HandlerResponse::Handled;
    });
    Get(kPath, [render = std::move(render)](const httplib::Request&, httplib::Response& response) {
      response.set_content(render(), kContentType);
    });
  }

  std::string Answer(std::string_view request) {
    BufferedStream stream(request);
    bool closed = false;
    try {
      process_request(stream, /*close_connection=*/true, closed, nullptr);
    } catch (const std::exception&) {
      // The library catches what its handlers throw, and not all that it throws over a header.
      return "";
    }
    return std::move(stream.reply);
  }
};

HttpAnswers::HttpAnswers(std::function<std::string()> render)
    : library_(std::make_unique<Library>(std::move(render))) {}

HttpAnswers::~HttpAnswers() = default;

std::string HttpAnswers::Answer(std::string_view request) { return library_->Answer(request); }

}  // namespace oneloop
