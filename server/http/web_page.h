#ifndef ONELOOP_SERVER_HTTP_WEB_PAGE_H_
#define ONELOOP_SERVER_HTTP_WEB_PAGE_H_

#include <span>

#include "server/http/http_message.h"
#include "server/http/web_assets.h"

namespace oneloop {

// The reply to a GET of a file of the web page, or of one of its views, whose paths all get "/index.html". NOT_FOUND's
// for a file that is not there.
HttpReply PageReply(std::span<const WebAsset> assets, const HttpHead& head, std::string_view path);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_WEB_PAGE_H_
