#ifndef ONELOOP_CLIENT_LAYER_OUTPUT_H_
#define ONELOOP_CLIENT_LAYER_OUTPUT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// The columns of loop bounds in CSV files, in the order of the fields of v1::Bounds: R, S, ..., Hdilation.
std::vector<std::string> BoundColumns();
// One cell per column; 1 for what is absent.
std::vector<std::string> BoundCells(const v1::Bounds& bounds);

// "R3 S3 P56 Q56 C64 K64 N1", then what differs from 1 of the others.
std::string FormatBounds(const v1::Bounds& bounds);

// What perfect factors would have needed: "K 197->208 (+5.6 %)", several behind commas; "" where there is none.
std::string FormatPadding(const v1::LayerDesign& layer);

// Multiply-accumulates of all layers, counts included.
double TotalMacs(const v1::Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_LAYER_OUTPUT_H_
