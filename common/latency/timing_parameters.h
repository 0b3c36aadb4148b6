#ifndef ONELOOP_COMMON_LATENCY_TIMING_PARAMETERS_H_
#define ONELOOP_COMMON_LATENCY_TIMING_PARAMETERS_H_

#include <map>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {

// Latencies are measured at one size of the arrays and bandwidths. Parameters that none of these depends on, such as
// the sizes of memories, stay free.

// Indices of the parameters that the size of an axis or a bandwidth depends on, ascending.
std::vector<int> TimingParameters(const Template& hardware_template);

bool IsTimingParameter(const Template& hardware_template, int parameter);

// The hardware point that stands for measurements at these values: parameters that are not given have their greatest
// value. INVALID_ARGUMENT naming the parameter: unknown, out of range, or missing although timings depend on it.
absl::StatusOr<HardwarePoint> MeasuredHardware(const Template& hardware_template,
                                               const std::map<std::string, double>& values);

// INVALID_ARGUMENT naming the first timing parameter that is not fixed to where latencies were measured, and how to.
absl::Status CheckMeasuredAt(const Template& hardware_template, const HardwarePoint& measured,
                             std::span<const ParameterRange> ranges);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_LATENCY_TIMING_PARAMETERS_H_
