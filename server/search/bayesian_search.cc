#include "server/search/bayesian_search.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "server/search/gaussian_process.h"
#include "server/search/hardware_trial.h"
#include "server/search/layer_proposals.h"
#include "server/search/mapping_sampler.h"
#include "server/search/start_point.h"

namespace oneloop {
namespace {

// About so many samples on each hardware point, on so many points at most.
constexpr std::int64_t kSamplesPerHardware = 100;
constexpr std::int64_t kMaxHardware = 200;
// Random draws before the process outside has its say, and candidates for it then.
constexpr std::int64_t kFirstHardware = 3;
constexpr int kHardwareCandidates = 500;
constexpr int kFitIterations = 60;
// Random samples on a hardware point before the processes inside have theirs, and samples of a batch then.
constexpr std::int64_t kFirstMappings = 30;
constexpr std::int64_t kBatch = 7;

std::int64_t HardwarePoints(std::int64_t samples, bool fixed) {
  return fixed ? 1 : std::clamp<std::int64_t>(samples / kSamplesPerHardware, 1, kMaxHardware);
}

class BayesianStart {
 public:
  BayesianStart(Evaluator& evaluator, Random& random)
      : evaluator_(evaluator),
        random_(random),
        stop_([&evaluator] { return evaluator.Interrupted(); }),
        samplers_(MakeSamplers(evaluator, random)) {
    const SearchSpec& spec = evaluator.spec();
    for (int layer = 0; layer < evaluator.num_layers() && !stop_(); ++layer) {
      layers_.emplace_back(*spec.hardware_template, evaluator.shape(layer));
    }
    for (std::size_t p = 0; p < spec.hardware_range.size(); ++p) {
      if (spec.hardware_range[p].min < spec.hardware_range[p].max) free_.push_back(p);
    }
  }

  StartSummary Run() {
    StartSummary summary;
    const std::int64_t samples = evaluator_.spec().samples_per_start;
    const std::int64_t points = HardwarePoints(samples, free_.empty());
    for (std::int64_t point = 0; point < points && !evaluator_.Finished(); ++point) {
      const std::optional<HardwarePoint> hardware = NextHardware();
      if (!hardware.has_value()) {
        summary.termination = StartSummary::Termination::kDiverged;
        summary.message = NothingFits(*evaluator_.spec().hardware_template);
        break;
      }
      TryHardware(*hardware, samples * (point + 1) / points - samples * point / points);
    }
    return summary;
  }

 private:
  Eigen::RowVectorXd FeaturesOf(const HardwarePoint& hardware) const {
    Eigen::RowVectorXd features(static_cast<Eigen::Index>(free_.size()));
    for (std::size_t i = 0; i < free_.size(); ++i) {
      features[static_cast<Eigen::Index>(i)] = std::log2(hardware[free_[i]]);
    }
    return features;
  }

  Eigen::MatrixXd FeaturesOf(const std::vector<HardwarePoint>& points) const {
    Eigen::MatrixXd features(static_cast<Eigen::Index>(points.size()), static_cast<Eigen::Index>(free_.size()));
    for (std::size_t i = 0; i < points.size(); ++i) features.row(static_cast<Eigen::Index>(i)) = FeaturesOf(points[i]);
    return features;
  }

  std::optional<HardwarePoint> NextHardware() {
    if (static_cast<std::int64_t>(tried_.size()) < kFirstHardware) return DrawHardware(evaluator_, samplers_, random_);
    std::vector<HardwarePoint> candidates;
    for (int i = 0; i < kHardwareCandidates && !stop_(); ++i) {
      std::optional<HardwarePoint> candidate = DrawHardware(evaluator_, samplers_, random_);
      if (!candidate.has_value()) return std::nullopt;
      if (std::find(tried_.begin(), tried_.end(), *candidate) == tried_.end()) {
        candidates.push_back(*std::move(candidate));
      }
    }
    if (candidates.empty()) return DrawHardware(evaluator_, samplers_, random_);
    const Eigen::MatrixXd inputs = FeaturesOf(tried_);
    const Eigen::VectorXd targets =
        Eigen::Map<const Eigen::VectorXd>(merits_.data(), static_cast<Eigen::Index>(merits_.size()));
    // Always from the beginning: few points make for a likelihood with several maxima, and cost little.
    const KernelParameters parameters =
        GaussianProcess::Fit(inputs, targets, KernelParameters::Default(inputs.cols()), kFitIterations, stop_);
    const GaussianProcess::Prediction prediction =
        GaussianProcess(inputs, targets, parameters).Predict(FeaturesOf(candidates));
    const double best = targets.minCoeff();
    std::vector<double> gains;
    for (Eigen::Index i = 0; i < prediction.mean.size(); ++i) {
      gains.push_back(ExpectedImprovement(prediction.mean[i], prediction.deviation[i], best));
    }
    return candidates[Largest(gains, 1).front()];
  }

  void TryHardware(const HardwarePoint& hardware, std::int64_t samples) {
    HardwareTrial trial(evaluator_, SearchPointOrigin::kBayesian, hardware);
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      if (stop_()) return;
      samplers_[i].SetHardware(trial.costs());
      layers_[i].Clear();
    }
    for (std::int64_t used = 0; used < samples && !evaluator_.Finished();) {
      // A short trial still learns from its first half.
      const std::int64_t batch =
          used == 0 ? std::min(kFirstMappings, (samples + 1) / 2) : std::min(kBatch, samples - used);
      if (!TryBatch(batch, trial)) return;
      used += batch;
    }
    tried_.push_back(hardware);
    merits_.push_back(trial.merit());
  }

  // False when the caller wants to stop.
  bool TryBatch(std::int64_t count, HardwareTrial& trial) {
    std::vector<std::vector<Mapping>> proposals;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      proposals.push_back(layers_[i].Propose(static_cast<std::size_t>(count), samplers_[i], random_, stop_));
      if (stop_()) return false;
    }
    std::vector<Mapping> mappings(layers_.size());
    for (std::size_t k = 0; k < static_cast<std::size_t>(count); ++k) {
      if (evaluator_.Finished()) return false;
      for (std::size_t i = 0; i < layers_.size(); ++i) mappings[i] = proposals[i][k];
      trial.Sample(mappings);
      for (std::size_t i = 0; i < layers_.size(); ++i) {
        layers_[i].Observe(mappings[i], trial.LogCost(trial.figures()[i]));
      }
    }
    return true;
  }

  Evaluator& evaluator_;
  Random& random_;
  const std::function<bool()> stop_;
  std::vector<MappingSampler> samplers_;
  std::vector<LayerProposals> layers_;
  std::vector<std::size_t> free_;  // parameters that are not fixed
  std::vector<HardwarePoint> tried_;
  std::vector<double> merits_;  // of the best design on each
};

}  // namespace

std::int64_t MostSamplesOnOneHardware(std::int64_t samples_per_start, bool fixed) {
  const std::int64_t points = HardwarePoints(samples_per_start, fixed);
  return (samples_per_start + points - 1) / points;
}

StartSummary RunBayesianStart(Evaluator& evaluator, Random& random) { return BayesianStart(evaluator, random).Run(); }

}  // namespace oneloop
