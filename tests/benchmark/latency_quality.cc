// Held-out errors of the latency predictors on measured latencies: the tables of docs/RESULTS.md.
//
//   latency_quality FILE.csv TEMPLATE [--tiles FILE.csv] [NAME=VALUE...]
//
// FILE.csv has loop bounds, strides, `mapping` and `rtl_cycles`. NAME is a parameter of the template (its greatest
// value when not given), or one of agreement, members, first_units, second_units, epochs, weight_decay, efficiency,
// seed.
// --tiles: latencies of tiles chosen by a heuristic (`default_tile_RSPQCKN`, extents at the level inside the
// outermost), for predictors that have seen the measurements only.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/latency/held_out.h"
#include "common/latency/latency_model.h"
#include "common/latency/measurements.h"
#include "common/latency/trainer.h"
#include "common/model/exact/cost_model.h"
#include "tests/common/latency/synthetic.h"
#include "tests/common/model/reference/count.h"
#include "tests/common/model/reference/factor.h"
#include "tests/common/model/reference/latency_base.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"

namespace oneloop {
namespace {

using Factor = LogFactor<double>;

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

int Fail(const absl::Status& status) {
  std::cerr << status << "\n";
  return 1;
}

struct Settings {
  std::string measurements;
  std::string hardware_template;
  std::string tiles;
  std::map<std::string, double> values;
};

void Apply(const std::map<std::string, double>& values, const Template& hardware_template, HardwarePoint* hardware,
           TrainerOptions* trainer, HeldOutOptions* held_out) {
  for (const ParameterSpec& parameter : hardware_template.spec().parameters) hardware->push_back(parameter.max);
  const std::map<std::string, std::function<void(double)>> options = {
      {"agreement", [&](double value) { trainer->agreement = value; }},
      {"members", [&](double value) { trainer->networks.members = static_cast<int>(value); }},
      {"first_units", [&](double value) { trainer->networks.first_units = static_cast<int>(value); }},
      {"second_units", [&](double value) { trainer->networks.second_units = static_cast<int>(value); }},
      {"epochs", [&](double value) { trainer->networks.epochs = static_cast<int>(value); }},
      {"weight_decay", [&](double value) { trainer->networks.weight_decay = value; }},
      {"efficiency", [&](double value) { trainer->physics.efficiency = value; }},
      {"seed", [&](double value) { held_out->seed = trainer->networks.seed = static_cast<std::uint64_t>(value); }}};
  for (const auto& [name, value] : values) {
    const int parameter = hardware_template.FindParameter(name);
    if (parameter >= 0) {
      (*hardware)[static_cast<std::size_t>(parameter)] = value;
    } else {
      options.at(name)(value);
    }
  }
}

// Real factors of a tile: whole iterations of equal tiles, spatial copies as many as there are, the rest at the
// innermost level that has the loop.
struct TileFactors {
  NestFactors<Factor> nest;
  std::array<std::array<double, kNumDims>, kMaxAxes> spatial{};
};

TileFactors FactorsOfTile(const LatencyFeatures& features, const LayerShape& shape,
                          const std::array<double, kNumDims>& tile) {
  const Template& hardware_template = features.model().hardware_template();
  TileFactors factors;
  for (const Dim dim : kAllDims) {
    const auto d = static_cast<std::size_t>(dim);
    const double iterations = std::max(1.0, std::ceil(static_cast<double>(shape.bound(dim)) / tile[d]));
    factors.nest.temporal[static_cast<std::size_t>(hardware_template.num_levels() - 1)][d] = Factor::Of(iterations);
    double rest = std::log2(static_cast<double>(shape.bound(dim)) / iterations);
    for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
      if (!hardware_template.axes()[a].dims.Has(dim)) continue;
      factors.spatial[a][d] = std::min(rest, features.log2_axis_size(static_cast<int>(a)));
      factors.nest.spatial[static_cast<std::size_t>(hardware_template.axes()[a].level)][d].log2 = factors.spatial[a][d];
      rest -= factors.spatial[a][d];
    }
    int level = 0;
    while (!hardware_template.level(level).temporal.Has(dim)) ++level;
    factors.nest.temporal[static_cast<std::size_t>(level)][d].log2 += rest;
  }
  return factors;
}

// Predicted cycles, by analytical, physical and combined predictor.
struct TileRow {
  double measured;
  std::array<double, 3> predicted;
};

TileRow PredictTile(const LatencyPredictor& predictor, const HardwarePoint& hardware, const TableRow& row) {
  const LatencyFeatures& features = predictor.features();
  const CostModel& model = features.model();
  LayerShape shape;
  std::array<double, kNumDims> tile;
  tile.fill(1);
  std::string text = row.at("default_tile_RSPQCKN") + "_";
  for (std::size_t d = 0; d + 1 < kNumDims; ++d) {
    shape.bounds[d] = std::stoll(row.at(std::string(1, Name(kAllDims[d]))));
    tile[d] = std::stod(text.substr(0, text.find('_')));
    text.erase(0, text.find('_') + 1);
  }
  shape.w_stride = std::stoll(row.at("Wstride"));
  shape.h_stride = std::stoll(row.at("Hstride"));
  const TileFactors factors = FactorsOfTile(features, shape, tile);
  // Outputs stay until they are done.
  std::array<LoopOrder, kMaxLevels> orders;
  orders.fill({Dim::kN, Dim::kG, Dim::kP, Dim::kQ, Dim::kK, Dim::kR, Dim::kS, Dim::kC});
  const auto counts = NestCounter<Factor>(model.structure(), shape, orders, factors.nest).Count();
  LayerUse use{};
  use.macs = static_cast<double>(Macs(shape));
  use.lanes = std::exp2(counts.lanes.log2);
  for (std::size_t l = 0; l < kMaxLevels; ++l) use.instances[l] = std::exp2(counts.instances[l].log2);
  for (std::size_t f = 0; f < model.flows().size(); ++f) {
    const Flow& flow = model.flows()[f];
    const auto& count = counts.tensors[static_cast<std::size_t>(flow.level)][static_cast<std::size_t>(flow.tensor)];
    const std::array<double, 3> words = {count.reads, count.fills, count.updates};
    use.words[f] = words[static_cast<std::size_t>(flow.kind)];
  }
  std::vector<double> base(static_cast<std::size_t>(features.base().size()));
  std::vector<double> inputs(static_cast<std::size_t>(features.num_inputs()));
  SetSmoothBase<double>(features, shape, factors.nest, factors.spatial, counts, base);
  features.SetInputs<double>(base, inputs);
  return {std::stod(row.at("rtl_cycles")),
          {model.Score(use, model.CostsAt(hardware)).latency_cycles,
           std::exp(LatencyPredictor::LogPhysics(features, predictor.parameters().physics, inputs, {})),
           predictor.PredictInputs(inputs).cycles}};
}

int PrintTiles(const LatencyModel& latency, const std::string& path) {
  const auto rows = ReadTable(path);
  if (!rows.ok()) return Fail(rows.status());
  std::vector<double> measured;
  std::array<std::vector<double>, 3> predicted;
  for (const TableRow& row : *rows) {
    const TileRow tile = PredictTile(latency.combined(), latency.hardware(), row);
    measured.push_back(tile.measured);
    for (std::size_t k = 0; k < 3; ++k) predicted[k].push_back(tile.predicted[k]);
  }
  for (std::size_t k = 0; k < 3; ++k) {
    double error = 0;
    for (std::size_t i = 0; i < measured.size(); ++i) error += std::abs(predicted[k][i] / measured[i] - 1);
    constexpr std::array kNames = {"analytical", "physical", "combined"};
    std::printf("| tiles | %s | %zu | %.4f | %.1f %% | |\n", kNames[k], measured.size(),
                Spearman(predicted[k], measured), error / static_cast<double>(measured.size()) * 100);
  }
  return 0;
}

void PrintPredictor(const LatencyPredictor& predictor) {
  const LatencyParameters& parameters = predictor.parameters();
  for (std::size_t i = 0; i < parameters.physics.coefficients.size(); ++i) {
    std::printf("%s %.4g; ", predictor.features().parameters()[i].name.c_str(), parameters.physics.coefficients[i]);
  }
  std::printf("p %.2f; %zu inputs; standard deviation %.3f, without correction %.3f; at most %.2f\n",
              parameters.physics.p, parameters.networks.inputs.size(), parameters.trust.sigma,
              parameters.trust.untrusted_sigma, parameters.trust.most_correction);
}

int Run(const Settings& settings) {
  const CostModel model(ShippedTemplate(settings.hardware_template));
  HardwarePoint hardware;
  TrainerOptions trainer;
  HeldOutOptions held_out;
  Apply(settings.values, model.hardware_template(), &hardware, &trainer, &held_out);
  const auto samples = ReadSamples(settings.measurements, model.hardware_template());
  if (!samples.ok()) return Fail(samples.status());
  const auto measurements = Measurements::Create(model, hardware, *samples);
  if (!measurements.ok()) return Fail(measurements.status());
  const double start = Seconds();
  const auto latency = LatencyModel::Train(**measurements, trainer, nullptr);
  if (!latency.ok()) return Fail(latency.status());
  const double trained = Seconds();
  PrintPredictor((*latency)->combined());
  const auto report = ReportHeldOut(**measurements, trainer, held_out, nullptr);
  if (!report.ok()) return Fail(report.status());
  std::printf("| left out | predictor | rows | Spearman | mean error | within one standard deviation |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const HeldOutRow& row : *report) {
    std::printf("| %s | %s | %d | %.4f | %.1f %% | %.0f %% |\n", row.split.c_str(), row.predictor.c_str(), row.rows,
                row.spearman, row.mape * 100, row.within_sigma * 100);
  }
  const int result = settings.tiles.empty() ? 0 : PrintTiles(**latency, settings.tiles);
  std::printf("trained in %.1f s, report in %.1f s, %zu bytes\n", trained - start, Seconds() - trained,
              (*latency)->Serialize().size());
  return result;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: latency_quality FILE.csv TEMPLATE [--tiles FILE.csv] [NAME=VALUE...]\n";
    return 2;
  }
  oneloop::Settings settings{argv[1], argv[2], "", {}};
  for (int i = 3; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--tiles" && i + 1 < argc) {
      settings.tiles = argv[++i];
      continue;
    }
    const std::size_t equals = argument.find('=');
    settings.values[argument.substr(0, equals)] = std::stod(argument.substr(equals + 1));
  }
  return oneloop::Run(settings);
}
