#ifndef ONELOOP_TESTS_COMMON_FORMATS_ONNX_CASES_H_
#define ONELOOP_TESTS_COMMON_FORMATS_ONNX_CASES_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/import_options.h"
#include "oneloop/v1/workload_import.pb.h"

namespace oneloop {

// What an independent reader found in a model: tests/data/onnx/truth.json and nasty/expected.json.

// A multiplication as it can be compared: R S P Q C K N G, strides along P and Q, dilations along R and S, count, in an
// order of axes that does not depend on which is called width, and with P, Q and N as one where they are
// interchangeable.
using ComparableProduct = std::array<std::int64_t, 13>;

struct OnnxCase {
  std::string file;  // relative to the folder
  ImportOptions options;
  bool is_error = false;
  std::vector<std::string> message_names;  // what a good error names
  std::int64_t layers = 0;
  std::int64_t distinct_layers = 0;
  std::int64_t macs = 0;
  std::int64_t weights = 0;
  std::int64_t biases = 0;
  std::vector<ComparableProduct> products;      // sorted
  std::vector<ComparableProduct> alternatives;  // the same with rows and columns swapped where W is the left operand
};

absl::StatusOr<std::vector<OnnxCase>> ReadTruth(const std::string& path);
absl::StatusOr<std::vector<OnnxCase>> ReadExpected(const std::string& path);

// Sorted.
std::vector<ComparableProduct> Comparable(const v1::WorkloadImport& result);

std::string ToText(const ComparableProduct& product);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_FORMATS_ONNX_CASES_H_
