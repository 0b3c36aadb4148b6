#include "common/hardware/mapping_rules.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/hardware/level_rules.h"

namespace oneloop {
namespace {

std::string NameText(Dim dim) { return std::string(1, Name(dim)); }

// Where factors of dimensions may stand.
struct Place {
  DimSet* dims;
  DimSet* perfect_dims;
  FactorRanges* ranges;
  bool is_axis;
  std::string path;             // of the field `factors`
  std::string_view dims_field;  // beside it
};

std::vector<Place> PlacesOf(std::vector<LevelSpec>* levels) {
  std::vector<Place> places;
  for (std::size_t l = 0; l < levels->size(); ++l) {
    LevelSpec& level = (*levels)[l];
    const std::string path = IndexPath("levels", l);
    for (std::size_t a = 0; a < level.spatial.size(); ++a) {
      AxisSpec& axis = level.spatial[a];
      places.push_back({&axis.dims, &axis.perfect_dims, &axis.factors, true,
                        absl::StrCat(path, ".", IndexPath("spatial", a), ".factors"), "dims"});
    }
    places.push_back({&level.temporal, &level.perfect_dims, &level.factors, false, path + ".factors", "temporal"});
  }
  return places;
}

std::string AtLeast(Dim dim, const FactorRange& range) {
  return range.is_whole ? absl::StrCat("all of ", NameText(dim)) : absl::StrCat(NameText(dim), ">=", range.least);
}

absl::Status ValidateRange(const Place& place, Dim dim) {
  const FactorRange& range = (*place.ranges)[ToIndex(dim)];
  if (range.IsFree()) return absl::OkStatus();
  if (range.least < 1 || range.least > range.most || range.most > kMaxBound) {
    return FieldError(place.path, absl::StrCat("leave ", NameText(dim), " no factor: ", range.least, " to ", range.most,
                                               "; valid: a range within 1 to ", kMaxBound));
  }
  if (range.is_whole && (range.least > 1 || range.most < kMaxBound)) {
    return FieldError(place.path,
                      absl::StrCat("ask for the whole bound of ", NameText(dim), " and for a range; give one of them"));
  }
  if ((range.least > 1 || range.is_whole) && !place.dims->Has(dim)) {
    return FieldError(place.path, absl::StrCat("ask for ", AtLeast(dim, range), ", which `", ToAbsl(place.dims_field),
                                               "` does not take; add it there, or leave the factor out"));
  }
  return absl::OkStatus();
}

// An axis keeps its only dimension, with the factor 1.
void TakeOut(const Place& place, Dim dim) {
  if (place.is_axis && *place.dims == DimSet{dim}) {
    (*place.ranges)[ToIndex(dim)] = {.least = 1, .most = 1};
    return;
  }
  place.dims->Remove(dim);
  place.perfect_dims->Remove(dim);
}

absl::Status ResolveDim(const std::vector<Place>& places, Dim dim) {
  const Place* whole = nullptr;
  for (const Place& place : places) {
    RETURN_IF_ERROR(ValidateRange(place, dim));
    if (!(*place.ranges)[ToIndex(dim)].is_whole) continue;
    if (whole != nullptr) {
      return FieldError(place.path, absl::StrCat("ask for the whole bound of ", NameText(dim), ", as ", whole->path,
                                                 " do; it can stand in one place"));
    }
    whole = &place;
  }
  bool has_place = false;
  for (const Place& place : places) {
    const FactorRange& range = (*place.ranges)[ToIndex(dim)];
    if (whole != nullptr && &place != whole && range.least > 1) {
      return FieldError(place.path, absl::StrCat("ask for ", AtLeast(dim, range), ", and ", whole->path,
                                                 " for the whole bound of ", NameText(dim), ", which leaves 1"));
    }
    if (range.most == 1 || (whole != nullptr && &place != whole)) TakeOut(place, dim);
    has_place = has_place || place.dims->Has(dim);
  }
  if (!has_place) {
    places.back().dims->Add(dim);
    (*places.back().ranges)[ToIndex(dim)] = {.least = 1, .most = 1};
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ResolveFactors(std::vector<LevelSpec>* levels) {
  const std::vector<Place> places = PlacesOf(levels);
  for (const Dim dim : kAllDims) RETURN_IF_ERROR(ResolveDim(places, dim));
  return absl::OkStatus();
}

absl::StatusOr<Template::LoopsInside> ResolveOrder(const OrderSpec& order) {
  Template::LoopsInside inside{};
  DimSet listed;
  for (std::size_t i = 0; i < order.innermost.size(); ++i) {
    const Dim dim = order.innermost[i];
    if (listed.Has(dim)) {
      return FieldError(IndexPath("innermost", i), absl::StrCat("'", NameText(dim), "' is there twice"));
    }
    for (const Dim other : kAllDims) {
      if (other != dim && !listed.Has(other)) inside[ToIndex(other)].Add(dim);
    }
    listed.Add(dim);
  }
  for (const auto& [outer, inner] : order.outside) inside[ToIndex(outer)].Add(inner);
  // Through others (Warshall, 1962).
  for (const Dim through : kAllDims) {
    for (const Dim dim : kAllDims) {
      if (inside[ToIndex(dim)].Has(through)) inside[ToIndex(dim)] = inside[ToIndex(dim)] | inside[ToIndex(through)];
    }
  }
  for (std::size_t i = 0; i < order.outside.size(); ++i) {
    const auto& [outer, inner] = order.outside[i];
    if (!inside[ToIndex(inner)].Has(outer) && inner != outer) continue;
    return FieldError(IndexPath("outside", i),
                      absl::StrCat("has ", NameText(outer), " outside ", NameText(inner), ", which ",
                                   inner == outer ? "is itself" : "the others have outside it"));
  }
  return inside;
}

std::vector<UtilizationRule> UtilizationRules(const TemplateSpec& spec, const std::vector<Resource>& resources) {
  std::vector<UtilizationRule> rules;
  UtilizationRule all{spec.min_utilization, {}};
  for (std::size_t r = 0; r < resources.size(); ++r) {
    const Resource& resource = resources[r];
    if (resource.min_utilization > 0) {
      rules.push_back({resource.min_utilization, {static_cast<int>(r)}, resource.unit});
    }
    if (resource.is_axis()) all.resources.push_back(static_cast<int>(r));
  }
  if (all.share > 0 && !all.resources.empty()) rules.push_back(std::move(all));
  return rules;
}

double UtilizationRule::Available(std::span<const double> limits) const {
  if (of_memory()) return limits[ToIndex(resources.front())];
  double copies = 1;
  for (const int r : resources) copies *= std::floor(limits[ToIndex(r)]);
  return copies;
}

double UtilizationRule::Used(std::span<const double> needs) const {
  double used = 1;
  for (const int r : resources) used *= needs[ToIndex(r)];
  return used;
}

double UtilizationRule::Least(std::span<const double> limits) const {
  // 0.55 of 20 is a little more than 11 in binary.
  constexpr double kRounding = 1e-9;
  return share * Available(limits) * (1 - kRounding);
}

double UtilizationRule::Idle(std::span<const double> needs, std::span<const double> limits) const {
  return std::max(1.0, Least(limits) / Used(needs));
}

}  // namespace oneloop
