#ifndef ONELOOP_COMMON_FORMATS_ONNX_FILE_H_
#define ONELOOP_COMMON_FORMATS_ONNX_FILE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "onnx/onnx_pb.h"

namespace oneloop {

// Values of tensors up to so many bytes are read; of larger ones, the shape alone.
inline constexpr std::size_t kMostOnnxValueBytes = 32 << 10;
// What a file may need in memory once it is read, without the values of large tensors.
inline constexpr std::size_t kMostOnnxMemoryBytes = 384 << 20;

// Reads an ONNX model without its weights: large values are skipped in the file, external files never opened, texts
// for people left out. Time and memory follow from what is kept, which is bounded, not from what the file claims.
//
// Errors begin with "PATH: ": as ReadFile; INVALID_ARGUMENT for what is not ONNX, cut short, nested too deeply or too
// large. Whether the graph makes sense is not looked at. Thread-safe.
absl::StatusOr<std::unique_ptr<onnx::ModelProto>> ReadOnnxFile(const std::string& path);

// The same for bytes in memory; `path` serves in errors only.
absl::StatusOr<std::unique_ptr<onnx::ModelProto>> ReadOnnxBytes(std::string_view bytes, const std::string& path);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_FILE_H_
