#include <string>
#include <string_view>

#include "server/grpc/connection_handover.h"
#include "server/http/http_message.h"
#include "server/net/opening.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {
namespace {

// What was wrong, or complete, stays so, whatever comes after it.
void FuzzOpening(Opening opening, std::string_view said) {
  const OpeningVerdict half = CheckOpening(opening, said.substr(0, said.size() / 2));
  const OpeningVerdict whole = CheckOpening(opening, said);
  if (half != OpeningVerdict::kIncomplete) Check(whole == half, "a verdict stands");
}

}  // namespace

// What clients say first, to a listener of calls or of metrics.
TEXT_FUZZER(input) {
  const std::string_view said = input.substr(0, kLongestOpening);
  FuzzOpening(Opening::kHttp2, said);
  FuzzOpening(Opening::kTls, said);
  FuzzOpening(Opening::kHttpRequest, said);
  if (const std::size_t end = FindHeadEnd(said); end != std::string_view::npos) {
    const absl::StatusOr<HttpHead> head = ParseHttpHead(said.substr(0, end));
    Check(!head.ok() || head->size == end, "a head is taken whole");
    if (head.ok()) (void)ParseTarget(head->target);
  }
  static const ConnectionGate& gate = *ConnectionGate::Create({}).value().release();
  Check(!PeerOfCall(gate, said).has_value(), "nobody is there");
}

}  // namespace oneloop
