#ifndef ONELOOP_CLIENT_BEST_CURVE_H_
#define ONELOOP_CLIENT_BEST_CURVE_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace oneloop {

// From so many samples on, this is the best value of a figure that is minimised, until the next step.
struct CurveStep {
  double samples;
  double value;
};

// The best against samples of one job: samples ascend, values fall. Empty when no design was found.
using BestCurve = std::vector<CurveStep>;

// Infinite before the first step.
double BestAt(const BestCurve& curve, double samples);

// Makes a job's curve from its exact points. Its starts run at once, in an order that depends on the machine, so the
// curve takes them as if they took turns sample by sample: after s samples of each of n starts, that is n·s samples of
// the job, the best is that of all points which any start found within its first s samples. The same job gives the same
// curve on any machine. Holds no more than the curve's steps, however many points there are.
class BestCurveBuilder {
 public:
  explicit BestCurveBuilder(int starts) : starts_(starts) {}

  // A point that a start found at its sample `sample`, in any order; a value that is not finite is left out.
  void Add(std::int64_t sample, double value);
  BestCurve Build() const;

 private:
  const int starts_;
  std::map<std::int64_t, double> best_;  // by sample of a start; each below all before it
};

// The curves of several seeds together: from so many samples on, until the next step.
struct BandStep {
  double samples;
  double least;
  double median;
  double most;
};

// From where every curve has begun; empty when one never does.
std::vector<BandStep> BandOf(std::span<const BestCurve> curves);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_BEST_CURVE_H_
