#include "tests/common/latency/synthetic.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "common/base/random.h"
#include "common/mapping/random_mapping.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

double SyntheticCycles(const CostModel& model, const LayerShape& shape, const Mapping& mapping) {
  const LayerUse use = model.Use(shape, mapping);
  const double analytical = model.Score(use, model.CostsAt(SyntheticHardware())).latency_cycles;
  const int outermost = model.hardware_template().num_levels() - 1;
  double iterations = 1;
  for (const Dim dim : kAllDims) iterations *= static_cast<double>(mapping.t(outermost, dim));
  const double aspect = static_cast<double>(shape.bound(Dim::kP) * mapping.t(outermost, Dim::kQ)) /
                        static_cast<double>(shape.bound(Dim::kQ) * mapping.t(outermost, Dim::kP));
  return std::round((1.1 * analytical + 40 * iterations + 300) * std::pow(aspect, 0.4));
}

}  // namespace

HardwarePoint SyntheticHardware() { return {16, 256, 64}; }

std::vector<LatencySample> SyntheticSamples(const CostModel& model, int count) {
  constexpr std::array<std::array<std::int64_t, 8>, 6> kBounds = {{{3, 3, 14, 14, 64, 64, 1, 1},
                                                                   {1, 1, 28, 28, 128, 64, 1, 1},
                                                                   {3, 3, 28, 7, 32, 64, 1, 1},
                                                                   {1, 1, 64, 16, 64, 128, 1, 1},
                                                                   {5, 5, 12, 12, 16, 32, 1, 1},
                                                                   {1, 1, 7, 7, 256, 128, 1, 1}}};
  Random random(17);
  std::vector<LatencySample> samples;
  std::set<std::string> known;
  while (samples.size() < static_cast<std::size_t>(count)) {
    LatencySample sample;
    sample.shape.bounds = kBounds[random.Below(kBounds.size())];
    sample.mapping = RandomMapping(model.hardware_template(), sample.shape, random);
    if (!known.insert(FormatMapping(model.hardware_template(), sample.mapping)).second) continue;
    sample.cycles = SyntheticCycles(model, sample.shape, sample.mapping);
    samples.push_back(sample);
  }
  return samples;
}

TrainerOptions QuickTrainer() {
  TrainerOptions options;
  options.networks.members = 2;
  options.networks.epochs = 120;
  options.networks.batch = 32;
  return options;
}

absl::StatusOr<std::vector<LatencySample>> ReadSamples(const std::string& path, const Template& hardware_template) {
  const auto rows = ReadTable(path);
  if (!rows.ok()) return rows.status();
  std::vector<LatencySample> samples;
  for (const TableRow& row : *rows) {
    LatencySample sample;
    for (const Dim dim : kAllDims) {
      if (dim == Dim::kG) continue;
      sample.shape.bounds[static_cast<std::size_t>(dim)] = std::stoll(row.at(std::string(1, Name(dim))));
    }
    sample.shape.w_stride = std::stoll(row.at("Wstride"));
    sample.shape.h_stride = std::stoll(row.at("Hstride"));
    auto mapping = ParseMapping(hardware_template, row.at("mapping"));
    if (!mapping.ok()) return mapping.status();
    sample.mapping = *mapping;
    sample.cycles = std::stod(row.at("rtl_cycles"));
    samples.push_back(sample);
  }
  return samples;
}

}  // namespace oneloop
