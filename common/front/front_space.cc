#include "common/front/front_space.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::array<const char*, 3> kNames = {"energy", "latency", "area"};
constexpr char kValid[] = "valid: two or three of energy, latency and area, for example energy,area";

FrontPoint Log2Of(const FrontPoint& point) {
  return {std::log2(point[kEnergyFigure]), std::log2(point[kLatencyFigure]), std::log2(point[kAreaFigure])};
}

}  // namespace

absl::StatusOr<FrontSpace> FrontSpace::Parse(std::string_view text) {
  FrontSpace space;
  space.has_ = {};
  for (const absl::string_view part : absl::StrSplit(ToAbsl(text), ',')) {
    const std::string name(absl::StripAsciiWhitespace(part));
    // A slower design may take less power, so that designs which energy, latency and area rule out would belong to it.
    if (name == "power") return FieldError("", absl::StrCat("has power, which fronts are not over; ", kValid));
    const auto* const found = std::find(kNames.begin(), kNames.end(), name);
    if (found == kNames.end()) {
      return FieldError("", name.empty() ? absl::StrCat("is '", ToAbsl(text), "'; ", kValid)
                                         : absl::StrCat("has no metric '", name, "'",
                                                        SuggestName(name, {kNames.begin(), kNames.end()})));
    }
    bool& has = space.has_[static_cast<std::size_t>(found - kNames.begin())];
    if (has) return FieldError("", absl::StrCat("has ", name, " twice; ", kValid));
    has = true;
  }
  if (space.size() < 2) return FieldError("", absl::StrCat("has ", ToAbsl(text), " alone; ", kValid));
  return space;
}

std::size_t FrontSpace::size() const { return static_cast<std::size_t>(std::count(has_.begin(), has_.end(), true)); }

std::string FrontSpace::ToString() const {
  std::string text;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (has_[i]) absl::StrAppend(&text, text.empty() ? "" : ",", kNames[i]);
  }
  return text;
}

FrontPoint FrontSpace::Project(const FrontPoint& point) const {
  FrontPoint projected = point;
  for (std::size_t i = 0; i < has_.size(); ++i) {
    if (!has_[i]) projected[i] = 1;
  }
  return projected;
}

Front FrontSpace::FrontOf(std::vector<FrontPoint> points) const {
  for (FrontPoint& point : points) point = Project(point);
  return Front(std::move(points));
}

FrontPoint FrontSpace::ReferenceOf(const Front& front) const {
  FrontPoint reference = oneloop::ReferenceOf(front);
  for (std::size_t i = 0; i < has_.size(); ++i) {
    if (!has_[i]) reference[i] = 2;
  }
  return reference;
}

double LogHypervolume(const Front& front, const FrontPoint& reference) {
  std::vector<FrontPoint> points;
  for (const FrontPoint& point : front.points()) points.push_back(Log2Of(point));
  return Front(std::move(points)).Hypervolume(Log2Of(reference));
}

}  // namespace oneloop
