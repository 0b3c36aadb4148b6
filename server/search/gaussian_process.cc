#include "server/search/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace oneloop {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const double kRootFive = std::sqrt(5.0);

// Bounds of the hyper-parameters, of standardised data.
const double kMinLogLength = std::log(0.05);
const double kMaxLogLength = std::log(1000.0);
const double kMinLogSignal = std::log(0.1);
const double kMaxLogSignal = std::log(10.0);
const double kMinLogNoise = std::log(1e-4);
const double kMaxLogNoise = std::log(1.0);

// Added to the diagonal beside the noise, relative to the signal's variance; grown until the matrix can be factored.
constexpr double kJitter = 1e-10;
constexpr double kMaxJitter = 1e-4;

// Below this standard deviation, relative to the size of the values, an input or target counts as constant.
constexpr double kConstant = 1e-12;

double Scale(double mean, double variance) {
  const double deviation = std::sqrt(std::max(variance, 0.0));
  return deviation > kConstant * std::max(1.0, std::abs(mean)) ? deviation : 1;
}

struct Standardised {
  MatrixXd inputs;
  VectorXd targets;
  Eigen::RowVectorXd input_mean;
  Eigen::RowVectorXd input_scale;
  double target_mean;
  double target_scale;
};

Standardised Standardise(const MatrixXd& inputs, const VectorXd& targets) {
  Standardised data;
  const auto count = static_cast<double>(inputs.rows());
  data.input_mean = inputs.colwise().mean();
  data.inputs = inputs.rowwise() - data.input_mean;
  data.input_scale = data.inputs.colwise().squaredNorm() / count;
  for (Index i = 0; i < inputs.cols(); ++i) data.input_scale[i] = Scale(data.input_mean[i], data.input_scale[i]);
  data.inputs.array().rowwise() /= data.input_scale.array();
  data.target_mean = targets.mean();
  data.targets = targets.array() - data.target_mean;
  data.target_scale = Scale(data.target_mean, data.targets.squaredNorm() / count);
  data.targets /= data.target_scale;
  return data;
}

// √5 r between all rows of a and b, which are in units of the lengths.
MatrixXd ScaledDistances(const MatrixXd& a, const MatrixXd& b) {
  MatrixXd squares = -2 * a * b.transpose();
  squares.colwise() += a.rowwise().squaredNorm();
  squares.rowwise() += b.rowwise().squaredNorm().transpose();
  return kRootFive * squares.cwiseMax(0).cwiseSqrt();
}

MatrixXd ScaleByLength(const MatrixXd& inputs, const KernelParameters& parameters) {
  return inputs.array().rowwise() / parameters.log_length.array().exp().transpose();
}

// From √5 r.
MatrixXd Kernel(const MatrixXd& distances, double signal_variance) {
  return signal_variance * (1 + distances.array() + distances.array().square() / 3) * (-distances.array()).exp();
}

// Factors K plus noise and as much jitter as it takes. False when nothing helps.
bool Factor(const MatrixXd& kernel, const KernelParameters& parameters, Eigen::LLT<MatrixXd>* cholesky) {
  const double noise = std::exp(2 * parameters.log_noise);
  const double signal = std::exp(2 * parameters.log_signal);
  for (double jitter = kJitter; jitter <= kMaxJitter; jitter *= 10) {
    MatrixXd covariance = kernel;
    covariance.diagonal().array() += noise + jitter * signal;
    cholesky->compute(covariance);
    if (cholesky->info() == Eigen::Success) return true;
  }
  return false;
}

// All hyper-parameters in one vector, and their bounds.
VectorXd Pack(const KernelParameters& parameters) {
  VectorXd packed(parameters.log_length.size() + 2);
  packed << parameters.log_length, parameters.log_signal, parameters.log_noise;
  return packed;
}

KernelParameters Unpack(const VectorXd& packed) {
  const Index inputs = packed.size() - 2;
  KernelParameters parameters{packed.head(inputs), packed[inputs], packed[inputs + 1]};
  parameters.log_length = parameters.log_length.cwiseMax(kMinLogLength).cwiseMin(kMaxLogLength);
  parameters.log_signal = std::clamp(parameters.log_signal, kMinLogSignal, kMaxLogSignal);
  parameters.log_noise = std::clamp(parameters.log_noise, kMinLogNoise, kMaxLogNoise);
  return parameters;
}

}  // namespace

KernelParameters KernelParameters::Default(Index inputs) {
  const double length = 0.5 * std::log(static_cast<double>(std::max<Index>(inputs, 1)));
  return {VectorXd::Constant(inputs, length), 0, std::log(0.1)};
}

