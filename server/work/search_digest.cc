#include "server/work/search_digest.h"

#include <bit>
#include <cstddef>
#include <optional>

#include "common/base/fnv.h"
#include "common/mapping/mapping.h"
#include "hwy/targets.h"
#include "server/search/point_sink.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"

namespace oneloop {
namespace {

class DigestingSink final : public PointSink {
 public:
  DigestingSink(const Template& hardware_template, std::uint64_t digest)
      : template_(hardware_template), digest_(digest) {}

  void OnPoint(const SearchPoint& point) override {
    Add(static_cast<std::uint64_t>(point.sample));
    Add(static_cast<std::uint64_t>(point.origin));
    Add(point.metrics.energy_uj);
    Add(point.metrics.latency_cycles);
    Add(point.metrics.area_mm2);
    Add(point.score);
    for (const double value : point.hardware) Add(value);
    if (point.mappings == nullptr) return;
    for (const Mapping& mapping : *point.mappings) digest_ = Fnv1a64(FormatMapping(template_, mapping), digest_);
  }
  bool StopRequested() override { return false; }

  void Add(double value) { Add(std::bit_cast<std::uint64_t>(value)); }
  std::uint64_t digest() const { return digest_; }

 private:
  void Add(std::uint64_t bits) {
    for (int byte = 0; byte < 8; ++byte) {
      const char next = static_cast<char>(bits >> (8 * byte));
      digest_ = Fnv1a64({&next, 1}, digest_);
    }
  }

  const Template& template_;
  std::uint64_t digest_;
};

}  // namespace

std::uint64_t DigestOf(const SearchList& searches) {
  std::uint64_t digest = Fnv1a64("");
  for (const std::shared_ptr<const SearchSpec>& search : searches) {
    DigestingSink sink(*search->hardware_template, digest);
    RunStart(*search, 0, sink);
    if (const std::optional<LowerBound> bound = ProveSearchBound(*search, [] { return false; })) {
      sink.Add(bound->objective);
      sink.Add(bound->energy_uj);
      sink.Add(bound->latency_cycles);
    }
    digest = sink.digest();
  }
  return digest;
}

std::string InstructionSet() { return hwy::TargetName(hwy::SupportedAndGeneratedTargets().front()); }

std::vector<InstructionSetDigest> DigestsByInstructionSet(const SearchList& searches) {
  std::vector<InstructionSetDigest> digests;
  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    digests.push_back({InstructionSet(), DigestOf(searches)});
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return digests;
}

}  // namespace oneloop
