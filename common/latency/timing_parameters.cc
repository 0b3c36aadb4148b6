#include "common/latency/timing_parameters.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

bool IsTimingParameter(const Template& hardware_template, int parameter) {
  const auto index = static_cast<std::size_t>(parameter);
  const auto& resources = hardware_template.resources();
  const auto& ports = hardware_template.ports();
  return std::any_of(
             resources.begin(), resources.end(),
             [index](const Resource& resource) { return resource.is_axis() && resource.limit.DependsOn(index); }) ||
         std::any_of(ports.begin(), ports.end(), [index](const Template::Port& port) {
           return port.spec.words_per_cycle.has_value() && port.spec.words_per_cycle->DependsOn(index);
         });
}

std::vector<int> TimingParameters(const Template& hardware_template) {
  std::vector<int> parameters;
  for (int p = 0; p < hardware_template.num_parameters(); ++p) {
    if (IsTimingParameter(hardware_template, p)) parameters.push_back(p);
  }
  return parameters;
}

absl::StatusOr<HardwarePoint> MeasuredHardware(const Template& hardware_template,
                                               const std::map<std::string, double>& values) {
  HardwarePoint hardware;
  for (const ParameterSpec& parameter : hardware_template.spec().parameters) {
    hardware.push_back(std::floor(parameter.max / parameter.step) * parameter.step);
  }
  for (const auto& [name, value] : values) {
    const int parameter = hardware_template.FindParameter(name);
    if (parameter < 0) {
      return FieldError(name, absl::StrCat("is not a parameter of template '", hardware_template.name(), "'",
                                           SuggestName(name, hardware_template.parameter_names())));
    }
    hardware[static_cast<std::size_t>(parameter)] = value;
  }
  for (const int parameter : TimingParameters(hardware_template)) {
    const std::string& name = hardware_template.parameter(parameter).name;
    if (values.contains(name)) continue;
    return FieldError(name, "is missing; latencies depend on it, so give the value that they were measured at");
  }
  RETURN_IF_ERROR(hardware_template.ValidateHardware(hardware));
  return hardware;
}

absl::Status CheckMeasuredAt(const Template& hardware_template, const HardwarePoint& measured,
                             std::span<const ParameterRange> ranges) {
  for (const int parameter : TimingParameters(hardware_template)) {
    const auto p = static_cast<std::size_t>(parameter);
    if (ranges[p].min == measured[p] && ranges[p].max == measured[p]) continue;
    const std::string& name = hardware_template.parameter(parameter).name;
    return FieldError(name,
                      absl::StrCat(ranges[p].min == ranges[p].max ? absl::StrCat("is ", ranges[p].min) : "is not fixed",
                                   "; the calibration was measured at ", measured[p], ": fix it to that"));
  }
  return absl::OkStatus();
}

}  // namespace oneloop
