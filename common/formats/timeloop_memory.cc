#include "common/formats/timeloop_memory.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/formats/timeloop_expression.h"

namespace oneloop {
namespace {

constexpr double kMostNumber = 1e15;
constexpr std::int64_t kMostWords = std::int64_t{1} << 50;
constexpr int kDefaultWordBits = 16;

// What Timeloop of 2022 reads, spelled so; later versions turn the hyphens into underscores.
constexpr std::array<std::string_view, 17> kHyphened = {
    "word-bits",      "block-size",        "cluster-size",    "multiple-buffering",   "min-utilization",
    "num-ports",      "num-banks",         "addr-gen-energy", "vector-access-energy", "cluster-area",
    "energy-per-hop", "router-energy",     "wire-energy",     "tile-width",           "network-word-bits",
    "network-type",   "energy-per-ingress"};
constexpr std::array<std::string_view, 5> kUnderscored = {"read_bandwidth", "write_bandwidth", "shared_bandwidth",
                                                          "block_size", "reduction_supported"};

std::string WithUnderscores(std::string_view key) {
  std::string text(key);
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

}  // namespace

const TimeloopAttribute* TimeloopAttributeReader::Find(const std::vector<std::string_view>& keys) const {
  for (const std::string_view key : keys) {
    const auto found = component_.attributes.find(std::string(key));
    if (found != component_.attributes.end()) return &found->second;
    if (is_2022_) continue;
    for (const auto& [name, attribute] : component_.attributes) {
      if (WithUnderscores(name) == WithUnderscores(key)) return &attribute;
    }
  }
  return nullptr;
}

std::optional<double> TimeloopAttributeReader::Number(const std::vector<std::string_view>& keys, double least) const {
  const TimeloopAttribute* const attribute = Find(keys);
  if (attribute == nullptr) return std::nullopt;
  const absl::StatusOr<double> value = EvaluateTimeloopExpression(attribute->text, variables_);
  if (value.ok() && *value >= least && *value <= kMostNumber) return *value;
  notes_.AddError(
      attribute->place,
      absl::StrCat(component_.name, ".", std::string(keys.front()), ": '", attribute->text, "' is no number of ", least,
                   " to 10^15", value.ok() ? std::string() : absl::StrCat(": ", Message(value.status()))));
  return std::nullopt;
}

std::optional<std::int64_t> TimeloopAttributeReader::Whole(const std::vector<std::string_view>& keys,
                                                           std::int64_t least) const {
  const std::optional<double> number = Number(keys, static_cast<double>(least));
  if (!number.has_value()) return std::nullopt;
  if (*number == std::floor(*number)) return static_cast<std::int64_t>(*number);
  Error(keys.front(), "is not a whole number");
  return std::nullopt;
}

void TimeloopAttributeReader::Error(std::string_view key, std::string_view text) const {
  const TimeloopAttribute* const attribute = Find({key});
  notes_.AddError(attribute == nullptr ? component_.place : attribute->place,
                  absl::StrCat(component_.name, ".", std::string(key), ": ", std::string(text)));
}

void TimeloopAttributeReader::NoteOthers() const {
  const auto warn_if_misspelled = [&](const std::string& key, const TimeloopAttribute& attribute,
                                      std::string_view known) {
    if (key == known || WithUnderscores(key) != WithUnderscores(known)) return;
    notes_.AddWarning(attribute.place,
                      absl::StrCat(component_.name, ".", key, ": ignored, as by Timeloop of 2022, which reads '",
                                   std::string(known), "'"));
  };
  for (const auto& [key, attribute] : component_.attributes) {
    if (!is_2022_) break;
    // Both of these are read.
    if (key == "block-size" || key == "block_size") continue;
    for (const std::string_view known : kHyphened) warn_if_misspelled(key, attribute, known);
    for (const std::string_view known : kUnderscored) warn_if_misspelled(key, attribute, known);
  }
  for (const char* const key : {"fill_latency", "drain_latency", "network_fill_latency", "network_drain_latency"}) {
    if (Number({key}).value_or(0) > 0) Error(key, "latencies of networks cannot be expressed");
  }
  if (!is_2022_ && Number({"energy-per-ingress"}).value_or(0) > 0) {
    Error("energy-per-ingress", "cannot be expressed");
  }
  for (const char* const key : {"allow_overbooking", "rmw_first_update", "no_coalesce", "no_temporal_reuse"}) {
    const TimeloopAttribute* const attribute = Find({key});
    if (attribute != nullptr && TimeloopBool(attribute->text) != false) Error(key, "cannot be expressed");
  }
  const TimeloopAttribute* const reduces = Find({"reduction_supported"});
  if (reduces != nullptr && TimeloopBool(reduces->text) == false) {
    Error("reduction_supported", "a memory that does not add cannot be expressed");
  }
  if (!is_2022_ && Find({"per_dataspace_bandwidth_consumption_scale"}) != nullptr) {
    Error("per_dataspace_bandwidth_consumption_scale", "weights of words cannot be expressed");
  }
  for (const char* const key : {"network_read", "network_fill", "network_drain", "network_update"}) {
    if (Find({key}) != nullptr) Error(key, "a network of its own cannot be expressed");
  }
}

namespace {

// Block and cluster follow from each other and the width.
void ReadBlock(const TimeloopComponent& component, const TimeloopAttributeReader& reader, TimeloopMemory* memory,
               TimeloopNotes* notes) {
  const std::optional<std::int64_t> block = reader.Whole({"block-size", "block_size", "n_words"}, 1);
  const std::optional<std::int64_t> cluster = reader.Whole({"cluster-size"}, 1);
  memory->block = block.value_or(1);
  memory->cluster = cluster.value_or(1);
  const std::vector<std::string_view> width_keys = {"width", "memory_width", "data_storage_width"};
  const std::optional<std::int64_t> width = reader.Whole(width_keys, 1);
  if (!width.has_value()) return;
  const std::string& place = reader.Find(width_keys)->place;
  const std::int64_t bits = memory->word_bits;
  if (*width % bits != 0 || *width / bits % memory->block != 0) {
    return notes->AddError(place,
                           absl::StrCat(component.name, ".width: ", *width, " bits are no whole number of blocks of ",
                                        memory->block, " words of ", bits, " bits"));
  }
  if (block.has_value() && cluster.has_value()) {
    if (*width / bits / *block == *cluster) return;
    return notes->AddError(place, absl::StrCat(component.name, ".width: ", *width, " bits are not ", *cluster,
                                               " clusters of blocks of ", *block, " words of ", bits, " bits"));
  }
  if (block.has_value()) {
    memory->cluster = *width / bits / *block;
    return;
  }
  memory->block = *width / memory->cluster / bits;
  if (memory->block < 1) {
    notes->AddError(place, absl::StrCat(component.name, ".width: ", *width, " bits are less than a word of ", bits,
                                        " bits for each of ", memory->cluster, " instances"));
    memory->block = 1;
  }
}

void ReadSize(const TimeloopComponent& component, const TimeloopAttributeReader& reader, TimeloopMemory* memory,
              TimeloopNotes* notes) {
  const std::vector<std::string_view> depth_keys = {"depth", "memory_depth", "data_storage_depth"};
  const std::optional<std::int64_t> entries = reader.Whole({"entries"});
  const std::optional<std::int64_t> depth = reader.Whole(depth_keys);
  const std::optional<std::int64_t> kib = reader.Whole({"sizeKB"});
  if (kib.has_value() && (entries.has_value() || depth.has_value())) {
    notes->AddError(reader.Find({"sizeKB"})->place,
                    absl::StrCat(component.name, ".sizeKB: stands beside another size; give one of them"));
  }
  std::int64_t words = 0;
  if (entries.has_value()) {
    words = *entries;
  } else if (depth.has_value()) {
    if (__builtin_mul_overflow(*depth, memory->block, &words)) words = kMostWords + 1;
  } else if (kib.has_value()) {
    if (__builtin_mul_overflow(*kib, std::int64_t{8192}, &words)) words = kMostWords;
    words /= memory->word_bits;
  } else {
    return;
  }
  if (words > kMostWords) {
    notes->AddError(component.place, absl::StrCat(component.name, ": holds more than 2^50 words"));
    return;
  }
  memory->words = words;
}

}  // namespace

TimeloopMemory ReadTimeloopMemory(const TimeloopComponent& component, const std::string& dialect,
                                  const TimeloopVariables& variables, TimeloopNotes* notes) {
  const TimeloopAttributeReader reader(component, dialect, variables, notes);
  TimeloopMemory memory;
  const std::optional<std::int64_t> bits = reader.Whole({"word-bits", "word_width", "datawidth"}, 1);
  memory.word_bits = static_cast<int>(std::min<std::int64_t>(bits.value_or(kDefaultWordBits), kMaxWordBits + 1));
  if (memory.word_bits > kMaxWordBits) {
    notes->AddError(component.place,
                    absl::StrCat(component.name, ": words of ", *bits, " bits; valid: 1 to ", kMaxWordBits));
    memory.word_bits = kMaxWordBits;
  }
  // A fan-out of v0.4 inherits what its container says of memories, and is none.
  if (!component.is_fan_out) {
    ReadBlock(component, reader, &memory, notes);
    ReadSize(component, reader, &memory, notes);
    reader.NoteOthers();
  }
  memory.multiple_buffering = reader.Number({"multiple-buffering"}, 1).value_or(1);
  memory.min_utilization = reader.Number({"min-utilization"}).value_or(0);
  if (memory.min_utilization > 1) reader.Error("min-utilization", "is more than the whole; valid: 0 to 1");
  const std::optional<double> bandwidth = reader.Number({"bandwidth"});
  if (bandwidth.has_value()) {
    memory.read_bandwidth = *bandwidth / 2;
    memory.write_bandwidth = *bandwidth / 2;
  }
  const auto limit = [&](const char* key, std::optional<double>* target) {
    const std::optional<double> value = reader.Number({key});
    if (value.has_value()) *target = value;
    if (*target == 0.0) reader.Error(key, "is 0, so that no word passes");
  };
  limit("read_bandwidth", &memory.read_bandwidth);
  limit("write_bandwidth", &memory.write_bandwidth);
  limit("shared_bandwidth", &memory.shared_bandwidth);
  // Without a price of its own, Timeloop's is -0.1, which stands for an adder that costs nothing.
  const TimeloopAttribute* const address = reader.Find({"addr-gen-energy"});
  if (address != nullptr && !address->text.starts_with("-")) {
    memory.address_pj = reader.Number({"addr-gen-energy"}).value_or(0);
  }
  memory.access_pj = reader.Number({"vector-access-energy"});
  const std::optional<double> cluster_area = reader.Number({"cluster-area"});
  if (cluster_area.has_value()) memory.area_um2 = *cluster_area / static_cast<double>(memory.cluster);
  memory.hop_pj = reader.Number({"energy-per-hop"});
  memory.router_pj = reader.Number({"router-energy"}).value_or(0);
  // The front end gives the memory that stands for a fan-out words of one bit.
  memory.network_bits = reader.Whole({"network-word-bits"}, 1).value_or(component.is_fan_out ? 1 : memory.word_bits);
  memory.wire_pj_per_bit_mm = reader.Number({"wire-energy"});
  memory.tile_width_um = reader.Number({"tile-width"});
  return memory;
}

}  // namespace oneloop
