#include "client/bench/bench_variants.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/enum_names.h"

namespace oneloop {

std::vector<BenchVariant> AlgorithmVariants(const std::vector<std::string>& algorithms) {
  std::vector<BenchVariant> variants;
  for (const std::string& name : algorithms) {
    v1::JobSpec changes;
    changes.set_algorithm(static_cast<v1::Algorithm>(EnumNumber(v1::Algorithm_descriptor(), name).value_or(0)));
    variants.push_back({name, std::move(changes)});
  }
  return variants;
}

std::vector<BenchVariant> AblationVariants(std::int64_t samples) {
  std::vector<BenchVariant> variants;
  const auto add = [&](const std::string& name) -> v1::JobSpec& {
    v1::JobSpec changes;
    changes.set_algorithm(v1::GRADIENT);
    changes.set_samples(samples);
    variants.push_back({name, std::move(changes)});
    return variants.back().changes;
  };
  add("as it is");
  add("raw factors").set_parametrization(v1::RAW);
  add("orders fixed").set_order_strategy(v1::FIXED);
  add("orders softmax").set_order_strategy(v1::SOFTMAX);
  add("no descent").set_descent_share(0);
  add("no polish").set_descent_share(1);
  v1::JobSpec& raw = add("no polish, raw factors");
  raw.set_descent_share(1);
  raw.set_parametrization(v1::RAW);
  v1::JobSpec& fixed = add("no polish, orders fixed");
  fixed.set_descent_share(1);
  fixed.set_order_strategy(v1::FIXED);
  v1::JobSpec& softmax = add("no polish, orders softmax");
  softmax.set_descent_share(1);
  softmax.set_order_strategy(v1::SOFTMAX);
  for (const int starts : {1, 2, 4, 16, 64}) {
    add(absl::StrCat(starts, starts == 1 ? " start" : " starts")).set_starts(starts);
  }
  return variants;
}

}  // namespace oneloop
