#include "common/mapping/awkward_bounds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/cut_text.h"
#include "common/base/printable_text.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/factorize.h"

namespace oneloop {
namespace {

constexpr std::size_t kMostTold = 3;
constexpr std::size_t kMostLookedAt = 500;
constexpr std::size_t kLongestLayerName = 60;
// Below this share of what any factor would keep busy, a divisor is awkward; a padded bound that reaches the other is
// good.
constexpr double kAwkwardShare = 0.75;
constexpr double kGoodShare = 0.9;
// Between successive divisors; tiles of 16 and less fit whole.
constexpr std::int64_t kWidestGap = 16;
// Bounds that are tried for the next good one.
constexpr std::int64_t kMostTried = 1000;

// Copies along an axis that are busy at a time, in the mean over all steps, with the best factor of any kind.
double BusyAtBest(std::int64_t bound, std::int64_t size) {
  return static_cast<double>(bound) / static_cast<double>(LeftOutside(bound, std::min(bound, size)));
}

// Successive divisors with more than kWidestGap between them.
std::optional<std::pair<std::int64_t, std::int64_t>> GapOf(std::int64_t bound) {
  if (bound <= kWidestGap) return std::nullopt;
  const std::vector<std::int64_t> divisors = Divisors(bound);
  for (std::size_t i = 1; i < divisors.size(); ++i) {
    if (divisors[i] / divisors[i - 1] > kWidestGap) return std::pair{divisors[i - 1], divisors[i]};
  }
  return std::nullopt;
}

// The next larger bound that is good, unless it is far.
template <class IsGood>
std::optional<std::int64_t> NextGood(std::int64_t bound, IsGood is_good) {
  for (std::int64_t next = bound + 1; next <= std::min(bound + kMostTried, kMaxBound); ++next) {
    if (is_good(next)) return next;
  }
  return std::nullopt;
}

struct Axis {
  const Template::Axis* axis;
  std::int64_t size;
};

class Finder {
 public:
  Finder(const Template& hardware_template, const HardwarePoint& largest)
      : template_(hardware_template), space_(hardware_template) {
    for (const Resource& resource : template_.resources()) {
      if (!resource.is_axis()) continue;
      const double size = std::clamp(resource.limit.Evaluate(largest), 1.0, static_cast<double>(kMaxBound));
      axes_.push_back({&template_.axes()[ToIndex(resource.axis)], static_cast<std::int64_t>(size)});
    }
  }

  std::vector<std::string> Find(const Workload& workload) {
    // Idle copies cost more than tiles of another size.
    for (const Layer& layer : workload.layers) {
      for (const Axis& axis : axes_) LookAlong(layer, axis);
    }
    for (const Layer& layer : workload.layers) {
      for (const Dim dim : kAllDims) LookAtTiles(layer, dim);
    }
    if (found_.size() > told_.size()) {
      told_.push_back(absl::StrCat(found_.size() - told_.size(), " more bounds are as awkward"));
    }
    return std::move(told_);
  }

 private:
  // Whether there is time for one that has not been looked at, which it then has been.
  bool IsNew(std::set<std::vector<std::int64_t>>* seen, std::vector<std::int64_t> key) {
    return seen->size() < kMostLookedAt && seen->insert(std::move(key)).second;
  }

  void LookAlong(const Layer& layer, const Axis& along) {
    const int index = static_cast<int>(along.axis - template_.axes().data());
    std::vector<std::int64_t> key = {index};
    double best = 0;
    Dim best_dim = Dim::kR;
    for (const Dim dim : kAllDims) {
      if (!along.axis->dims.Has(dim)) continue;
      const std::int64_t bound = layer.shape.bound(dim);
      key.push_back(bound);
      if (BusyAtBest(bound, along.size) <= best) continue;
      best = BusyAtBest(bound, along.size);
      best_dim = dim;
    }
    if (!IsNew(&axes_seen_, std::move(key))) return;
    for (const Dim dim : kAllDims) {
      if (!along.axis->dims.Has(dim)) continue;
      const std::int64_t bound = layer.shape.bound(dim);
      const double busy = space_.MustDivide({true, index}, dim)
                              ? static_cast<double>(LargestDivisorWithin(bound, along.size))
                              : BusyAtBest(bound, along.size);
      if (busy >= kAwkwardShare * best) return;
    }
    if (!IsToBeTold(best_dim, layer)) return;
    const std::int64_t bound = layer.shape.bound(best_dim);
    const std::optional<std::int64_t> next = NextGood(bound, [&](std::int64_t padded) {
      const std::int64_t runs = padded / LargestDivisorWithin(padded, along.size);
      return kGoodShare * static_cast<double>(runs) <= static_cast<double>(LeftOutside(bound, along.size));
    });
    Tell(layer, best_dim,
         absl::StrCat(
             "its largest divisor for axis ", along.axis->name, " of level ", template_.level(along.axis->level).name,
             ", of ", along.size, " at most, is ", LargestDivisorWithin(bound, along.size),
             next.has_value()
                 ? absl::StrCat("; padded to ", *next, " it would be ", LargestDivisorWithin(*next, along.size))
                 : std::string()));
  }

  void LookAtTiles(const Layer& layer, Dim dim) {
    const std::int64_t bound = layer.shape.bound(dim);
    if (!space_.IsPerfect(dim) || bound <= kWidestGap || !IsNew(&tiles_seen_, {Index(dim), bound})) return;
    const auto gap = GapOf(bound);
    if (!gap.has_value() || !IsToBeTold(dim, layer)) return;
    const std::optional<std::int64_t> next =
        NextGood(bound, [](std::int64_t padded) { return !GapOf(padded).has_value(); });
    Tell(layer, dim,
         absl::StrCat("tiles of it are at most ", gap->first, " or at least ", gap->second,
                      next.has_value() ? absl::StrCat("; padded to ", *next, " it would have divisors between")
                                       : std::string()));
  }

  // Of those after the first ones nothing is worked out but how many they are.
  bool IsToBeTold(Dim dim, const Layer& layer) {
    return found_.emplace(dim, layer.shape.bound(dim)).second && told_.size() < kMostTold;
  }

  void Tell(const Layer& layer, Dim dim, const std::string& why) {
    const std::int64_t bound = layer.shape.bound(dim);
    told_.push_back(absl::StrCat("layer '", CutText(PrintableText(layer.name), kLongestLayerName), "' has ",
                                 std::string(1, Name(dim)), " = ", bound,
                                 PrimeFactors(bound).size() == 1 ? ", a prime" : "", ": ", why));
  }

  const Template& template_;
  const FactorSpace space_;
  std::vector<Axis> axes_;
  std::set<std::vector<std::int64_t>> axes_seen_;
  std::set<std::vector<std::int64_t>> tiles_seen_;
  std::set<std::pair<Dim, std::int64_t>> found_;
  std::vector<std::string> told_;
};

}  // namespace

std::vector<std::string> AwkwardBounds(const Template& hardware_template, const Workload& workload,
                                       const HardwarePoint& largest) {
  return Finder(hardware_template, largest).Find(workload);
}

}  // namespace oneloop
