#ifndef ONELOOP_CLIENT_WORKLOAD_OUTPUT_H_
#define ONELOOP_CLIENT_WORKLOAD_OUTPUT_H_

#include <ostream>
#include <string>

#include "oneloop/v1/workload_import.pb.h"

namespace oneloop {

// For people: every product with its bounds, MACs and weights, what is not modelled with its elements, and what lies
// between the products.
void PrintImport(const v1::WorkloadImport& result, std::ostream& out);

// The products as CSV, one a line.
void PrintImportCsv(const v1::WorkloadImport& result, std::ostream& out);

// The graph as a drawing for Graphviz. Without a graph, the layers in their order, unconnected.
std::string WorkloadDot(const v1::Workload& workload);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_WORKLOAD_OUTPUT_H_
