#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_MEMORY_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_MEMORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/formats/timeloop_architecture.h"

namespace oneloop {

// Attributes of a component as a version of Timeloop reads them: of some names only one spelling.
class TimeloopAttributeReader {
 public:
  // Of "2022", "2023", "2025".
  TimeloopAttributeReader(const TimeloopComponent& component, const std::string& dialect,
                          const TimeloopVariables& variables, TimeloopNotes* notes)
      : component_(component), is_2022_(dialect == "2022"), variables_(variables), notes_(*notes) {}

  // The first of these keys that is there and that this version reads; null when there is none.
  const TimeloopAttribute* Find(const std::vector<std::string_view>& keys) const;
  // Its value; an error is noted when it is no number from `least` to 10^15.
  std::optional<double> Number(const std::vector<std::string_view>& keys, double least = 0) const;
  std::optional<std::int64_t> Whole(const std::vector<std::string_view>& keys, std::int64_t least = 0) const;

  // Notes keys that look like one that is read and are none, and those that cannot be expressed.
  void NoteOthers() const;

  void Error(std::string_view key, std::string_view text) const;

 private:
  const TimeloopComponent& component_;
  const bool is_2022_;
  const TimeloopVariables& variables_;
  TimeloopNotes& notes_;
};

// A memory's numbers, of one instance.
struct TimeloopMemory {
  int word_bits = 16;
  std::int64_t block = 1;             // words of one access
  std::int64_t cluster = 1;           // instances that one access reaches
  std::optional<std::int64_t> words;  // before multiple buffering; without limit when unset
  double multiple_buffering = 1;
  double min_utilization = 0;              // the least share of the words that tiles take
  std::optional<double> read_bandwidth;    // words per cycle
  std::optional<double> write_bandwidth;   // words per cycle
  std::optional<double> shared_bandwidth;  // words per cycle
  double address_pj = 0;                   // address generation for each access
  std::optional<double> access_pj;         // of each access, where no table lists the memory
  std::optional<double> area_um2;          // of one instance, where no table lists it
  // Of the network inwards.
  std::optional<double> hop_pj;
  double router_pj = 0;
  std::int64_t network_bits = 16;
  std::optional<double> wire_pj_per_bit_mm;
  std::optional<double> tile_width_um;
};

// What is ignored gets a warning, what cannot be read or expressed an error.
TimeloopMemory ReadTimeloopMemory(const TimeloopComponent& component, const std::string& dialect,
                                  const TimeloopVariables& variables, TimeloopNotes* notes);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_MEMORY_H_
