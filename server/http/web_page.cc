#include "server/http/web_page.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/http/http_error.h"
#include "server/http/reply_tags.h"

namespace oneloop {
namespace {

constexpr std::string_view kIndex = "/index.html";

const WebAsset* FindAsset(std::span<const WebAsset> assets, std::string_view path) {
  const auto found =
      std::find_if(assets.begin(), assets.end(), [&](const WebAsset& asset) { return asset.path == path; });
  return found == assets.end() ? nullptr : &*found;
}

// Views are called by names alone: whatever else a path may be made of is a mistake or a trick. Files have a dot in
// their last part.
bool IsView(std::string_view path) {
  const bool has_names = std::all_of(path.begin(), path.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '/' || c == '_' || c == '-' || c == '.';
  });
  return has_names && path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos &&
         path.substr(path.rfind('/')).find('.') == std::string_view::npos;
}

}  // namespace

HttpReply PageReply(std::span<const WebAsset> assets, const HttpHead& head, std::string_view path) {
  const WebAsset* asset = FindAsset(assets, path);
  if (asset == nullptr && IsView(path)) asset = FindAsset(assets, kIndex);
  if (asset == nullptr) return ErrorReply(absl::NotFoundError(absl::StrCat("there is no ", ToAbsl(path))));
  HttpReply reply;
  reply.headers = {{"ETag", std::string(asset->etag)},
                   {"Cache-Control", asset->immutable ? "public, max-age=31536000, immutable" : "no-cache"},
                   {"Vary", "Accept-Encoding"}};
  if (MatchesTag(head.Find("if-none-match").value_or(""), asset->etag)) {
    reply.status = 304;
    return reply;
  }
  reply.content_type = std::string(asset->content_type);
  if (absl::StrContains(ToAbsl(head.Find("accept-encoding").value_or("")), "gzip") && !asset->gzipped.empty()) {
    reply.headers.emplace_back("Content-Encoding", "gzip");
    reply.constant_body = asset->gzipped;
  } else {
    reply.constant_body = asset->bytes;
  }
  return reply;
}

}  // namespace oneloop
