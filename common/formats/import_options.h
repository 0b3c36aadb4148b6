#ifndef ONELOOP_COMMON_FORMATS_IMPORT_OPTIONS_H_
#define ONELOOP_COMMON_FORMATS_IMPORT_OPTIONS_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace oneloop {

// What the user says about a file that is read as a workload.
struct ImportOptions {
  std::map<std::string, std::int64_t> symbols;              // extents of an ONNX model's inputs, 0 or more: by the
                                                            // symbol's name, or by place as in "x[0]"
  std::map<std::string, std::vector<std::int64_t>> shapes;  // of tensors of an ONNX model, by name
  std::map<std::string, double> values;                     // every element of an input of an ONNX model, by name
  std::set<std::string> skips;                              // nodes or operators that are left out on purpose

  bool empty() const { return symbols.empty() && shapes.empty() && values.empty() && skips.empty(); }
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_IMPORT_OPTIONS_H_
