#include "server/search/search_memory.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/base/limit_error.h"
#include "common/mapping/factorize.h"
#include "common/model/bound/lower_bound.h"
#include "common/model/kernel/kernel_program.h"
#include "common/model/kernel/kernel_workspace.h"
#include "common/model/latency/latency_program.h"
#include "server/search/bayesian_search.h"
#include "server/search/front_archive.h"
#include "server/search/mapping_features.h"
#include "server/search/mapping_sampler.h"

namespace oneloop {
namespace {

// Batches of points on their way to the store, with their designs, and what does not grow.
constexpr std::int64_t kFixedBytes = std::int64_t{48} << 20;
// Designs that a start holds at a time: the best, the present and trials of them, each with figures.
constexpr std::int64_t kDesigns = 8;
constexpr std::int64_t kRowBytes = std::int64_t{kBlockLanes} * static_cast<std::int64_t>(sizeof(double));
// The factors, their gradient, and what the optimizer keeps.
constexpr std::int64_t kFactorVectors = 8;
// Of the softmax strategy: the present order and one for each tensor.
constexpr std::int64_t kSoftmaxCandidates = 1 + kNumTensors;

std::int64_t NumLayers(const SearchSpec& spec) { return static_cast<std::int64_t>(spec.workload->layers.size()); }

// The largest bound of each dimension: has every row that the workload's kernel has.
Workload Envelope(const Workload& workload) {
  Workload envelope;
  envelope.layers.resize(1);
  LayerShape& shape = envelope.layers.front().shape;
  for (const Layer& layer : workload.layers) {
    // Twos, so that no product overflows: which bounds are above 1 is all that counts.
    for (std::size_t d = 0; d < kNumDims; ++d) {
      if (layer.shape.bounds[d] > 1) shape.bounds[d] = 2;
    }
  }
  return envelope;
}

std::int64_t GradientBytes(const SearchSpec& spec) {
  const CostModel model(spec.hardware_template);
  const Workload envelope = Envelope(*spec.workload);
  const KernelProgram program = CompileKernel(model, envelope);
  const std::int64_t candidates = spec.order_strategy == OrderStrategy::kSoftmax ? kSoftmaxCandidates : 1;
  std::int64_t rows_of_candidate = program.num_rows + program.num_saved + std::ssize(program.masks) + 1 +
                                   static_cast<std::int64_t>(NumFigureRows(program));
  std::int64_t rows = 2 * std::int64_t{program.num_constants} + kFactorVectors * std::ssize(program.slots) +
                      std::ssize(spec.hardware_template->resources());
  if (spec.latency != nullptr) {
    const LatencyProgram latency = CompileLatency(*spec.latency, program, envelope);
    rows_of_candidate += std::ssize(latency.rows);
    rows += latency.num_scratch_rows();
  }
  // Each network has blocks of its own.
  const std::int64_t blocks = NumLayers(spec) / kBlockLanes + static_cast<std::int64_t>(spec.workload->num_networks());
  // Each choice of what is kept has constants of its own, and one descends at a time.
  const std::int64_t choices = spec.hardware_template->num_choices();
  return blocks * kRowBytes *
         (candidates * rows_of_candidate + rows + (choices - 1) * std::int64_t{program.num_constants});
}

std::int64_t SamplerBytes(const SearchSpec& spec) {
  const CostModel model(spec.hardware_template);
  std::int64_t bytes = 0;
  for (const Layer& layer : spec.workload->layers) {
    bytes += MappingSampler::Bytes(model, layer.shape);
  }
  return bytes;
}

std::int64_t ArchiveBytes(const SearchSpec& spec) {
  return static_cast<std::int64_t>((FrontArchive::kMost + 1) * sizeof(Mapping)) * NumLayers(spec);
}

// Every sample on one hardware point is an observation of each layer.
std::int64_t ObservationBytes(const SearchSpec& spec) {
  const bool fixed = std::all_of(spec.hardware_range.begin(), spec.hardware_range.end(),
                                 [](const ParameterRange& range) { return range.min == range.max; });
  const std::int64_t samples = MostSamplesOnOneHardware(spec.samples_per_start, fixed);
  std::int64_t bytes = 0;
  for (const Layer& layer : spec.workload->layers) {
    const MappingFeatures features(*spec.hardware_template, layer.shape);
    // With what an allocation of its own costs, and the cost.
    bytes += samples * (static_cast<std::int64_t>(features.size()) * 8 + 48);
  }
  return bytes;
}

}  // namespace

std::int64_t EstimateSearchBytes(const SearchSpec& spec) {
  const std::int64_t designs =
      kDesigns * NumLayers(spec) * static_cast<std::int64_t>(sizeof(Mapping) + sizeof(LayerUse) + sizeof(LayerFigures));
  std::int64_t start = 0;
  switch (spec.algorithm) {
    case Algorithm::kGradient:
      start = GradientBytes(spec) + (spec.front.has_value() ? ArchiveBytes(spec) : 0);
      break;
    case Algorithm::kBayesian:
      start = SamplerBytes(spec) + ObservationBytes(spec);
      break;
    case Algorithm::kRandom:
      start = SamplerBytes(spec);
      break;
    case Algorithm::kDefaultTiling:
      break;
  }
  return kFixedBytes + std::max(designs + start, MostProofBytes(*spec.hardware_template, *spec.workload));
}

absl::Status CheckSearchMemory(const SearchSpec& spec, std::int64_t most) {
  const std::int64_t bytes = EstimateSearchBytes(spec);
  if (bytes <= most) return absl::OkStatus();
  return LimitError("max_memory_per_job",
                    absl::StrCat("one start would take about ", bytes >> 20, " MiB, and at most ", most >> 20,
                                 " are allowed; take fewer layers, levels, axes or samples of a start, or another "
                                 "algorithm"),
                    absl::InfiniteDuration());
}

}  // namespace oneloop
