#ifndef ONELOOP_SERVER_SEARCH_GAUSSIAN_PROCESS_H_
#define ONELOOP_SERVER_SEARCH_GAUSSIAN_PROCESS_H_

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <functional>

namespace oneloop {

// Regression by a Gaussian process with a Matérn 5/2 kernel and one length per input (Rasmussen and Williams,
// "Gaussian Processes for Machine Learning", 2006, equations 2.23, 2.24, 4.17, 5.8 and 5.9):
//
//   k(a, b) = exp(2 log_signal) (1 + √5 r + 5/3 r²) exp(−√5 r),   r² = Σ_i ((a_i − b_i) / exp(log_length_i))²
//   y = f(x) + noise of standard deviation exp(log_noise)
//
// Inputs and targets are standardised to mean 0 and variance 1 first; the hyper-parameters are in those units. One row
// of a matrix is one input.
struct KernelParameters {
  Eigen::VectorXd log_length;
  double log_signal = 0;
  double log_noise = 0;

  // Where a fit begins when nothing better is known: lengths that grow with the number of inputs, as their distances
  // do.
  static KernelParameters Default(Eigen::Index inputs);
};

// log p(targets | inputs), of values as they are, without standardising. When `gradient` is not null it receives the
// derivatives with respect to log_length (in order), log_signal and log_noise. −infinity, and a zero gradient, when
// the kernel matrix is singular in double precision. Smooth. Cost: n³ for n inputs, and n² per length.
double LogMarginalLikelihood(const Eigen::MatrixXd& inputs, const Eigen::VectorXd& targets,
                             const KernelParameters& parameters, Eigen::VectorXd* gradient);

// How far below `best` a normal variable lies on average, counting 0 above it: its expected improvement. At
// deviation 0 it is max(best − mean, 0).
double ExpectedImprovement(double mean, double deviation, double best);

// A posterior. Immutable; all methods are thread-safe.
class GaussianProcess {
 public:
  struct Prediction {
    Eigen::VectorXd mean;
    Eigen::VectorXd deviation;  // standard, of f alone, without the noise; ≥ 0
  };

  // Conditions on data under given hyper-parameters. Preconditions: at least one row, all values finite, one target a
  // row and one length a column. Inputs that are all alike carry no information and are harmless; so are doubled rows
  // and targets that are all alike.
  GaussianProcess(const Eigen::MatrixXd& inputs, const Eigen::VectorXd& targets, KernelParameters parameters);

  // The hyper-parameters of greatest marginal likelihood that `iterations` of resilient gradient ascent (Riedmiller and
  // Braun, 1993) find from `begin`, within bounds that keep lengths between 0.05 and 1,000 standard deviations. Asks
  // `stop` at every iteration and returns the best so far when it is true.
  static KernelParameters Fit(const Eigen::MatrixXd& inputs, const Eigen::VectorXd& targets,
                              const KernelParameters& begin, int iterations, const std::function<bool()>& stop);

  // In the units of the data.
  Prediction Predict(const Eigen::MatrixXd& inputs) const;
  const KernelParameters& parameters() const { return parameters_; }

 private:
  KernelParameters parameters_;
  Eigen::RowVectorXd input_mean_;
  Eigen::RowVectorXd input_scale_;  // standard deviation times length
  double target_mean_ = 0;
  double target_scale_ = 1;
  Eigen::MatrixXd scaled_;  // inputs, standardised and divided by the lengths
  Eigen::LLT<Eigen::MatrixXd> cholesky_;
  Eigen::VectorXd weights_;  // K⁻¹ y
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_GAUSSIAN_PROCESS_H_
