#include "common/mapping/mapping.h"

namespace oneloop {

Mapping::Mapping() {
  for (auto& factors : temporal) factors.fill(1);
  for (auto& factors : spatial) factors.fill(1);
  order.fill(kAllDims);
}

}  // namespace oneloop
