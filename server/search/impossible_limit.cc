#include "server/search/impossible_limit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

// Enough to come to the least latency, or near to the least energy, of the shipped networks.
constexpr std::int64_t kSamples = 500;

// The least score of what is found.
class BestScore : public PointSink {
 public:
  explicit BestScore(const std::function<bool()>& stop_requested) : stop_requested_(stop_requested) {}
  void OnPoint(const SearchPoint& point) override { score_ = std::min(score_, point.score); }
  bool StopRequested() override { return stop_requested_(); }
  double score() const { return score_; }

 private:
  const std::function<bool()>& stop_requested_;
  double score_ = std::numeric_limits<double>::infinity();
};

// Whether the limit is about the hardware alone.
bool IsOfAreaAlone(const MetricLimit& limit) {
  return InfoOf(limit.quantity).product == MetricProduct::Of(Metric::kArea);
}

}  // namespace

std::optional<ImpossibleLimit> FindImpossibleLimit(const SearchSpec& spec, const ProvenLeast& proven) {
  const double clock_mhz = spec.hardware_template->spec().clock_mhz.value_or(0);
  const MetricBox box{.least = {proven.energy_uj, proven.latency_cycles, 0}};
  for (const MetricLimit& limit : spec.limits) {
    const QuantityInfo& quantity = InfoOf(limit.quantity);
    double least = MetricForm(quantity.product, *spec.hardware_template).LeastValue(box);
    // The objective has a bound of its own, and often a higher one.
    if (quantity.product == spec.objective) least = std::max(least, proven.objective);
    if (!Contradicts(quantity.ProductAt(limit.bound, clock_mhz), least)) continue;
    return ImpossibleLimit{limit, quantity.ValueAt(least, clock_mhz)};
  }
  return std::nullopt;
}

std::optional<std::string> TellImpossibleLimit(const SearchSpec& spec, const ImpossibleLimit& impossible,
                                               const std::function<bool()>& stop_requested) {
  const QuantityInfo& quantity = InfoOf(impossible.limit.quantity);
  const double clock_mhz = spec.hardware_template->spec().clock_mhz.value_or(0);
  SearchSpec probe = spec;
  std::erase_if(probe.limits, [](const MetricLimit& limit) { return !IsOfAreaAlone(limit); });
  probe.objective = quantity.product;
  probe.algorithm = Algorithm::kGradient;
  probe.starts = 1;
  probe.samples_per_start = kSamples;
  probe.stop_score = quantity.ProductAt(impossible.proven, clock_mhz);
  BestScore best(stop_requested);
  if (RunStart(probe, 0, best).termination == StartSummary::Termination::kStopped) return std::nullopt;
  std::string text = absl::StrCat("limit ", ToAbsl(quantity.name),
                                  quantity.at_least ? " >= " : " <= ", ExactNumber(impossible.limit.bound),
                                  " is impossible: it is proven that every design ", "has at ",
                                  quantity.at_least ? "most " : "least ", ExactNumber(impossible.proven));
  if (std::isfinite(best.score())) {
    absl::StrAppend(&text, "; the nearest value that a design was found for is ",
                    ExactNumber(quantity.ValueAt(best.score(), clock_mhz)));
  }
  return text;
}

}  // namespace oneloop
