#ifndef ONELOOP_COMMON_FORMATS_DESIGN_SOURCE_H_
#define ONELOOP_COMMON_FORMATS_DESIGN_SOURCE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"
#include "oneloop/v1/design.pb.h"
#include "oneloop/v1/template.pb.h"
#include "oneloop/v1/workload.pb.h"

namespace oneloop {

// A design and the template that it is of, as messages: what the writers of other tools' files start from.
struct DesignSource {
  std::string made_by;  // one line: which program, job and point; the first line of each file
  v1::Template hardware_template;
  v1::Design design;
};

// The same in terms of the domain.
struct MappedDesign {
  struct Layer {
    LayerShape shape;
    Mapping mapping;
    double runs = 1;  // in one run of the workload: its count, times the weight of its network
  };

  std::shared_ptr<const Template> hardware_template;
  HardwarePoint hardware;
  std::vector<Layer> layers;  // those of the design, in its order
};

// INVALID_ARGUMENT with the field, in Design or Template, for whatever does not fit together: parameters that are not
// the template's, a mapping that is not one of its layer. Thread-safe.
absl::StatusOr<MappedDesign> ReadMappedDesign(const DesignSource& source);

// The design's layers, bounds and counts, as a workload of the same name; a graph is not in it.
v1::Workload WorkloadOfDesign(const v1::Design& design);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_DESIGN_SOURCE_H_
