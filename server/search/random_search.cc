#include "server/search/random_search.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "server/search/hardware_trial.h"
#include "server/search/mapping_sampler.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

constexpr std::int64_t kSamplesPerHardware = 1000;

void TryHardware(Evaluator& evaluator, const HardwarePoint& hardware, std::int64_t samples,
                 std::vector<MappingSampler>& samplers, Random& random) {
  HardwareTrial trial(evaluator, SearchPointOrigin::kRandom, hardware);
  for (MappingSampler& sampler : samplers) {
    if (evaluator.Interrupted()) return;
    sampler.SetHardware(trial.costs());
  }
  std::vector<Mapping> mappings(samplers.size());
  for (std::int64_t sample = 0; sample < samples && !evaluator.Finished(); ++sample) {
    for (std::size_t i = 0; i < samplers.size(); ++i) {
      // A draw may take milliseconds.
      if (i % 8 == 0 && evaluator.Interrupted()) return;
      mappings[i] = samplers[i].Draw(random);
    }
    trial.Sample(mappings);
  }
}

}  // namespace

StartSummary RunRandomStart(Evaluator& evaluator, Random& random) {
  StartSummary summary;
  std::vector<MappingSampler> samplers = MakeSamplers(evaluator, random);
  const std::int64_t samples = evaluator.spec().samples_per_start;
  const std::int64_t points = std::max<std::int64_t>(1, (samples + kSamplesPerHardware / 2) / kSamplesPerHardware);
  for (std::int64_t point = 0; point < points && !evaluator.Finished(); ++point) {
    const std::optional<HardwarePoint> hardware = DrawHardware(evaluator, samplers, random);
    if (!hardware.has_value()) {
      summary.termination = StartSummary::Termination::kDiverged;
      summary.message = NothingFits(*evaluator.spec().hardware_template);
      break;
    }
    const std::int64_t samples_here = samples * (point + 1) / points - samples * point / points;
    TryHardware(evaluator, *hardware, samples_here, samplers, random);
  }
  return summary;
}

}  // namespace oneloop
