#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_NAMES_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_NAMES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/yaml_view.h"
#include "common/workload/dims.h"

namespace oneloop {

// What a problem of Timeloop's calls its loops and data spaces.
struct TimeloopNames {
  std::map<std::string, Dim> dims;
  std::map<std::string, Tensor> tensors;
  std::vector<std::string> unit_loops;  // that run once in the problem's instance
  bool are_given = false;               // by a problem

  // Those of the layer that Timeloop ships, in which output channels are M, in older versions K; it has no groups.
  static TimeloopNames OfCnnLayer() {
    return {{{"R", Dim::kR},
             {"S", Dim::kS},
             {"P", Dim::kP},
             {"Q", Dim::kQ},
             {"C", Dim::kC},
             {"M", Dim::kK},
             {"K", Dim::kK},
             {"N", Dim::kN}},
            {{"Weights", Tensor::kW}, {"Inputs", Tensor::kI}, {"Outputs", Tensor::kO}},
            {},
            false};
  }
};

// Those of a `problem`, whose bounds may be missing. Errors begin with "FILE:LINE:COL: ".
absl::StatusOr<TimeloopNames> NamesOfProblem(const YamlView& problem, const std::string& file);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_NAMES_H_
