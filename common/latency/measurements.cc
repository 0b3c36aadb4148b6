#include "common/latency/measurements.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

std::string ShapeKey(const LayerShape& shape) {
  return absl::StrCat(shape.bounds[0], " ", shape.bounds[1], " ", shape.bounds[2], " ", shape.bounds[3], " ",
                      shape.bounds[4], " ", shape.bounds[5], " ", shape.bounds[6], " ", shape.bounds[7], " ",
                      shape.w_stride, " ", shape.h_stride, " ", shape.w_dilation, " ", shape.h_dilation);
}

}  // namespace

absl::Status CheckSample(const Template& hardware_template, const LatencySample& sample) {
  RETURN_IF_ERROR(ValidateShape(sample.shape));
  RETURN_IF_ERROR(PrefixField("mapping", ValidateMapping(hardware_template, sample.shape, sample.mapping)));
  if (!std::isfinite(sample.cycles) || sample.cycles <= 0) {
    return FieldError("cycles", absl::StrFormat("is %g; a measured latency is finite and above 0", sample.cycles));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const Measurements>> Measurements::Create(const CostModel& model,
                                                                         const HardwarePoint& hardware,
                                                                         std::span<const LatencySample> samples) {
  const Template& hardware_template = model.hardware_template();
  RETURN_IF_ERROR(hardware_template.ValidateHardware(hardware));
  const ComponentCosts costs = model.CostsAt(hardware);
  std::unique_ptr<Measurements> measurements(new Measurements(model, hardware));
  std::map<std::string, int> shapes;
  std::map<std::string, std::size_t> known;  // row of each layer and mapping
  bool is_constant = true;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const LatencySample& sample = samples[i];
    RETURN_IF_ERROR(PrefixField(absl::StrCat("rows[", i, "]"), CheckSample(hardware_template, sample)));
    const std::string shape = ShapeKey(sample.shape);
    const auto [same, is_new] =
        known.try_emplace(absl::StrCat(shape, " ", FormatMapping(hardware_template, sample.mapping)), i);
    if (!is_new) {
      if (samples[same->second].cycles == sample.cycles) continue;
      return FieldError(absl::StrCat("rows[", i, "].cycles"),
                        absl::StrFormat("is %g, but row %d has the same layer and mapping with %g cycles; keep one",
                                        sample.cycles, same->second, samples[same->second].cycles));
    }
    is_constant = is_constant && sample.cycles == samples[0].cycles;
    measurements->Add(sample, costs, shapes.try_emplace(shape, static_cast<int>(shapes.size())).first->second);
  }
  measurements->num_shapes_ = static_cast<int>(shapes.size());
  if (measurements->size() < kFewestMeasurements) {
    return FieldError("rows", absl::StrFormat("has %d different measurements; at least %d are needed",
                                              measurements->size(), kFewestMeasurements));
  }
  if (is_constant) return FieldError("rows", "has the same cycles everywhere: there is nothing to learn");
  return measurements;
}

void Measurements::Add(const LatencySample& sample, const ComponentCosts& costs, int shape) {
  const CostModel& model = features_.model();
  const LayerUse use = model.Use(sample.shape, sample.mapping);
  std::array<double, kMaxLatencyBase> base;
  std::array<double, kMaxLatencyInputs> inputs;
  const std::span<double> places(base.data(), ToIndex(features_.base().size()));
  features_.SetBase(sample.shape, sample.mapping, use, places);
  features_.SetInputs<double>(places, inputs);
  inputs_.insert(inputs_.end(), inputs.begin(), inputs.begin() + features_.num_inputs());
  log_cycles_.push_back(std::log(sample.cycles));
  log_analytical_.push_back(std::log(model.Score(use, costs).latency_cycles));
  shapes_.push_back(shape);
}

}  // namespace oneloop
