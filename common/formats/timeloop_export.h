#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_EXPORT_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_EXPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "common/formats/design_source.h"
#include "common/formats/text_file.h"
#include "common/formats/timeloop.h"
#include "common/formats/timeloop_machine.h"

namespace oneloop {

// A design as files that timeloop-model reads without Accelergy: arch.yaml, ert.yaml and art.yaml; of each layer
// NAME.problem.yaml, NAME.mapping.yaml and, for timeloop-mapper, NAME.constraints.yaml; layers.txt with our figures;
// run.sh and sum.sh, which run Timeloop and compare; README.md. Version 0.4 is the form that its front end hands to
// timeloop-model. Warnings say where Timeloop will count otherwise. Errors are those of ReadMappedDesign and
// DescribeForTimeloop, and of WriteTimeloopLoops naming the layer. Thread-safe.
absl::StatusOr<ExportedFiles> ExportTimeloop(const DesignSource& source, TimeloopVersion version);

// What follows the first line of arch.yaml and of ert.yaml.
std::string TimeloopArchitecture(const TimeloopMachine& machine, TimeloopVersion version);
std::string TimeloopErt(const TimeloopMachine& machine, TimeloopVersion version);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_EXPORT_H_
