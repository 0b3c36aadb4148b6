#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"

namespace oneloop {
namespace {

std::string LoopName(std::int64_t factor, Dim dim, std::string_view mark) {
  return absl::StrCat(std::string(1, Name(dim)), factor, ToAbsl(mark));
}

std::string LevelName(const Template& hardware_template, int level) {
  return absl::StrCat("level ", hardware_template.level(level).name, " (L", level, ")");
}

// Loops that run once stand anywhere.
absl::Status CheckOrder(const Template& hardware_template, const Mapping& mapping, int level) {
  DimSet outside;
  for (const Dim dim : mapping.order[ToIndex(level)]) {
    if (mapping.t(level, dim) == 1) continue;
    for (const Dim outer : kAllDims) {
      if (!outside.Has(outer) || !hardware_template.loops_inside(level)[ToIndex(dim)].Has(outer)) continue;
      return FieldError("mapping", absl::StrCat("the loop over ", std::string(1, Name(outer)), " at ",
                                                LevelName(hardware_template, level), " stands outside that over ",
                                                std::string(1, Name(dim)), "; the template asks for it inside"));
    }
    outside.Add(dim);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateMapping(const Template& hardware_template, const LayerShape& shape, const Mapping& mapping) {
  for (const Dim dim : kAllDims) {
    const std::int64_t bound = shape.bound(dim);
    std::int64_t inside = 1;
    // Innermost first: what is left of the bound outside a loop follows from the factors inside it.
    const auto check = [&](std::int64_t factor, int level, std::string_view mark, bool must_divide,
                           const FactorRange& range) -> absl::Status {
      const std::int64_t runs = LeftOutside(bound, inside);
      const bool may_stand = FactorSpace::MayStand(factor, runs, must_divide);
      if (may_stand && range.Has(factor)) {
        inside *= factor;
        return absl::OkStatus();
      }
      const std::string loop =
          absl::StrCat("loop ", LoopName(factor, dim, mark), " at ", LevelName(hardware_template, level), " ");
      if (may_stand) {
        return FieldError("mapping", absl::StrCat(loop, "is not what the template's `factors` ask for there: ",
                                                  range.least == range.most || factor < range.least
                                                      ? absl::StrCat("at least ", range.least)
                                                      : absl::StrCat("at most ", range.most)));
      }
      if (factor < 1) return FieldError("mapping", absl::StrCat(loop, "has a factor below 1"));
      if (factor <= runs) {
        return FieldError("mapping",
                          absl::StrCat(loop, "does not divide the ", runs, " that the factors inside leave of ", bound,
                                       ", as the template's perfect_dims ask there"));
      }
      return FieldError("mapping", absl::StrCat(loop, "is longer than what is left: the layer's bound is ", bound, ", ",
                                                inside, " of them lie inside, so that it is ", runs, " at most"));
    };
    for (int l = 0; l < hardware_template.num_levels(); ++l) {
      for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
        const Template::Axis& axis = hardware_template.axes()[a];
        if (axis.level != l) continue;
        const std::int64_t factor = mapping.s(static_cast<int>(a), dim);
        if (factor != 1 && !axis.dims.Has(dim)) {
          return FieldError("mapping", absl::StrCat("loop ", LoopName(factor, dim, axis.name), " stands at ",
                                                    LevelName(hardware_template, l), ", whose axis ", axis.name,
                                                    " does not take ", std::string(1, Name(dim))));
        }
        RETURN_IF_ERROR(check(factor, l, axis.name, axis.perfect_dims.Has(dim), axis.factors[ToIndex(dim)]));
      }
      const std::int64_t factor = mapping.t(l, dim);
      if (factor != 1 && !hardware_template.level(l).temporal.Has(dim)) {
        return FieldError(
            "mapping", absl::StrCat("loop ", LoopName(factor, dim, ""), " stands at ", LevelName(hardware_template, l),
                                    ", which allows no loop over ", std::string(1, Name(dim))));
      }
      RETURN_IF_ERROR(check(factor, l, "", hardware_template.perfect_dims(l).Has(dim),
                            hardware_template.level(l).factors[ToIndex(dim)]));
    }
    if (inside < bound) {
      return FieldError("mapping", absl::StrCat("the factors of ", std::string(1, Name(dim)), " multiply to ", inside,
                                                "; the layer's bound is ", bound, ", which they have to reach"));
    }
  }
  for (int l = 0; l < hardware_template.num_levels(); ++l) RETURN_IF_ERROR(CheckOrder(hardware_template, mapping, l));
  return absl::OkStatus();
}

}  // namespace oneloop
