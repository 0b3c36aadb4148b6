#ifndef ONELOOP_SERVER_SEARCH_MAPPING_FEATURES_H_
#define ONELOOP_SERVER_SEARCH_MAPPING_FEATURES_H_

#include <Eigen/Core>
#include <vector>

#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/workload/workload.h"

namespace oneloop {

// A mapping of one layer as numbers for a regression: log2 of the factor at each place that the template allows, the
// outermost level's left out since it follows from the others and the bound, for each dimension whose bound is above
// 1; then, for each level but the innermost, which tensors its innermost loop above 1 keeps in place: one of four
// kinds, one-hot, none for a level without loops; then which of what may be kept is. Immutable; thread-safe.
class MappingFeatures {
 public:
  MappingFeatures(const Template& hardware_template, const LayerShape& shape);

  Eigen::Index size() const { return size_; }
  // size() values.
  Eigen::RowVectorXd Of(const Mapping& mapping) const;

 private:
  struct Place {
    bool is_spatial;
    int index;
    Dim dim;
  };

  const int num_levels_;
  int num_may_keep_ = 0;
  std::vector<Place> places_;
  Eigen::Index size_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_MAPPING_FEATURES_H_
