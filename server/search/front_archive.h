#ifndef ONELOOP_SERVER_SEARCH_FRONT_ARCHIVE_H_
#define ONELOOP_SERVER_SEARCH_FRONT_ARCHIVE_H_

#include <cstddef>
#include <span>
#include <vector>

#include "common/front/front_space.h"
#include "common/mapping/mapping.h"
#include "common/model/goal/metrics.h"

namespace oneloop {

// The designs of one start that none of its others dominates in a space, as far as memory holds them: of more than
// kMost, of the two that are nearest to each other (log2) the worse goes. Used by one thread.
class FrontArchive {
 public:
  static constexpr std::size_t kMost = 24;

  struct Member {
    FrontPoint figures;  // log2
    std::vector<Mapping> mappings;
  };

  explicit FrontArchive(const FrontSpace& space) : space_(space) {}

  // Whether no member is as good in every figure.
  bool Wants(const WorkloadMetrics& metrics) const;
  // Does nothing with what it does not want.
  void Add(const WorkloadMetrics& metrics, const std::vector<Mapping>& mappings);

  std::span<const Member> members() const { return members_; }

 private:
  FrontPoint FiguresOf(const WorkloadMetrics& metrics) const;
  bool HasAsGood(const FrontPoint& figures) const;
  void Thin();

  const FrontSpace space_;
  std::vector<Member> members_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_FRONT_ARCHIVE_H_
