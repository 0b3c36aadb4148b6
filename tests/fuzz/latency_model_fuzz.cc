#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "common/base/fnv.h"
#include "common/convert/library.h"
#include "common/latency/latency_model.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

std::vector<std::string_view> LinesOf(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t length = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

// The shipped model with other lines, each given as "NUMBER TEXT", and with the checksum of what it then holds.
std::string WithLines(std::string_view changes) {
  static const std::string shipped = ShippedLibrary().calibrations(0).model();
  std::vector<std::string_view> lines = LinesOf(shipped);
  for (const std::string_view change : LinesOf(changes)) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(change.data(), change.data() + change.size(), number);
    if (error != std::errc() || number >= lines.size()) continue;
    const auto digits = static_cast<std::size_t>(end - change.data());
    lines[number] = change.substr(std::min(digits + 1, change.size()));
  }
  std::string body;
  for (std::size_t i = 2; i < lines.size(); ++i) body.append(lines[i]) += '\n';
  return std::string(lines[0]) + "\nchecksum " + absl::StrFormat("%016x", Fnv1a64(body)) + "\n" + body;
}

}  // namespace

// A model that is read survives its text. The input is one, or what is other in a good one: without the right checksum
// nothing behind it would be read.
TEXT_FUZZER(input) {
  static const CostModel model{std::shared_ptr<const Template>(ShippedTemplate("gemmini"))};
  for (const std::string& text : {std::string(input), WithLines(input)}) {
    const auto parsed = LatencyModel::Parse(text, model);
    CheckAnswer(parsed.status());
    if (!parsed.ok()) continue;
    const std::string written = (*parsed)->Serialize();
    const auto again = LatencyModel::Parse(written, model);
    Check(again.ok() && (*again)->Serialize() == written, "a model survives its text");
  }
}

}  // namespace oneloop
