#ifndef ONELOOP_SERVER_SEARCH_NEARBY_HARDWARE_H_
#define ONELOOP_SERVER_SEARCH_NEARBY_HARDWARE_H_

#include <vector>

#include "server/search/limited_hardware.h"
#include "server/search/search_spec.h"

namespace oneloop {

// Hardware points near one, within the spec's ranges and those limits that `limited` checks; each once. Pure.

// The point itself when it keeps the limits; else one parameter given way as little as it must, or all of them alike.
std::vector<HardwarePoint> NearestWithin(const SearchSpec& spec, const LimitedHardware& limited,
                                         const HardwarePoint& from);

// The point, and others with one parameter at half to twice its value; where parameters compete, what it takes is given
// up by another, or what it leaves is taken by one.
std::vector<HardwarePoint> NearbyWithin(const SearchSpec& spec, const LimitedHardware& limited,
                                        const HardwarePoint& from);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_NEARBY_HARDWARE_H_
