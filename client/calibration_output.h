#ifndef ONELOOP_CLIENT_CALIBRATION_OUTPUT_H_
#define ONELOOP_CLIENT_CALIBRATION_OUTPUT_H_

#include <ostream>
#include <string>

#include "client/common_flags.h"
#include "oneloop/v1/calibration.pb.h"

namespace oneloop {

// "ready", "training 42 %", "failed".
std::string CalibrationStateText(const v1::Calibration& calibration);

// A calibration with its held-out report.
void PrintCalibration(const v1::Calibration& calibration, OutputFormat format, std::ostream& out);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_CALIBRATION_OUTPUT_H_
