// What a search with a calibration gains over the default tiling of the hardware that was measured:
//   latency_gain [TILES.csv] [seeds]
// Workloads: those of the published comparison. Template `gemmini`, pe_dim 16, memory sizes free, 7 starts of 1,490
// samples; latencies by the shipped calibration. The default: 128 KiB of scratchpad, 32 KiB of accumulators, the tiling
// of Gemmini's library, with measured cycles where TILES.csv (bounds, strides, rtl_cycles) knows the layer.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/convert/library.h"
#include "common/latency/latency_model.h"
#include "server/search/best_sink.h"
#include "server/search/default_tiler.h"
#include "server/search/run_start.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

constexpr std::array kWorkloads = {"unet", "resnet50", "bert", "retinanet"};
constexpr double kPeDim = 16;
const HardwarePoint kDefaultHardware = {kPeDim, 128, 32};

// R S P Q C K N, strides.
using LayerKey = std::array<std::int64_t, 9>;
using MeasuredCycles = std::map<LayerKey, double>;

LayerKey KeyOf(const LayerShape& shape) {
  LayerKey key{};
  for (std::size_t d = 0; d < 7; ++d) key[d] = shape.bounds[d];
  key[7] = shape.w_stride;
  key[8] = shape.h_stride;
  return key;
}

MeasuredCycles ReadMeasured(const std::string& path) {
  MeasuredCycles measured;
  const auto rows = ReadTable(path);
  if (!rows.ok()) {
    std::cerr << rows.status() << "\n";
    return measured;
  }
  constexpr std::array kColumns = {"R", "S", "P", "Q", "C", "K", "N", "Wstride", "Hstride"};
  for (const TableRow& row : *rows) {
    LayerKey key{};
    for (std::size_t i = 0; i < kColumns.size(); ++i) key[i] = std::stoll(row.at(kColumns[i]));
    measured[key] = std::stod(row.at("rtl_cycles"));
  }
  return measured;
}

class Comparison {
 public:
  Comparison(std::shared_ptr<const Template> hardware_template, std::shared_ptr<const LatencyPredictor> latency)
      : template_(std::move(hardware_template)), model_(template_), latency_(std::move(latency)) {}

  // The best design of a job by its own latencies.
  BestSink::Best Search(const std::shared_ptr<const Workload>& workload, bool predicts, std::uint64_t seed) const {
    SearchSpec spec;
    spec.workload = workload;
    spec.hardware_template = template_;
    if (predicts) spec.latency = latency_;
    spec.hardware_range = {{kPeDim, kPeDim}, {1, 8192}, {1, 8192}};
    spec.seed = seed;
    BestSink sink;
    for (int start = 0; start < spec.starts; ++start) RunStart(spec, start, sink);
    return sink.best();
  }

  // EDP with predicted latencies, or with those measured where the layer is known.
  double Edp(const Workload& workload, const HardwarePoint& hardware, const std::vector<Mapping>& mappings,
             const MeasuredCycles& measured) const {
    const ComponentCosts costs = model_.CostsAt(hardware);
    double energy = 0;
    double cycles = 0;
    for (std::size_t i = 0; i < workload.layers.size(); ++i) {
      const Layer& layer = workload.layers[i];
      LayerUse use = model_.Use(layer.shape, mappings[i]);
      use.predicted_cycles = latency_->Predict(layer.shape, mappings[i], use).cycles;
      LayerFigures figures = model_.Score(use, costs);
      if (const auto known = measured.find(KeyOf(layer.shape)); known != measured.end()) {
        figures.latency_cycles = known->second;
      }
      energy += static_cast<double>(layer.count) * figures.energy_uj;
      cycles += static_cast<double>(layer.count) * figures.latency_cycles;
    }
    return energy * cycles;
  }

  std::vector<Mapping> DefaultMappings(const Workload& workload) const {
    std::vector<Mapping> mappings;
    for (const Layer& layer : workload.layers) {
      const auto mapping = DefaultTiling(model_, layer.shape, model_.CostsAt(kDefaultHardware));
      if (!mapping.has_value()) std::abort();
      mappings.push_back(*mapping);
    }
    return mappings;
  }

 private:
  const std::shared_ptr<const Template> template_;
  const CostModel model_;
  const std::shared_ptr<const LatencyPredictor> latency_;
};

int KnownLayers(const Workload& workload, const MeasuredCycles& measured) {
  int known = 0;
  for (const Layer& layer : workload.layers) known += measured.contains(KeyOf(layer.shape)) ? 1 : 0;
  return known;
}

int Run(const MeasuredCycles& measured, int seeds) {
  const std::shared_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
  const CostModel model(hardware_template);
  const auto parsed = LatencyModel::Parse(ShippedLibrary().calibrations(0).model(), model);
  if (!parsed.ok()) {
    std::cerr << parsed.status() << "\n";
    return 1;
  }
  const std::shared_ptr<const LatencyModel> latency(parsed->get(), [](const LatencyModel*) {});
  const Comparison comparison(hardware_template, {latency, latency->predictor(LatencyKind::kCombined)});
  std::printf(
      "| workload | default EDP | layers measured | search EDP, mean of %d | gain | worst gain | scratchpad KiB | "
      "accumulators KiB | gain of the analytical search |\n|---|---|---|---|---|---|---|---|---|\n",
      seeds);
  double log_gain = 0;
  double log_analytical_gain = 0;
  for (const char* name : kWorkloads) {
    const auto workload = std::make_shared<const Workload>(ShippedWorkload(name));
    const double before = comparison.Edp(*workload, kDefaultHardware, comparison.DefaultMappings(*workload), measured);
    double sum = 0;
    double worst = 0;
    double analytical = 0;
    BestSink::Best shown;
    for (int seed = 0; seed < seeds; ++seed) {
      const BestSink::Best best = comparison.Search(workload, true, static_cast<std::uint64_t>(seed));
      sum += best.score;
      worst = std::max(worst, best.score);
      if (best.score < shown.score) shown = best;
      const BestSink::Best plain = comparison.Search(workload, false, static_cast<std::uint64_t>(seed));
      analytical += comparison.Edp(*workload, plain.hardware, plain.mappings, {});
    }
    const double gain = before / (sum / seeds);
    const double analytical_gain = before / (analytical / seeds);
    log_gain += std::log(gain);
    log_analytical_gain += std::log(analytical_gain);
    std::printf("| %s | %.4g | %d of %zu | %.4g | %.2f | %.2f | %g | %g | %.2f |\n", name, before,
                KnownLayers(*workload, measured), workload->layers.size(), sum / seeds, gain, before / worst,
                shown.hardware[1], shown.hardware[2], analytical_gain);
    std::fflush(stdout);
  }
  const double count = kWorkloads.size();
  std::printf("| geometric mean | | | | %.2f | | | | %.2f |\n", std::exp(log_gain / count),
              std::exp(log_analytical_gain / count));
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const oneloop::MeasuredCycles measured = argc > 1 ? oneloop::ReadMeasured(argv[1]) : oneloop::MeasuredCycles{};
  return oneloop::Run(measured, argc > 2 ? std::atoi(argv[2]) : 5);
}
