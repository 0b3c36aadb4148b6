#include "common/convert/library.h"

#include "common/convert/shipped_data.h"

namespace oneloop {

const v1::Library& ShippedLibrary() {
  // Never destroyed, so that it outlives every thread that reads it.
  static const v1::Library* const library = [] {
    auto* parsed = new v1::Library();
    parsed->ParseFromArray(kShippedData, static_cast<int>(kShippedDataSize));
    return parsed;
  }();
  return *library;
}

}  // namespace oneloop
