#ifndef ONELOOP_SERVER_STORE_POINT_PACK_H_
#define ONELOOP_SERVER_STORE_POINT_PACK_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/store/run_store.h"

namespace oneloop {

// Many points of one start in one row: steps of the descent, which no one looks for one by one, whose sequences follow
// each other and whose samples are evenly spaced. Exact points are never packed.
//
// Format 1, of `count` points with P parameters:
//   byte 0        version, 1
//   bytes 1 to 8  checksum of the head and of what follows, big-endian
//   then          3 + P columns of `count` doubles, IEEE 754, big-endian: energy_uj, latency_cycles, area_mm2 and each
//                 parameter. Infinite figures are +infinity, parameters that are not finite NaN.
// The view `points` of the schema decodes it in SQL.
struct PackHead {
  std::int64_t first_sequence = 0;
  std::int64_t last_sequence = 0;  // first_sequence + count - 1
  std::int64_t first_sample = 0;
  std::int64_t sample_step = 0;  // from one point's sample to the next one's; 0 for a single point
  bool operator==(const PackHead&) const = default;
};

// The most points of a pack, however few parameters they have. The view counts up to it.
inline constexpr std::size_t kMostPointsOfPack = 256;

// How many of the leading points one pack takes; 0 when the first needs a row of its own. The sequences follow each
// other, all points have the same number of parameters and figures as NormalizeFigures leaves them.
std::size_t PackLength(std::span<const NewPoint> points);

// Packs all of the points, PackLength of them. `data` is replaced, so that one string serves many packs.
PackHead EncodePack(std::span<const NewPoint> points, std::string& data);

// The points of one pack. Borrows the data.
class PackReader {
 public:
  // DATA_LOSS for anything that EncodePack does not make of points with so many parameters.
  static absl::StatusOr<PackReader> Open(const PackHead& head, std::string_view data, std::size_t num_parameters);

  // Precondition: head.first_sequence <= sequence <= head.last_sequence.
  NewPoint Point(std::int64_t sequence) const;

 private:
  PackReader(const PackHead& head, std::string_view data, std::size_t num_parameters)
      : head_(head), data_(data), num_parameters_(num_parameters) {}

  PackHead head_;
  std::string_view data_;
  std::size_t num_parameters_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_POINT_PACK_H_
