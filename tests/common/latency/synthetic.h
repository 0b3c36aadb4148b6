#ifndef ONELOOP_TESTS_COMMON_LATENCY_SYNTHETIC_H_
#define ONELOOP_TESTS_COMMON_LATENCY_SYNTHETIC_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/latency/measurements.h"
#include "common/latency/trainer.h"
#include "common/model/exact/cost_model.h"

namespace oneloop {

// Measurements that stand in for real hardware in tests.

// An array of 16 by 16, the smaller memories do not matter: a point of the shipped template `gemmini`.
HardwarePoint SyntheticHardware();

// Random mappings of a few layers, each once, with cycles that the analytical model does not know: a start-up for each
// iteration and transfers of short rows, and a factor that grows with the output tile's aspect, which no physical term
// has. Deterministic.
std::vector<LatencySample> SyntheticSamples(const CostModel& model, int count);

// Networks small enough for a test.
TrainerOptions QuickTrainer();

// Rows of a table with loop bounds, strides, `mapping` and `rtl_cycles`. An error names what is wrong.
absl::StatusOr<std::vector<LatencySample>> ReadSamples(const std::string& path, const Template& hardware_template);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_LATENCY_SYNTHETIC_H_
