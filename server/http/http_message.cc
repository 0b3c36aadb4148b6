#include "server/http/http_message.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

namespace beast = boost::beast;

constexpr std::string_view kEndOfHead = "\r\n\r\n";
// What browsers are told with each reply: to load nothing from elsewhere, to be in no frame, and to guess no types.
constexpr char kSecurityFields[] =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<std::string_view> HttpHead::Find(std::string_view name) const {
  std::optional<std::string_view> found;
  for (const auto& [field, value] : headers) {
    if (field != name) continue;
    if (found.has_value() && *found != value) return std::nullopt;
    found = value;
  }
  return found;
}

bool HttpHead::Has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; });
}

std::size_t FindHeadEnd(std::string_view bytes) {
  const std::size_t end = bytes.find(kEndOfHead);
  return end == std::string_view::npos ? end : end + kEndOfHead.size();
}

absl::StatusOr<HttpHead> ParseHttpHead(std::string_view bytes) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.eager(false);
  // Whoever reads the body bounds it.
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  beast::error_code error;
  HttpHead head;
  head.size = parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error);
  if (error || !parser.is_header_done()) {
    return absl::InvalidArgumentError(absl::StrCat("this is no request of HTTP/1.1: ", error.message()));
  }
  const auto& message = parser.get();
  head.verb = std::string(message.method_string());
  head.target = std::string(message.target());
  head.keep_alive = message.keep_alive();
  head.chunked = message.find(beast::http::field::transfer_encoding) != message.end();
  head.content_length = parser.content_length().value_or(0);
  for (const auto& field : message) {
    head.headers.emplace_back(absl::AsciiStrToLower(std::string(field.name_string())), std::string(field.value()));
  }
  return head;
}

absl::StatusOr<std::string> Unescape(std::string_view text, bool plus_is_space) {
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      plain += ' ';
    } else if (text[i] != '%') {
      plain += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexDigit(text[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) {
        return absl::InvalidArgumentError(absl::StrCat("'", ToAbsl(text.substr(i, 3)), "' in the URL is no escape"));
      }
      plain += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return plain;
}

absl::StatusOr<HttpTarget> ParseTarget(std::string_view target) {
  if (!target.starts_with('/')) return absl::InvalidArgumentError("the URL has to begin with '/'");
  HttpTarget parts;
  const std::size_t question = target.find('?');
  parts.path = std::string(target.substr(0, question));
  if (question == std::string_view::npos) return parts;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    ASSIGN_OR_RETURN(std::string name, Unescape(pair.substr(0, equals), /*plus_is_space=*/true));
    std::string value;
    if (equals != std::string_view::npos) {
      ASSIGN_OR_RETURN(value, Unescape(pair.substr(equals + 1), /*plus_is_space=*/true));
    }
    parts.query.emplace_back(std::move(name), std::move(value));
  }
  return parts;
}

std::string FormatHttpHead(const HttpReply& reply, bool keep_alive) {
  const beast::string_view reason = beast::http::obsolete_reason(static_cast<beast::http::status>(reply.status));
  std::string head = absl::StrCat("HTTP/1.1 ", reply.status, " ", std::string(reason), "\r\n");
  const bool has_content = reply.status != 304 && reply.status != 204;
  if (has_content) absl::StrAppend(&head, "Content-Length: ", reply.content().size(), "\r\n");
  if (has_content && !reply.content_type.empty()) absl::StrAppend(&head, "Content-Type: ", reply.content_type, "\r\n");
  for (const auto& [name, value] : reply.headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
  absl::StrAppend(&head, kSecurityFields, "Connection: ", keep_alive ? "keep-alive" : "close", "\r\n\r\n");
  return head;
}

}  // namespace oneloop
