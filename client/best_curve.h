#ifndef ONELOOP_CLIENT_BEST_CURVE_H_
#define ONELOOP_CLIENT_BEST_CURVE_H_

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "oneloop/v1/design.pb.h"

namespace oneloop {

// From so many samples on, this is the best EDP (µJ·cycles), until the next step.
struct CurveStep {
  double samples;
  double edp;
};

// Best EDP against samples of one job: samples ascend, EDP falls. Empty when no design was found.
using BestCurve = std::vector<CurveStep>;

// Infinite before the first step.
double BestAt(const BestCurve& curve, double samples);

// Makes a job's curve from its exact points. Its starts run at once, in an order that depends on the machine, so the
// curve takes them as if they took turns sample by sample: after s samples of each of n starts, that is n·s samples of
// the job, the best is that of all points which any start found within its first s samples. The same job gives the same
// curve on any machine.
class BestCurveBuilder {
 public:
  explicit BestCurveBuilder(int starts) : starts_(starts) {}

  // In any order; a point without a finite EDP is left out.
  void Add(const v1::EvaluatedPoint& point);
  BestCurve Build() const;

 private:
  const int starts_;
  std::map<std::int64_t, double> best_;  // by sample of a start
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
