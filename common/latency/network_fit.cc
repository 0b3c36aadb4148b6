#include "common/latency/network_fit.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <utility>

#include "absl/status/status.h"
#include "common/base/random.h"

namespace oneloop {
namespace {

using Place = Eigen::Index;
using Matrix = Eigen::MatrixXf;  // [unit][row]: one column a row
using Array = Eigen::ArrayXXf;

// Inputs that vary less, in log2, are taken to be constant.
constexpr double kSmallestSpread = 1e-6;
// Adam (Kingma and Ba, 2015); the second moment is forgotten faster than usual, as there are few steps.
constexpr float kFirstMoment = 0.9F;
constexpr float kSecondMoment = 0.99F;
constexpr float kTiny = 1e-8F;

std::vector<int> Shuffled(int count, Random& random) {
  std::vector<int> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

Array Activate(const Matrix& sums) {
  const Array x = sums.array().max(-3.0F).min(3.0F);
  const Array square = x * x;
  return x * (27 + square) / (27 + 9 * square);
}
Array ActivationSlope(const Matrix& sums) {
  const Array square = sums.array().max(-3.0F).min(3.0F).square();
  return 9 * ((square - 9) / (27 + 9 * square)).square();
}

// One network: weights [out][in] and biases of three layers.
class Member {
 public:
  Member(Place inputs, const NetworkFitOptions& options, Random& random) : options_(options) {
    const std::array<Place, 4> units = {inputs, options.first_units, options.second_units, 1};
    for (std::size_t l = 0; l < 3; ++l) {
      const bool is_last = l == 2;
      Matrix weights(units[l + 1], units[l]);
      const double spread = std::sqrt(1 / static_cast<double>(units[l])) * (is_last ? 0.3 : 1);
      for (Place i = 0; i < weights.size(); ++i) weights(i) = static_cast<float>(random.Normal() * spread);
      Matrix bias = Matrix::Zero(units[l + 1], 1);
      for (Place i = 0; !is_last && i < bias.size(); ++i) bias(i) = static_cast<float>(random.Normal() * 0.5);
      values_[2 * l] = std::move(weights);
      values_[2 * l + 1] = std::move(bias);
    }
    for (std::size_t i = 0; i < values_.size(); ++i) {
      first_moments_[i] = second_moments_[i] = Matrix::Zero(values_[i].rows(), values_[i].cols());
    }
  }

  const Matrix& weights(int layer) const { return values_[static_cast<std::size_t>(layer) * 2]; }
  const Matrix& bias(int layer) const { return values_[static_cast<std::size_t>(layer) * 2 + 1]; }

  // Outputs of columns of inputs.
  Eigen::RowVectorXf Run(const Matrix& inputs) {
    sums_[0] = (weights(0) * inputs).colwise() + bias(0).col(0);
    outputs_[0] = Activate(sums_[0]);
    sums_[1] = (weights(1) * outputs_[0]).colwise() + bias(1).col(0);
    outputs_[1] = Activate(sums_[1]);
    return ((weights(2) * outputs_[1]).array() + bias(2)(0)).matrix();
  }

  void Learn(const Matrix& inputs, const Eigen::RowVectorXf& targets, float rate) {
    const Eigen::RowVectorXf residuals = Run(inputs) - targets;
    const auto delta = static_cast<float>(options_.delta);
    Matrix slope = (residuals.array() / (1 + (residuals.array() / delta).square()).sqrt()).matrix() /
                   static_cast<float>(inputs.cols());
    ++step_;
    const float first_scale = 1 / (1 - std::pow(kFirstMoment, static_cast<float>(step_)));
    const float second_scale = 1 / (1 - std::pow(kSecondMoment, static_cast<float>(step_)));
    for (int layer = 2; layer >= 0; --layer) {
      const auto l = static_cast<std::size_t>(layer);
      const Matrix& below = layer == 0 ? inputs : outputs_[l - 1];
      Matrix gradient = slope * below.transpose() + static_cast<float>(options_.weight_decay) * weights(layer);
      const Matrix bias_gradient = slope.rowwise().sum();
      if (layer > 0) {
        slope = ((weights(layer).transpose() * slope).array() * ActivationSlope(sums_[l - 1])).matrix();
      }
      Update(2 * l, gradient, rate, first_scale, second_scale);
      Update(2 * l + 1, bias_gradient, rate, first_scale, second_scale);
    }
  }

 private:
  void Update(std::size_t i, const Matrix& gradient, float rate, float first_scale, float second_scale) {
    first_moments_[i] = kFirstMoment * first_moments_[i] + (1 - kFirstMoment) * gradient;
    second_moments_[i] =
        (kSecondMoment * second_moments_[i].array() + (1 - kSecondMoment) * gradient.array().square()).matrix();
    values_[i].array() -=
        rate * first_scale * first_moments_[i].array() / ((second_scale * second_moments_[i].array()).sqrt() + kTiny);
  }

  const NetworkFitOptions& options_;
  std::array<Matrix, 6> values_;  // weights and bias of each layer
  std::array<Matrix, 6> first_moments_;
  std::array<Matrix, 6> second_moments_;
  std::array<Matrix, 2> sums_;
  std::array<Matrix, 2> outputs_;
  int step_ = 0;
};

// Inputs that vary, standardised.
struct Standardised {
  std::vector<int> inputs;
  std::vector<double> mean;
  Matrix columns;
};

Standardised Standardise(std::span<const std::span<const double>> rows, std::span<const int> candidates,
                         NetworkFit* fit) {
  Standardised result;
  const auto count = static_cast<double>(rows.size());
  for (const int candidate : candidates) {
    const auto input = static_cast<std::size_t>(candidate);
    double sum = 0;
    double low = rows[0][input];
    double high = low;
    for (const auto& row : rows) {
      sum += row[input];
      low = std::min(low, row[input]);
      high = std::max(high, row[input]);
    }
    double squares = 0;
    for (const auto& row : rows) squares += (row[input] - sum / count) * (row[input] - sum / count);
    const double spread = std::sqrt(squares / count);
    if (spread < kSmallestSpread) continue;
    result.inputs.push_back(candidate);
    result.mean.push_back(sum / count);
    fit->low.push_back(low);
    fit->high.push_back(high);
    fit->scale.push_back(spread);
  }
  result.columns.resize(static_cast<Place>(result.inputs.size()), static_cast<Place>(rows.size()));
  for (std::size_t i = 0; i < result.inputs.size(); ++i) {
    for (std::size_t r = 0; r < rows.size(); ++r) {
      result.columns(static_cast<Place>(i), static_cast<Place>(r)) =
          static_cast<float>((rows[r][static_cast<std::size_t>(result.inputs[i])] - result.mean[i]) / fit->scale[i]);
    }
  }
  return result;
}

Matrix Columns(const Matrix& all, std::span<const int> which) {
  Matrix columns(all.rows(), static_cast<Place>(which.size()));
  for (std::size_t i = 0; i < which.size(); ++i) columns.col(static_cast<Place>(i)) = all.col(which[i]);
  return columns;
}

// Writes a member behind those before it, with the standardisation taken into its first layer. The three last layers
// are kept in single precision, which they were fitted in.
void Append(const Member& member, const Standardised& data, std::size_t index, NetworkFit* fit) {
  LatencyNetworks& networks = fit->networks;
  const auto first_units = static_cast<std::size_t>(networks.first_units);
  const auto second_units = static_cast<std::size_t>(networks.second_units);
  const std::size_t num_first = static_cast<std::size_t>(networks.members) * first_units;
  for (std::size_t u = 0; u < first_units; ++u) {
    double bias = static_cast<double>(member.bias(0)(static_cast<Place>(u)));
    for (std::size_t i = 0; i < data.inputs.size(); ++i) {
      const double weight =
          static_cast<double>(member.weights(0)(static_cast<Place>(u), static_cast<Place>(i))) / fit->scale[i];
      networks.first[i * num_first + index * first_units + u] = weight;
      bias -= weight * data.mean[i];
    }
    networks.first_bias.push_back(bias);
    for (std::size_t v = 0; v < second_units; ++v) {
      networks.second.push_back(static_cast<double>(member.weights(1)(static_cast<Place>(v), static_cast<Place>(u))));
    }
  }
  for (std::size_t v = 0; v < second_units; ++v) {
    networks.second_bias.push_back(static_cast<double>(member.bias(1)(static_cast<Place>(v))));
    networks.last.push_back(static_cast<double>(member.weights(2)(static_cast<Place>(v))));
  }
  networks.last_bias.push_back(static_cast<double>(member.bias(2)(0)));
}

// Rows that a member is fitted to, and those that it leaves out.
struct Fold {
  std::vector<int> used;
  std::vector<int> left_out;
};

Fold FoldOf(const std::vector<int>& shuffled, int member, int folds) {
  Fold fold;
  for (std::size_t i = 0; i < shuffled.size(); ++i) {
    const bool is_left_out = static_cast<int>(i) % folds == member % folds;
    (is_left_out ? fold.left_out : fold.used).push_back(shuffled[i]);
  }
  return fold;
}

Eigen::RowVectorXf Targets(std::span<const double> all, std::span<const int> which) {
  Eigen::RowVectorXf targets(static_cast<Place>(which.size()));
  for (std::size_t i = 0; i < which.size(); ++i) {
    targets[static_cast<Place>(i)] = static_cast<float>(all[static_cast<std::size_t>(which[i])]);
  }
  return targets;
}

// Which of all rows to learn from.
struct TrainingSet {
  const Matrix& columns;
  std::span<const double> targets;
  std::span<const int> rows;
};

// False when it was stopped.
bool Train(const TrainingSet& set, const NetworkFitOptions& options, Random& random,
           const std::function<bool(double)>& should_stop, Member* member) {
  const std::span<const int> rows = set.rows;
  const auto batch = static_cast<std::size_t>(options.batch);
  const std::size_t batches = (rows.size() + batch - 1) / batch;
  const double steps = static_cast<double>(options.epochs) * static_cast<double>(batches);
  double step = 0;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    std::vector<int> order;
    order.reserve(rows.size());
    for (const int i : Shuffled(static_cast<int>(rows.size()), random)) {
      order.push_back(rows[static_cast<std::size_t>(i)]);
    }
    for (std::size_t b = 0; b < batches; ++b) {
      if (should_stop && should_stop(step / steps)) return false;
      const auto part = std::span<const int>(order).subspan(b * batch, std::min(batch, order.size() - b * batch));
      const double rate = options.learning_rate * 0.5 * (1 + std::cos(std::numbers::pi * ++step / steps));
      member->Learn(Columns(set.columns, part), Targets(set.targets, part), static_cast<float>(rate));
    }
  }
  return true;
}

}  // namespace

absl::StatusOr<NetworkFit> FitNetworks(std::span<const std::span<const double>> rows, std::span<const double> targets,
                                       std::span<const int> candidates, const NetworkFitOptions& options,
                                       const std::function<bool(double)>& should_stop) {
  NetworkFit fit;
  const Standardised data = Standardise(rows, candidates, &fit);
  fit.networks.members = options.members;
  fit.networks.first_units = options.first_units;
  fit.networks.second_units = options.second_units;
  fit.networks.inputs = data.inputs;
  fit.networks.first.resize(data.inputs.size() * static_cast<std::size_t>(options.members * options.first_units));
  Random folds(MixSeed(options.seed, 0));
  const std::vector<int> shuffled = Shuffled(static_cast<int>(rows.size()), folds);
  double error = 0;
  double count = 0;
  for (int m = 0; m < options.members; ++m) {
    Random random(MixSeed(options.seed, static_cast<std::uint64_t>(m) + 1));
    const Fold fold = FoldOf(shuffled, m, options.folds);
    Member member(data.columns.rows(), options, random);
    const auto stop = [&should_stop, m, &options](double done) {
      return should_stop && should_stop((m + done) / options.members);
    };
    if (!Train({data.columns, targets, fold.used}, options, random, stop, &member)) {
      return absl::CancelledError("training was stopped");
    }
    const Eigen::RowVectorXf outputs = member.Run(Columns(data.columns, fold.left_out));
    error += static_cast<double>((outputs - Targets(targets, fold.left_out)).cwiseAbs().sum());
    count += static_cast<double>(fold.left_out.size());
    Append(member, data, static_cast<std::size_t>(m), &fit);
  }
  fit.left_out_sigma = std::sqrt(std::numbers::pi / 2) * error / std::max(count, 1.0);
  return fit;
}

}  // namespace oneloop
