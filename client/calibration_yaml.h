#ifndef ONELOOP_CLIENT_CALIBRATION_YAML_H_
#define ONELOOP_CLIENT_CALIBRATION_YAML_H_

#include <string>

#include "oneloop/v1/calibration.pb.h"

namespace oneloop {

// A trained calibration as a file that can be kept under version control and shipped (data/calibrations): what it was
// trained from, its held-out report and its model, numbers exact. Read back by the reader of all YAML files.
std::string CalibrationYaml(const v1::Calibration& calibration);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CALIBRATION_YAML_H_
