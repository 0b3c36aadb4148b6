#ifndef ONELOOP_COMMON_CONVERT_CONVERT_H_
#define ONELOOP_COMMON_CONVERT_CONVERT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"
#include "oneloop/v1/template.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// Messages to domain objects and back. Errors are INVALID_ARGUMENT with the field's path in the message.

// R, S, P, Q, C, K and N must be present; G, strides and dilations default to 1.
absl::StatusOr<LayerShape> LayerShapeFromProto(const v1::Bounds& bounds);
// Every field set.
v1::Bounds LayerShapeToProto(const LayerShape& shape);

// INVALID_ARGUMENT for a layer without a name, or with that of another: for whatever comes in. What was stored before
// names had to differ is still read.
absl::Status CheckLayerNames(const v1::Workload& message);

// The graph is checked (see CheckWorkloadGraph) and left where it is: only messages hold it.
absl::StatusOr<Workload> WorkloadFromProto(const v1::Workload& message);
v1::Workload WorkloadToProto(const Workload& workload);

absl::StatusOr<std::unique_ptr<const Template>> TemplateFromProto(const v1::Template& message);

// Values for every parameter, by name; errors for missing, unknown or invalid ones.
absl::StatusOr<HardwarePoint> HardwareFromMap(const Template& hardware_template,
                                              const google::protobuf::Map<std::string, double>& values);
void HardwareToMap(const Template& hardware_template, const HardwarePoint& hardware,
                   google::protobuf::Map<std::string, double>* values);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_CONVERT_H_
