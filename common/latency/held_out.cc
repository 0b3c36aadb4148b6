#include "common/latency/held_out.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <utility>

#include "common/base/random.h"
#include "common/base/status.h"
#include "common/model/latency/latency_predictor.h"

namespace oneloop {
namespace {

struct Split {
  const char* name;
  std::vector<int> train;
  std::vector<int> test;
};

std::vector<int> Shuffled(int count, std::uint64_t seed) {
  Random random(seed);
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

Split SplitBy(const char* name, const std::vector<bool>& is_left_out) {
  Split split{name, {}, {}};
  for (std::size_t row = 0; row < is_left_out.size(); ++row) {
    (is_left_out[row] ? split.test : split.train).push_back(static_cast<int>(row));
  }
  return split;
}

Split RandomSplit(const Measurements& measurements, double share, std::uint64_t seed) {
  std::vector<bool> left_out(static_cast<std::size_t>(measurements.size()));
  const std::vector<int> order = Shuffled(measurements.size(), seed);
  const auto count = static_cast<std::size_t>(std::lround(share * measurements.size()));
  for (std::size_t i = 0; i < count; ++i) left_out[static_cast<std::size_t>(order[i])] = true;
  return SplitBy("random", left_out);
}

Split LayerSplit(const Measurements& measurements, const std::vector<int>& shapes, int part, int parts) {
  std::vector<bool> is_chosen(shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    is_chosen[static_cast<std::size_t>(shapes[i])] = static_cast<int>(i) % parts == part;
  }
  std::vector<bool> left_out(static_cast<std::size_t>(measurements.size()));
  for (int row = 0; row < measurements.size(); ++row) {
    left_out[static_cast<std::size_t>(row)] = is_chosen[static_cast<std::size_t>(measurements.shape(row))];
  }
  return SplitBy("layer", left_out);
}

Split FastestSplit(const Measurements& measurements, double share) {
  std::vector<std::vector<int>> rows(static_cast<std::size_t>(measurements.num_shapes()));
  for (int row = 0; row < measurements.size(); ++row) {
    rows[static_cast<std::size_t>(measurements.shape(row))].push_back(row);
  }
  std::vector<bool> left_out(static_cast<std::size_t>(measurements.size()));
  for (std::vector<int>& of_shape : rows) {
    std::stable_sort(of_shape.begin(), of_shape.end(),
                     [&measurements](int a, int b) { return measurements.log_cycles(a) < measurements.log_cycles(b); });
    const long count = std::max(1L, std::lround(share * static_cast<double>(of_shape.size())));
    for (long i = 0; i < count; ++i) left_out[static_cast<std::size_t>(of_shape[static_cast<std::size_t>(i)])] = true;
  }
  return SplitBy("fastest", left_out);
}

std::vector<Split> MakeSplits(const Measurements& measurements, const HeldOutOptions& options) {
  std::vector<Split> splits;
  for (int i = 0; i < options.random_repeats; ++i) {
    const std::uint64_t seed = MixSeed(options.seed, static_cast<std::uint64_t>(i));
    splits.push_back(RandomSplit(measurements, options.random_share, seed));
  }
  const int parts = std::min(options.layer_repeats, measurements.num_shapes());
  const std::vector<int> shapes = Shuffled(measurements.num_shapes(), MixSeed(options.seed, ~std::uint64_t{0}));
  for (int i = 0; i < parts; ++i) splits.push_back(LayerSplit(measurements, shapes, i, parts));
  splits.push_back(FastestSplit(measurements, options.fastest_share));
  std::erase_if(splits, [](const Split& split) {
    return split.test.size() < 2 || split.train.size() < static_cast<std::size_t>(kFewestMeasurements);
  });
  return splits;
}

// What one predictor says of the rows that were left out.
struct Predictions {
  const char* predictor;
  std::vector<double> log_cycles;
  std::vector<double> log_sigma;  // empty when there is none
};

std::vector<double> Ranks(std::span<const double> numbers) {
  std::vector<std::size_t> order(numbers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [numbers](auto a, auto b) { return numbers[a] < numbers[b]; });
  std::vector<double> ranks(numbers.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && numbers[order[end]] == numbers[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) ranks[order[k]] = 0.5 * static_cast<double>(i + end - 1);
    i = end;
  }
  return ranks;
}

HeldOutRow Compare(const Measurements& measurements, const Split& split, const Predictions& predictions) {
  HeldOutRow row{split.name, predictions.predictor, 0, 0, 0, static_cast<int>(split.test.size())};
  std::vector<double> measured;
  for (std::size_t i = 0; i < split.test.size(); ++i) {
    measured.push_back(measurements.log_cycles(split.test[i]));
    const double error = predictions.log_cycles[i] - measured.back();
    row.mape += std::abs(std::expm1(error));
    if (!predictions.log_sigma.empty() && std::abs(error) <= predictions.log_sigma[i]) row.within_sigma += 1;
  }
  row.mape /= row.rows;
  row.within_sigma /= row.rows;
  row.spearman = Spearman(predictions.log_cycles, measured);
  return row;
}

absl::StatusOr<std::vector<Predictions>> PredictSplit(const Measurements& measurements, const Split& split,
                                                      const TrainerOptions& trainer,
                                                      const std::function<bool(double)>& should_stop) {
  const LatencyFeatures& features = measurements.features();
  const auto part = [&should_stop](double first, double share) {
    return [&should_stop, first, share](double done) { return should_stop && should_stop(first + share * done); };
  };
  ASSIGN_OR_RETURN(LatencyParameters combined_parameters,
                   TrainCombined(measurements, split.train, trainer, part(0, 0.5)));
  ASSIGN_OR_RETURN(LatencyParameters learned_parameters,
                   TrainLearned(measurements, split.train, trainer, part(0.5, 0.5)));
  ASSIGN_OR_RETURN(const auto combined,
                   LatencyPredictor::Create(features.model(), measurements.hardware(), std::move(combined_parameters)));
  ASSIGN_OR_RETURN(const auto learned,
                   LatencyPredictor::Create(features.model(), measurements.hardware(), std::move(learned_parameters)));
  std::vector<Predictions> predictions = {
      {"analytical", {}, {}}, {"physical", {}, {}}, {"learned", {}, {}}, {"combined", {}, {}}};
  for (const int row : split.test) {
    predictions[0].log_cycles.push_back(measurements.log_analytical(row));
    predictions[1].log_cycles.push_back(
        LatencyPredictor::LogPhysics(features, combined->parameters().physics, measurements.inputs(row), {}));
    const std::array<const LatencyPredictor*, 2> fitted = {learned.get(), combined.get()};
    for (std::size_t k = 0; k < fitted.size(); ++k) {
      const LatencyPrediction prediction = fitted[k]->PredictInputs(measurements.inputs(row));
      predictions[2 + k].log_cycles.push_back(std::log(prediction.cycles));
      predictions[2 + k].log_sigma.push_back(prediction.log_sigma);
    }
  }
  return predictions;
}

// Adds one repeat to its line; figures are sums until all are in.
void AddRow(const HeldOutRow& row, std::vector<HeldOutRow>* report, std::vector<int>* repeats) {
  const auto same = std::find_if(report->begin(), report->end(), [&row](const HeldOutRow& other) {
    return other.split == row.split && other.predictor == row.predictor;
  });
  if (same == report->end()) {
    report->push_back(row);
    repeats->push_back(1);
    return;
  }
  same->spearman += row.spearman;
  same->mape += row.mape;
  same->within_sigma += row.within_sigma;
  same->rows += row.rows;
  ++(*repeats)[static_cast<std::size_t>(same - report->begin())];
}

}  // namespace

double Spearman(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> x = Ranks(a);
  const std::vector<double> y = Ranks(b);
  const double mean = 0.5 * (static_cast<double>(x.size()) - 1);
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

absl::StatusOr<std::vector<HeldOutRow>> ReportHeldOut(const Measurements& measurements, const TrainerOptions& trainer,
                                                      const HeldOutOptions& options,
                                                      const std::function<bool(double)>& should_stop) {
  RETURN_IF_ERROR(ValidateTrainerOptions(trainer));
  const std::vector<Split> splits = MakeSplits(measurements, options);
  std::vector<HeldOutRow> report;
  std::vector<int> repeats;
  for (std::size_t i = 0; i < splits.size(); ++i) {
    const auto part = [&should_stop, i, &splits](double done) {
      return should_stop && should_stop((static_cast<double>(i) + done) / static_cast<double>(splits.size()));
    };
    ASSIGN_OR_RETURN(const std::vector<Predictions> predictions, PredictSplit(measurements, splits[i], trainer, part));
    for (const Predictions& of_predictor : predictions) {
      AddRow(Compare(measurements, splits[i], of_predictor), &report, &repeats);
    }
  }
  for (std::size_t i = 0; i < report.size(); ++i) {
    report[i].spearman /= repeats[i];
    report[i].mape /= repeats[i];
    report[i].within_sigma /= repeats[i];
  }
  return report;
}

}  // namespace oneloop
