#include "tests/testing/published_points.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <limits>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/testing/shipped.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

constexpr std::size_t kColumns = 5;

double Number(absl::string_view text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value)) BadTestInput(absl::StrCat("'", text, "' is no number"));
  return value;
}

HardwarePoint HardwareOf(const Template& hardware_template, absl::string_view flags) {
  HardwarePoint hardware(static_cast<std::size_t>(hardware_template.num_parameters()),
                         std::numeric_limits<double>::quiet_NaN());
  for (absl::string_view flag : absl::StrSplit(flags, "--fix ", absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(absl::StripAsciiWhitespace(flag), '=');
    const int parameter = parts.size() == 2 ? hardware_template.FindParameter(parts[0]) : -1;
    if (parameter < 0) BadTestInput(absl::StrCat("'", flag, "' fixes no parameter"));
    hardware[static_cast<std::size_t>(parameter)] = Number(parts[1]);
  }
  return hardware;
}

}  // namespace

std::vector<PublishedPoint> PublishedPoints() {
  std::ifstream document(SourceDir() + "/docs/ACCELERATORS.md");
  std::vector<PublishedPoint> points;
  for (std::string line; std::getline(document, line);) {
    std::vector<std::string> cells = absl::StrSplit(line, '|');
    // Before the first and behind the last bar there is nothing.
    if (cells.size() != kColumns + 2 || !absl::StrContains(line, "--fix ")) continue;
    for (std::string& cell : cells) {
      cell.erase(std::remove(cell.begin(), cell.end(), '`'), cell.end());
      absl::StripAsciiWhitespace(&cell);
    }
    PublishedPoint point;
    point.template_name = cells[1];
    point.hardware = HardwareOf(*ShippedTemplate(point.template_name), cells[2]);
    point.macs_per_cycle = Number(cells[3]);
    point.peak_gops = Number(absl::StripSuffix(cells[4], " GOPS"));
    for (absl::string_view memory : absl::StrSplit(cells[5], ", ")) {
      const std::vector<std::string> words = absl::StrSplit(memory, ' ');
      if (words.size() != 3) BadTestInput(absl::StrCat("'", memory, "' is not: level size unit"));
      point.memories.push_back({words[0], Number(words[1]), words[2]});
    }
    points.push_back(std::move(point));
  }
  if (points.empty()) BadTestInput("docs/ACCELERATORS.md has no published points");
  return points;
}

}  // namespace oneloop
