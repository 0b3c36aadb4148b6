#ifndef ONELOOP_COMMON_FORMATS_GEMMINI_EXPORT_H_
#define ONELOOP_COMMON_FORMATS_GEMMINI_EXPORT_H_

#include "absl/status/statusor.h"
#include "common/formats/design_source.h"
#include "common/formats/text_file.h"

namespace oneloop {

// A design for the generator and the library of Gemmini (github.com/ucb-bar/gemmini, gemmini-rocc-tests):
// OneLoopConfig.scala, parameters of the Chisel generator as a copy of its default configuration, and oneloop_tiles.h,
// the tile of each layer as tiled_conv and tiled_matmul of include/gemmini.h take it. Warnings say what the generator
// or the library will not take as it is.
//
// INVALID_ARGUMENT, naming what differs, unless the template is built like Gemmini: a declared default_tiler, W in the
// array, O in accumulators, W and I in a scratchpad, a square array over C and K. Errors of ReadMappedDesign.
// Thread-safe.
absl::StatusOr<ExportedFiles> ExportGemmini(const DesignSource& source);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_GEMMINI_EXPORT_H_
