#include "common/mapping/mapping.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::string LoopName(std::int64_t factor, Dim dim, std::string_view mark) {
  return absl::StrCat(std::string(1, Name(dim)), factor, ToAbsl(mark));
}

}  // namespace

Mapping::Mapping() {
  for (auto& factors : temporal) factors.fill(1);
  for (auto& factors : spatial) factors.fill(1);
  order.fill(kAllDims);
}

absl::Status ValidateMapping(const Template& hardware_template, const LayerShape& shape, const Mapping& mapping) {
  const auto num_axes = static_cast<int>(hardware_template.axes().size());
  for (const Dim dim : kAllDims) {
    std::int64_t product = 1;
    bool fits = true;
    const auto multiply = [&](std::int64_t factor) {
      fits = fits && factor >= 1 && !__builtin_mul_overflow(product, factor, &product);
    };
    for (int l = 0; l < hardware_template.num_levels(); ++l) {
      const std::int64_t factor = mapping.t(l, dim);
      if (factor != 1 && !hardware_template.level(l).temporal.Has(dim)) {
        return FieldError("mapping", absl::StrCat("loop ", LoopName(factor, dim, ""), " stands at level ",
                                                  hardware_template.level(l).name, " (L", l,
                                                  "), which allows no loop over ", std::string(1, Name(dim))));
      }
      multiply(factor);
    }
    for (int a = 0; a < num_axes; ++a) {
      const Template::Axis& axis = hardware_template.axes()[static_cast<std::size_t>(a)];
      const std::int64_t factor = mapping.s(a, dim);
      if (factor != 1 && !axis.dims.Has(dim)) {
        return FieldError("mapping",
                          absl::StrCat("loop ", LoopName(factor, dim, axis.name), " stands at level ",
                                       hardware_template.level(axis.level).name, " (L", axis.level, "), whose axis ",
                                       axis.name, " does not take ", std::string(1, Name(dim))));
      }
      multiply(factor);
    }
    if (!fits || product != shape.bound(dim)) {
      return FieldError("mapping", absl::StrCat("the factors of ", std::string(1, Name(dim)), " multiply to ",
                                                fits ? absl::StrCat(product) : "more than 2^63",
                                                "; the layer's bound is ", shape.bound(dim)));
    }
  }
  return absl::OkStatus();
}

}  // namespace oneloop
