#ifndef ONELOOP_TESTS_COMMON_MODEL_ROW_MODELS_H_
#define ONELOOP_TESTS_COMMON_MODEL_ROW_MODELS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "common/model/exact/cost_model.h"
#include "tests/testing/shipped.h"

namespace oneloop {

// Entries seen and entries equal, for one kind of figure.
struct Tally {
  std::int64_t seen = 0;
  std::int64_t equal = 0;
  void Add(bool same) {
    ++seen;
    if (same) ++equal;
  }
  double share() const { return seen == 0 ? 1 : static_cast<double>(equal) / static_cast<double>(seen); }
};

// Models of the hierarchies that rows name, each made once: a shipped template or one of tests/data.
class RowModels {
 public:
  const CostModel& Of(const std::string& hierarchy) {
    std::unique_ptr<CostModel>& model = models_[hierarchy];
    if (model == nullptr) {
      model = std::make_unique<CostModel>(std::shared_ptr<const Template>(
          hierarchy == "gemmini" ? ShippedTemplate(hierarchy) : FixtureTemplate(hierarchy)));
    }
    return *model;
  }

 private:
  std::map<std::string, std::unique_ptr<CostModel>> models_;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_ROW_MODELS_H_
