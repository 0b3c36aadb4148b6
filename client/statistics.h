#ifndef ONELOOP_CLIENT_STATISTICS_H_
#define ONELOOP_CLIENT_STATISTICS_H_

#include <span>
#include <vector>

namespace oneloop {

struct Summary {
  double mean;
  double median;  // of an even number of values: the mean of the two in the middle
  double least;
  double most;
};

// Of one value or more; infinite ones count as such.
Summary Summarize(std::vector<double> values);

// Of one value or more, all above 0.
double GeometricMean(std::span<const double> values);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_STATISTICS_H_
