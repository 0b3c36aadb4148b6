#include "common/hardware/template.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

const char* NameOf(FlowKind kind) {
  switch (kind) {
    case FlowKind::kRead:
      return "read";
    case FlowKind::kFill:
      return "fill";
    case FlowKind::kUpdate:
      break;
  }
  return "update";
}

const char* NameOf(Dialect dialect) {
  switch (dialect) {
    case Dialect::k2022:
      return "2022";
    case Dialect::k2023:
      return "2023";
    case Dialect::k2025:
      break;
  }
  return "2025";
}

const char* NameOf(Resource::Unit unit) {
  switch (unit) {
    case Resource::Unit::kCopies:
      return "copies";
    case Resource::Unit::kBytes:
      return "bytes";
    case Resource::Unit::kWords:
      break;
  }
  return "words";
}

std::vector<std::string> Template::parameter_names() const {
  std::vector<std::string> names;
  names.reserve(spec_.parameters.size());
  for (const ParameterSpec& parameter : spec_.parameters) names.push_back(parameter.name);
  return names;
}

int Template::FindParameter(const std::string& name) const {
  for (std::size_t p = 0; p < spec_.parameters.size(); ++p) {
    if (spec_.parameters[p].name == name) return static_cast<int>(p);
  }
  return -1;
}

bool Template::GivesEnergy() const {
  const auto costs = [](const std::optional<Formula>& formula) { return formula.has_value() && !formula->IsZero(); };
  return costs(spec_.mac_energy_pj) ||
         std::any_of(ports_.begin(), ports_.end(), [&](const Port& port) { return costs(port.spec.access_pj); }) ||
         std::any_of(spec_.levels.begin(), spec_.levels.end(), [&](const LevelSpec& level) {
           return costs(level.leak_pj) ||
                  (level.link.has_value() && (costs(level.link->hop_pj) || costs(level.link->router_pj)));
         });
}

double Template::AreaMm2(const HardwarePoint& hardware) const {
  return spec_.area_mm2.has_value() ? spec_.area_mm2->Evaluate(hardware) : 0;
}

absl::Status Template::ValidateHardware(const HardwarePoint& hardware) const {
  if (hardware.size() != spec_.parameters.size()) {
    return FieldError("parameters", absl::StrCat("has ", hardware.size(), " values; template '", spec_.name, "' has ",
                                                 spec_.parameters.size()));
  }
  for (std::size_t p = 0; p < hardware.size(); ++p) {
    const ParameterSpec& parameter = spec_.parameters[p];
    if (!(hardware[p] >= parameter.min && hardware[p] <= parameter.max)) {
      return FieldError("parameters." + parameter.name,
                        absl::StrCat("is ", hardware[p], "; valid: ", parameter.min, " to ", parameter.max));
    }
    if (std::nearbyint(hardware[p] / parameter.step) * parameter.step != hardware[p]) {
      return FieldError("parameters." + parameter.name,
                        absl::StrCat("is ", hardware[p], "; valid: whole multiples of ", parameter.step));
    }
  }
  return absl::OkStatus();
}

}  // namespace oneloop
