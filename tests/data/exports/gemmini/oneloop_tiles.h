/* Made by oneloop 1.2.3 from projects/default/jobs/4/designs/56. */
#ifndef ONELOOP_TILES_H
#define ONELOOP_TILES_H

#include <stddef.h>

/* The tile of each layer for tiled_conv and tiled_matmul of include/gemmini.h. Rows are along Q and S, columns along
   P and R. A layer of several groups runs once for each. tile_I, tile_J and tile_K are in arrays of DIM, as
   tiled_matmul takes them, and 0 for layers that are no products of matrices. The library's loops over tiles are its own:
   those that the mapping has between accumulators and scratchpad are loops over tiles here. */
struct oneloop_tile {
  const char *layer;
  int groups;
  int batch_size, out_row_dim, out_col_dim, out_channels, in_channels, kernel_rows, kernel_cols;
  int stride, kernel_dilation;
  int batches, porows, pocols, pochs, krows, kcols, kchs;
  size_t tile_I, tile_J, tile_K;
};

#define ONELOOP_DIM 16

static const struct oneloop_tile oneloop_tiles[] = {
  {"conv \"1\"", 1, 1, 28, 28, 64, 64, 3, 3, 1, 1, 1, 4, 28, 32, 3, 3, 32, 0, 0, 0},
};

#endif
