#include "server/store/point_pack.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kChecksumAt = 1;
constexpr std::size_t kColumnsAt = kChecksumAt + sizeof(std::uint64_t);
constexpr std::size_t kFigures = 3;
// With the rest of its row a pack fills a page of 4096 bytes and no part of another: SQLite copies a value that
// overflows its page anew for every access of the view.
constexpr std::size_t kMostBytes = 4000;
// Samples and steps that no sum of theirs can bring to overflow.
constexpr std::int64_t kMostSample = std::int64_t{1} << 53;
constexpr std::int64_t kMostStep = std::int64_t{1} << 32;

std::uint64_t ByteSwap(std::uint64_t word) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

void StoreWord(std::uint64_t word, char* bytes) {
  word = ByteSwap(word);
  std::memcpy(bytes, &word, sizeof(word));
}

std::uint64_t LoadWord(const char* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof(word));
  return ByteSwap(word);
}

// A multiplication and a shift per word: every bit of the input reaches the upper half, and from there all.
std::uint64_t Mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 32);
}

std::uint64_t Checksum(const PackHead& head, std::string_view data) {
  std::uint64_t hash = 0;
  for (const std::int64_t value : {head.first_sequence, head.last_sequence, head.first_sample, head.sample_step}) {
    hash = Mix(hash, static_cast<std::uint64_t>(value));
  }
  for (std::size_t at = kColumnsAt; at < data.size(); at += sizeof(std::uint64_t)) {
    hash = Mix(hash, LoadWord(data.data() + at));
  }
  return hash;
}

bool IsPackable(const NewPoint& point) {
  return point.origin == PointOrigin::kDescent && point.score == std::numeric_limits<double>::infinity() &&
         point.design.empty() && point.sample >= 0 && point.sample <= kMostSample;
}

bool IsStep(std::int64_t step) { return step >= 0 && step <= kMostStep; }

std::size_t MostPoints(std::size_t num_parameters) {
  const std::size_t bytes_of_point = (kFigures + num_parameters) * sizeof(double);
  return std::clamp<std::size_t>((kMostBytes - kColumnsAt) / bytes_of_point, 1, kMostPointsOfPack);
}

absl::Status Broken(const PackHead& head, std::string_view problem) {
  return absl::DataLossError(absl::StrCat("packed points ", head.first_sequence, " to ", head.last_sequence,
                                          " of a start cannot be read: ", ToAbsl(problem)));
}

}  // namespace

std::size_t PackLength(std::span<const NewPoint> points) {
  if (points.empty() || !IsPackable(points[0])) return 0;
  const std::size_t most = std::min(points.size(), MostPoints(points[0].parameters.size()));
  if (most == 1 || !IsPackable(points[1])) return 1;
  const std::int64_t step = points[1].sample - points[0].sample;
  if (!IsStep(step)) return 1;
  std::size_t length = 2;
  while (length < most && IsPackable(points[length]) && points[length].sample - points[length - 1].sample == step) {
    ++length;
  }
  return length;
}

PackHead EncodePack(std::span<const NewPoint> points, std::string& data) {
  const NewPoint& first = points.front();
  const PackHead head = {first.sequence, points.back().sequence, first.sample,
                         points.size() > 1 ? points[1].sample - first.sample : 0};
  data.resize(kColumnsAt + points.size() * (kFigures + first.parameters.size()) * sizeof(double));
  data[0] = kVersion;
  char* next = data.data() + kColumnsAt;
  const auto append = [&next](double value) {
    StoreWord(std::bit_cast<std::uint64_t>(value), next);
    next += sizeof(double);
  };
  for (const NewPoint& point : points) append(point.energy_uj);
  for (const NewPoint& point : points) append(point.latency_cycles);
  for (const NewPoint& point : points) append(point.area_mm2);
  for (std::size_t p = 0; p < first.parameters.size(); ++p) {
    for (const NewPoint& point : points) append(point.parameters[p]);
  }
  StoreWord(Checksum(head, data), data.data() + kChecksumAt);
  return head;
}

absl::StatusOr<PackReader> PackReader::Open(const PackHead& head, std::string_view data, std::size_t num_parameters) {
  if (head.first_sequence < 0 || head.last_sequence < head.first_sequence ||
      head.last_sequence - head.first_sequence >= static_cast<std::int64_t>(kMostPointsOfPack)) {
    return Broken(head, "there cannot be so many");
  }
  if (head.first_sample < 0 || head.first_sample > kMostSample || !IsStep(head.sample_step)) {
    return Broken(head, "their samples are out of range");
  }
  if (data.empty() || data[0] != kVersion) return Broken(head, "their format is not 1, the only one there is");
  const auto count = static_cast<std::size_t>(head.last_sequence - head.first_sequence) + 1;
  const std::size_t size = kColumnsAt + count * (kFigures + num_parameters) * sizeof(double);
  if (data.size() != size) return Broken(head, absl::StrCat("they have ", data.size(), " bytes instead of ", size));
  if (LoadWord(data.data() + kChecksumAt) != Checksum(head, data)) return Broken(head, "their checksum is wrong");
  return PackReader(head, data, num_parameters);
}

NewPoint PackReader::Point(std::int64_t sequence) const {
  const auto count = static_cast<std::size_t>(head_.last_sequence - head_.first_sequence) + 1;
  const auto slot = static_cast<std::size_t>(sequence - head_.first_sequence);
  const auto value = [&](std::size_t column) {
    return std::bit_cast<double>(LoadWord(data_.data() + kColumnsAt + (column * count + slot) * sizeof(double)));
  };
  NewPoint point;
  point.sequence = sequence;
  point.sample = head_.first_sample + static_cast<std::int64_t>(slot) * head_.sample_step;
  point.energy_uj = value(0);
  point.latency_cycles = value(1);
  point.area_mm2 = value(2);
  point.parameters.reserve(num_parameters_);
  for (std::size_t p = 0; p < num_parameters_; ++p) point.parameters.push_back(value(kFigures + p));
  return point;
}

}  // namespace oneloop
