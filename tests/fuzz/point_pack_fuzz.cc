#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "server/store/point_pack.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {
namespace {

constexpr std::size_t kWord = sizeof(std::int64_t);
constexpr std::size_t kHeadBytes = 4 * kWord;

std::int64_t WordAt(std::string_view bytes, std::size_t index) {
  std::int64_t word = 0;
  std::memcpy(&word, bytes.data() + index * kWord, kWord);
  return word;
}

bool SameBits(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }

// As many points as the words are enough for, packed and read again.
void PackPoints(const PackHead& head, std::string_view words, std::size_t num_parameters) {
  std::vector<NewPoint> points;
  const std::size_t words_of_point = 3 + num_parameters;
  const auto value = [&](std::size_t index) { return std::bit_cast<double>(WordAt(words, index)); };
  for (std::size_t at = 0; (at + words_of_point) * kWord <= words.size(); at += words_of_point) {
    NewPoint& point = points.emplace_back();
    const auto index = static_cast<std::int64_t>(points.size() - 1);
    point.sequence = (head.first_sequence & 0xffffffff) + index;
    point.sample = (head.first_sample & 0xffffffff) + index * (head.sample_step & 0xffff);
    point.score = std::numeric_limits<double>::infinity();
    point.energy_uj = value(at);
    point.latency_cycles = value(at + 1);
    point.area_mm2 = value(at + 2);
    for (std::size_t p = 0; p < num_parameters; ++p) point.parameters.push_back(value(at + 3 + p));
  }
  points.resize(PackLength(points));
  if (points.empty()) return;
  std::string data;
  const PackHead packed = EncodePack(points, data);
  const absl::StatusOr<PackReader> pack = PackReader::Open(packed, data, num_parameters);
  Check(pack.ok(), "what was packed can be read");
  for (const NewPoint& point : points) {
    const NewPoint again = pack->Point(point.sequence);
    Check(again.sample == point.sample && SameBits(again.energy_uj, point.energy_uj) &&
              SameBits(again.latency_cycles, point.latency_cycles) && SameBits(again.area_mm2, point.area_mm2),
          "points survive their pack");
    for (std::size_t p = 0; p < num_parameters; ++p) {
      Check(SameBits(again.parameters[p], point.parameters[p]), "parameters survive their pack");
    }
  }
}

}  // namespace

// The head from the first four words, the number of parameters from the next byte; then a pack, or numbers for one.
TEXT_FUZZER(input) {
  if (input.size() <= kHeadBytes) return;
  const PackHead head = {WordAt(input, 0), WordAt(input, 1), WordAt(input, 2), WordAt(input, 3)};
  const auto num_parameters = static_cast<unsigned char>(input[kHeadBytes]);
  const std::string_view data = input.substr(kHeadBytes + 1);
  const absl::StatusOr<PackReader> pack = PackReader::Open(head, data, num_parameters);
  CheckAnswer(pack.status());
  if (pack.ok()) {
    for (std::int64_t sequence = head.first_sequence; sequence <= head.last_sequence; ++sequence) pack->Point(sequence);
  }
  PackPoints(head, data, num_parameters % 8);
}

}  // namespace oneloop
