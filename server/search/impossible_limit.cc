#include "server/search/impossible_limit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

constexpr std::string_view kEnergy = "energy_uj";
constexpr std::string_view kLatency = "latency_cycles";
constexpr std::string_view kEdp = "edp";

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

Objective ObjectiveOf(std::string_view quantity) {
  if (quantity == kEnergy) return Objective::kEnergy;
  return quantity == kLatency ? Objective::kLatency : Objective::kEdp;
}

}  // namespace

std::optional<ImpossibleLimit> FindImpossibleLimit(const SearchSpec& spec, const ProvenLeast& proven) {
  struct Known {
    std::string_view quantity;
    std::optional<double> most;
    double least;
  };
  const std::array<Known, 3> all = {
      Known{kEnergy, spec.limits.energy_uj, proven.energy_uj},
      Known{kLatency, spec.limits.latency_cycles, proven.latency_cycles},
      Known{kEdp, spec.limits.edp, proven.energy_uj * proven.latency_cycles},
  };
  for (const Known& known : all) {
    // The objective has a bound of its own, and often a higher one.
    const bool is_objective = ObjectiveOf(known.quantity) == spec.objective;
    const double least = is_objective ? std::max(known.least, proven.objective) : known.least;
    if (known.most && Contradicts(*known.most, least)) return ImpossibleLimit{known.quantity, *known.most, least};
  }
  return std::nullopt;
}

std::optional<std::string> TellImpossibleLimit(const SearchSpec& spec, const ImpossibleLimit& limit,
                                               const std::function<bool()>& stop_requested) {
  SearchSpec probe = spec;
  probe.limits = {};
  probe.limits.area_mm2 = spec.limits.area_mm2;
  probe.objective = ObjectiveOf(limit.quantity);
  probe.algorithm = Algorithm::kGradient;
  probe.starts = 1;
  probe.samples_per_start = kSamples;
  probe.stop_score = limit.least;
  BestScore best(stop_requested);
  if (RunStart(probe, 0, best).termination == StartSummary::Termination::kStopped) return std::nullopt;
  std::string text =
      absl::StrCat("limit ", ToAbsl(limit.quantity), " <= ", ExactNumber(limit.most),
                   " is impossible: it is proven that every design has at least ", ExactNumber(limit.least));
  if (std::isfinite(best.score())) {
    absl::StrAppend(&text, "; the nearest value that a design was found for is ", ExactNumber(best.score()));
  }
  return text;
}

}  // namespace oneloop
