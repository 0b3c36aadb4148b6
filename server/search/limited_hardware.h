#ifndef ONELOOP_SERVER_SEARCH_LIMITED_HARDWARE_H_
#define ONELOOP_SERVER_SEARCH_LIMITED_HARDWARE_H_

#include <optional>
#include <span>

#include "common/base/random.h"
#include "server/search/search_spec.h"

namespace oneloop {

// Hardware points that keep those limits which can be checked without a mapping, such as one on the area, and the way
// along such a limit: what one parameter takes, others give up. A spec without limits passes every point. Used by one
// thread.
class LimitedHardware {
 public:
  // Both must outlive this.
  LimitedHardware(const SearchSpec& spec, const Goal& goal) : spec_(spec), goal_(goal) {}

  // Whether the hardware counts for more than what mappings cost on it, so that parameters compete for it.
  bool binds() const { return goal_.LimitsHardware(); }
  bool Keeps(const HardwarePoint& hardware) const;

  // The point itself when it keeps the limits; else it with parameters halved, in random order, as often as it takes,
  // the last one no more than it must. `kept` (by index; -1 for none) does not give way. Nothing when that is not
  // enough.
  std::optional<HardwarePoint> Within(const HardwarePoint& hardware, int kept, Random& random) const;
  // The same, with `kept` giving way as well when it must; the point itself when even that is not enough.
  HardwarePoint NearestTo(const HardwarePoint& hardware, int kept, Random& random) const;
  // The farthest point on the way from one that keeps the limits to another, in log2.
  HardwarePoint Towards(const HardwarePoint& from, const HardwarePoint& to) const;

 private:
  // The nearest value below or at that a parameter may have, or the least of its range.
  double WholeValue(std::size_t parameter, double value) const;

  const SearchSpec& spec_;
  const Goal& goal_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_LIMITED_HARDWARE_H_
