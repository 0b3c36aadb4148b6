#include "common/latency/physics_fit.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

// ln(p − 1): the slower of two equal components takes about a third longer than alone.
constexpr double kOverlapPrior = 0.7;
constexpr double kOverlapSigma = 1;
// A step may change no coefficient by more than this factor, exp(2).
constexpr double kLongestStep = 2;

using Place = Eigen::Index;

class Fit {
 public:
  Fit(const Measurements& measurements, std::span<const int> rows, const PhysicsFitOptions& options)
      : features_(measurements.features()), options_(options), num_rows_(static_cast<Place>(rows.size())) {
    const auto& parameters = features_.parameters();
    prior_.resize(static_cast<Place>(parameters.size()) + 1);
    sigma_.resize(prior_.size());
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      prior_[static_cast<Place>(i)] = std::log(parameters[i].prior);
      sigma_[static_cast<Place>(i)] = parameters[i].log_sigma;
    }
    prior_[prior_.size() - 1] = kOverlapPrior;
    sigma_[prior_.size() - 1] = kOverlapSigma;
    CollectWork(measurements, rows);
    CollectWeights(measurements, rows);
  }

  absl::StatusOr<LatencyPhysics> Run(const std::function<bool()>& should_stop) {
    Eigen::VectorXd theta = prior_;
    double loss = Loss(theta);
    double damping = 1e-3;
    for (int i = 0; i < options_.most_iterations && damping < 1e6; ++i) {
      if (should_stop && should_stop()) return absl::CancelledError("training was stopped");
      const Eigen::VectorXd next = theta + Step(theta, damping);
      const double next_loss = Loss(next);
      if (!(next_loss < loss)) {
        damping *= 4;
        continue;
      }
      const bool converged = loss - next_loss < 1e-9 * loss;
      theta = next;
      loss = next_loss;
      damping = std::max(damping / 4, 1e-9);
      if (converged) break;
    }
    LatencyPhysics physics;
    for (Place i = 0; i + 1 < theta.size(); ++i) physics.coefficients.push_back(std::exp(theta[i]));
    physics.p = 1 + std::exp(theta[theta.size() - 1]);
    return physics;
  }

 private:
  // What each coefficient is multiplied by in each row, by component: terms are linear in the coefficients.
  void CollectWork(const Measurements& measurements, std::span<const int> rows) {
    const auto collect = [&](const std::vector<LatencyFeatures::Term>& terms) {
      Eigen::MatrixXd work = Eigen::MatrixXd::Zero(num_rows_, prior_.size() - 1);
      for (Place r = 0; r < num_rows_; ++r) {
        const std::span<const double> inputs = measurements.inputs(rows[static_cast<std::size_t>(r)]);
        for (const LatencyFeatures::Term& term : terms) {
          double log2 = 0;
          if (term.plus != LatencyFeatures::kNoInput) log2 += inputs[ToIndex(term.plus)];
          if (term.minus != LatencyFeatures::kNoInput) log2 -= inputs[ToIndex(term.minus)];
          work(r, term.parameter) += term.scale * std::exp2(log2);
        }
      }
      return work;
    };
    for (const auto& terms : features_.overlapping()) work_.push_back(collect(terms));
    work_.push_back(collect(features_.serial()));
  }

  void CollectWeights(const Measurements& measurements, std::span<const int> rows) {
    std::vector<double> fastest(ToIndex(measurements.num_shapes()), std::numeric_limits<double>::infinity());
    for (const int row : rows) {
      double& best = fastest[ToIndex(measurements.shape(row))];
      best = std::min(best, measurements.log_cycles(row));
    }
    targets_.resize(num_rows_);
    weights_.resize(num_rows_);
    for (Place r = 0; r < num_rows_; ++r) {
      const int row = rows[static_cast<std::size_t>(r)];
      targets_[r] = measurements.log_cycles(row);
      weights_[r] = std::exp(options_.efficiency * (fastest[ToIndex(measurements.shape(row))] - targets_[r]));
    }
    if (num_rows_ > 0) weights_ /= weights_.mean();
  }

  // ln predicted; with its Jacobian when asked for.
  Eigen::VectorXd Predict(const Eigen::VectorXd& theta, Eigen::MatrixXd* jacobian) const {
    const Place num_parameters = theta.size() - 1;
    const Eigen::VectorXd coefficients = theta.head(num_parameters).array().exp();
    const double p = 1 + std::exp(theta[num_parameters]);
    const std::size_t serial = work_.size() - 1;
    std::vector<Eigen::VectorXd> cycles;
    Eigen::ArrayXd slowest = Eigen::ArrayXd::Zero(num_rows_);
    for (const Eigen::MatrixXd& work : work_) cycles.emplace_back(work * coefficients);
    for (std::size_t k = 0; k < serial; ++k) slowest = slowest.max(cycles[k].array());
    Eigen::ArrayXd powers = Eigen::ArrayXd::Zero(num_rows_);
    Eigen::ArrayXd powers_by_log = powers;
    for (std::size_t k = 0; k < serial; ++k) {
      const Eigen::ArrayXd logs = (cycles[k].array() / slowest).max(1e-300).log();
      const Eigen::ArrayXd power = (p * logs).exp();
      powers += power;
      powers_by_log += power * logs;
    }
    const Eigen::ArrayXd joined = slowest * (powers.log() / p).exp();
    const Eigen::ArrayXd total = joined + cycles[serial].array();
    if (jacobian != nullptr) {
      Eigen::MatrixXd slopes = (1 / total).matrix().asDiagonal() * work_[serial];
      for (std::size_t k = 0; k < serial; ++k) {
        const Eigen::ArrayXd weight = ((p - 1) * (cycles[k].array() / joined).max(1e-300).log()).exp() / total;
        slopes += weight.matrix().asDiagonal() * work_[k];
      }
      jacobian->resize(num_rows_, theta.size());
      jacobian->leftCols(num_parameters) = slopes * coefficients.asDiagonal();
      jacobian->col(num_parameters) =
          (p - 1) * (joined / total * (powers_by_log / powers / p - powers.log() / (p * p))).matrix();
    }
    return total.log();
  }

  double Loss(const Eigen::VectorXd& theta) const {
    const double delta = options_.delta;
    double loss = 0.5 * options_.prior_weight * static_cast<double>(num_rows_) *
                  ((theta - prior_).array() / sigma_.array()).square().sum();
    if (num_rows_ == 0) return loss;
    const Eigen::ArrayXd residuals = (Predict(theta, nullptr) - targets_).array() / delta;
    loss += delta * delta * (weights_.array() * ((1 + residuals.square()).sqrt() - 1)).sum();
    return loss;
  }

  Eigen::VectorXd Step(const Eigen::VectorXd& theta, double damping) const {
    if (num_rows_ == 0) return Eigen::VectorXd::Zero(theta.size());
    Eigen::MatrixXd jacobian;
    const Eigen::VectorXd residuals = Predict(theta, &jacobian) - targets_;
    const Eigen::ArrayXd weights = weights_.array() / (1 + (residuals.array() / options_.delta).square()).sqrt();
    const double prior = options_.prior_weight * static_cast<double>(num_rows_);
    const Eigen::VectorXd precision = prior / sigma_.array().square();
    const Eigen::MatrixXd weighted = weights.matrix().asDiagonal() * jacobian;
    Eigen::MatrixXd normal = jacobian.transpose() * weighted;
    normal.diagonal() += precision;
    normal.diagonal() *= 1 + damping;
    const Eigen::VectorXd slope = weighted.transpose() * residuals + precision.cwiseProduct(theta - prior_);
    const Eigen::VectorXd step = normal.ldlt().solve(-slope);
    return step.cwiseMax(-kLongestStep).cwiseMin(kLongestStep);
  }

  const LatencyFeatures& features_;
  const PhysicsFitOptions& options_;
  const Place num_rows_;
  std::vector<Eigen::MatrixXd> work_;  // by component, the serial one last: [row][parameter]
  Eigen::VectorXd prior_;              // of the logarithms, p − 1 last
  Eigen::VectorXd sigma_;
  Eigen::VectorXd targets_;
  Eigen::VectorXd weights_;
};

}  // namespace

absl::StatusOr<LatencyPhysics> FitPhysics(const Measurements& measurements, std::span<const int> rows,
                                          const PhysicsFitOptions& options, const std::function<bool()>& should_stop) {
  return Fit(measurements, rows, options).Run(should_stop);
}

}  // namespace oneloop
