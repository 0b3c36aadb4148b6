#ifndef ONELOOP_SERVER_HTTP_WEB_ASSETS_H_
#define ONELOOP_SERVER_HTTP_WEB_ASSETS_H_

#include <span>
#include <string_view>

namespace oneloop {

// A file of the web page, compiled in.
struct WebAsset {
  std::string_view path;          // "/index.html", "/assets/app-1A2B.js"
  std::string_view content_type;  // "text/html; charset=utf-8"
  std::string_view bytes;
  std::string_view gzipped;  // the same, compressed
  std::string_view etag;     // quoted
  bool immutable = false;    // another content would have another path
};

// All of them, for the life of the program; the build makes them from client/web.
std::span<const WebAsset> WebAssets();

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_WEB_ASSETS_H_
