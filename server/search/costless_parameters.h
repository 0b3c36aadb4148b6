#ifndef ONELOOP_SERVER_SEARCH_COSTLESS_PARAMETERS_H_
#define ONELOOP_SERVER_SEARCH_COSTLESS_PARAMETERS_H_

#include <cstddef>
#include <vector>

#include "common/model/exact/cost_model.h"
#include "server/search/point_sink.h"
#include "server/search/search_spec.h"

namespace oneloop {

// Free parameters of which more costs nothing that the job asks for: they enter only limits of resources, which grow
// with them, and the area, on which neither objective nor limits depend; and no axes of which a share has to be in use.
// Ascending. None for algorithms that draw their hardware.
std::vector<std::size_t> CostlessParameters(const SearchSpec& spec);

// Searches with costless parameters as large as they may be, where every mapping that fits any hardware fits; what is
// found is passed on with the smallest hardware that takes it. Used by one thread.
class CostlessRoom : public PointSink {
 public:
  // Both must outlive this.
  CostlessRoom(const SearchSpec& spec, const CostModel& model, PointSink& sink);

  // The job to search in the place of `spec`, and to be reported to this.
  const SearchSpec& spec() const { return roomy_; }

  void OnPoint(const SearchPoint& point) override;
  bool StopRequested() override { return sink_.StopRequested(); }

 private:
  const SearchSpec& given_;
  const CostModel& model_;
  PointSink& sink_;
  const std::vector<std::size_t> parameters_;
  SearchSpec roomy_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_COSTLESS_PARAMETERS_H_
