#include "common/model/exact/flow_counts.h"

#include <cmath>
#include <vector>

namespace oneloop {
namespace {

// Hops of a fan-out's words, by how many copies share them.
std::vector<SharingClass> ClassesOf(const FanOutWords& crossing, const Structure& structure, const LinkRow& link,
                                    Tensor tensor, const InputCorners& corners) {
  const bool shared = !structure.sharing(link.level, tensor).empty();
  if (link.spec.mesh && crossing.copies <= static_cast<double>(kMostWalkedCopies)) {
    const InputCorners::Mesh mesh = corners.MeshOf(link.level);
    return MeshClasses(tensor, shared, corners.CopyDigits(link.level), mesh.columns, mesh.rows);
  }
  std::vector<SharingClass> classes;
  if (tensor == Tensor::kI && shared) {
    classes = corners.SharingClasses(link.level);
  } else {
    classes.push_back({crossing.sharing, 1, 0});
  }
  for (SharingClass& of : classes) {
    of.hops = crossing.copies == 1 && link.spec.mesh ? 0 : SpreadHops(crossing.copies, of.copies);
  }
  return classes;
}

}  // namespace

LinkUse WaysOf(const FanOutWords& crossing, const Structure& structure, const LinkRow& link, Tensor tensor,
               const InputCorners& corners) {
  LinkUse use{};
  if (crossing.words > 0) {
    const std::vector<SharingClass> classes = ClassesOf(crossing, structure, link, tensor, corners);
    double tiles = 0;
    for (const SharingClass& of : classes) tiles += of.words;
    for (const SharingClass& of : classes) {
      const double part = crossing.words * of.words / tiles;
      const double hops = link.spec.mesh ? crossing.by_position * of.words / tiles * of.hops : part * of.hops;
      use.hops += hops;
      use.routers += part + (link.spec.mesh ? part * std::floor(hops / part) : hops);
    }
  }
  use.hops += crossing.handed_over;  // (N4)
  use.routers += 2 * crossing.handed_over;
  return use;
}

}  // namespace oneloop