double LogMarginalLikelihood(const MatrixXd& inputs, const VectorXd& targets, const KernelParameters& parameters,
                             VectorXd* gradient) {
  const Index count = inputs.rows();
  const Index num_lengths = inputs.cols();
  if (gradient != nullptr) *gradient = VectorXd::Zero(num_lengths + 2);
  const MatrixXd scaled = ScaleByLength(inputs, parameters);
  const MatrixXd distances = ScaledDistances(scaled, scaled);
  const double signal = std::exp(2 * parameters.log_signal);
  const MatrixXd kernel = Kernel(distances, signal);
  Eigen::LLT<MatrixXd> cholesky;
  if (!Factor(kernel, parameters, &cholesky)) return -kInfinity;
  const VectorXd weights = cholesky.solve(targets);
  const double log_root_determinant = cholesky.matrixLLT().diagonal().array().log().sum();
  const double likelihood = -0.5 * targets.dot(weights) - log_root_determinant -
                            0.5 * static_cast<double>(count) * std::log(2 * 3.14159265358979323846);
  if (gradient == nullptr) return likelihood;

  // ½ tr((w wᵀ − K⁻¹) ∂K/∂θ), for all lengths at once: ∂k/∂log ℓᵢ = B (aᵢ − bᵢ)²/ℓᵢ² with B below, and
  // ½ Σ M (aᵢ − bᵢ)² = Σ_a (Σ_b M) aᵢ² − aᵢᵀ M aᵢ for symmetric M.
  MatrixXd slope = -cholesky.solve(MatrixXd::Identity(count, count));
  slope.noalias() += weights * weights.transpose();
  const MatrixXd weighed = slope.array() * (signal * 5.0 / 3 * (1 + distances.array()) * (-distances.array()).exp());
  const VectorXd row_sums = weighed.rowwise().sum();
  gradient->head(num_lengths) = scaled.array().square().matrix().transpose() * row_sums -
                                scaled.cwiseProduct(weighed * scaled).colwise().sum().transpose();
  (*gradient)[num_lengths] = slope.cwiseProduct(kernel).sum();
  (*gradient)[num_lengths + 1] = slope.trace() * std::exp(2 * parameters.log_noise);
  return likelihood;
}

double ExpectedImprovement(double mean, double deviation, double best) {
  const double gain = best - mean;
  if (!(deviation > 0)) return std::max(gain, 0.0);
  const double z = gain / deviation;
  const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979323846);
  const double below = 0.5 * std::erfc(-z / std::sqrt(2.0));
  return std::max(gain * below + deviation * density, 0.0);
}

GaussianProcess::GaussianProcess(const MatrixXd& inputs, const VectorXd& targets, KernelParameters parameters)
    : parameters_(std::move(parameters)) {
  Standardised data = Standardise(inputs, targets);
  input_mean_ = std::move(data.input_mean);
  input_scale_ = data.input_scale.array() * parameters_.log_length.array().exp().transpose();
  target_mean_ = data.target_mean;
  target_scale_ = data.target_scale;
  scaled_ = ScaleByLength(data.inputs, parameters_);
  const MatrixXd kernel = Kernel(ScaledDistances(scaled_, scaled_), std::exp(2 * parameters_.log_signal));
  while (!Factor(kernel, parameters_, &cholesky_)) parameters_.log_noise += 1;
  weights_ = cholesky_.solve(data.targets);
}

KernelParameters GaussianProcess::Fit(const MatrixXd& inputs, const VectorXd& targets, const KernelParameters& begin,
                                      int iterations, const std::function<bool()>& stop) {
  const Standardised data = Standardise(inputs, targets);
  KernelParameters best = Unpack(Pack(begin));
  VectorXd at = Pack(best);
  VectorXd step = VectorXd::Constant(at.size(), 0.2);
  VectorXd last_gradient = VectorXd::Zero(at.size());
  double best_likelihood = -kInfinity;
  for (int iteration = 0; iteration < iterations && !stop(); ++iteration) {
    VectorXd gradient;
    const double likelihood = LogMarginalLikelihood(data.inputs, data.targets, Unpack(at), &gradient);
    if (likelihood > best_likelihood) {
      best_likelihood = likelihood;
      best = Unpack(at);
    }
    for (Index i = 0; i < at.size(); ++i) {
      const double agreement = gradient[i] * last_gradient[i];
      if (agreement > 0) step[i] = std::min(step[i] * 1.2, 1.0);
      if (agreement < 0) {
        step[i] = std::max(step[i] * 0.5, 1e-3);
        gradient[i] = 0;
      }
      if (gradient[i] != 0) at[i] += gradient[i] > 0 ? step[i] : -step[i];
    }
    at = Pack(Unpack(at));
    last_gradient = gradient;
  }
  return best;
}

GaussianProcess::Prediction GaussianProcess::Predict(const MatrixXd& inputs) const {
  const MatrixXd scaled = (inputs.rowwise() - input_mean_).array().rowwise() / input_scale_.array();
  const double signal = std::exp(2 * parameters_.log_signal);
  MatrixXd cross = Kernel(ScaledDistances(scaled_, scaled), signal);
  Prediction prediction;
  prediction.mean = (cross.transpose() * weights_).array() * target_scale_ + target_mean_;
  cholesky_.matrixL().solveInPlace(cross);
  const VectorXd variance = signal - cross.colwise().squaredNorm().transpose().array();
  prediction.deviation = variance.cwiseMax(0).cwiseSqrt() * target_scale_;
  return prediction;
}

}  // namespace oneloop
