#include "server/net/opening.h"

namespace oneloop {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr char kTlsHandshake = 0x16;
constexpr std::string_view kEndOfHeader = "\r\n\r\n";

}  // namespace

OpeningVerdict CheckOpening(Opening opening, std::string_view said) {
  if (said.empty()) return OpeningVerdict::kIncomplete;
  switch (opening) {
    case Opening::kHttp2: {
      const std::string_view start = said.substr(0, kPreface.size());
      if (!kPreface.starts_with(start)) return OpeningVerdict::kWrong;
      return start.size() == kPreface.size() ? OpeningVerdict::kComplete : OpeningVerdict::kIncomplete;
    }
    case Opening::kTls:
      return said.front() == kTlsHandshake ? OpeningVerdict::kComplete : OpeningVerdict::kWrong;
    case Opening::kHttpRequest:
      if (said.find(kEndOfHeader) != std::string_view::npos) return OpeningVerdict::kComplete;
      return said.size() < kLongestOpening ? OpeningVerdict::kIncomplete : OpeningVerdict::kWrong;
  }
  return OpeningVerdict::kWrong;
}

}  // namespace oneloop
