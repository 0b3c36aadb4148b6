#include "server/http/web_assets.h"

namespace oneloop {

std::span<const WebAsset> WebAssets() { return {}; }

}  // namespace oneloop
