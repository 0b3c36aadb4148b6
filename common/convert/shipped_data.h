#ifndef ONELOOP_COMMON_CONVERT_SHIPPED_DATA_H_
#define ONELOOP_COMMON_CONVERT_SHIPPED_DATA_H_

#include <cstddef>

namespace oneloop {

// A serialised v1::Library, written by tools/embed_data.cc when the project is built.
extern const unsigned char kShippedData[];
extern const std::size_t kShippedDataSize;

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_SHIPPED_DATA_H_
