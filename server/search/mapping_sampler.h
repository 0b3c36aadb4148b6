#ifndef ONELOOP_SERVER_SEARCH_MAPPING_SAMPLER_H_
#define ONELOOP_SERVER_SEARCH_MAPPING_SAMPLER_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/base/random.h"
#include "common/mapping/factor_space.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/workload/workload.h"

namespace oneloop {

// Random mappings of one layer that fit one hardware point, and use as much of it as the template asks for ("valid"
// mappings).
//
// Distribution: uniform over the ordered factorisations of the bounds into the places that the template allows
// (temporal at a level, spatial along an axis) that fit the hardware, as Timeloop's random mapper draws them; loop
// orders are uniform permutations, independent of the factors. Where factors need not divide, over those in which each
// is the least that leaves as many runs outside; what may be kept is part of what is drawn. Draws are independent:
// dimensions are drawn on their own among the factorisations that fit alone, and the whole is rejected until all fit
// together.
//
// Three approximations. A bound with more than kMaxRows factorisations is drawn from that many of them, chosen
// uniformly at construction, or by RandomFactors where factors need not divide. When kMaxTries draws in a row are
// rejected, draws become steps of a Markov chain with the same uniform distribution, which redraws one dimension after
// the other given the rest: no longer independent. Where a share of the copies along axes has to be in use, factors
// that fill them and would not be drawn otherwise, since they only pad, stand for all of their kind.
//
// Asking whether a mapping fits is no evaluation by the cost model and counts as no sample. Used by one thread.
class MappingSampler {
 public:
  static constexpr std::size_t kMaxRows = 2048;
  static constexpr int kMaxTries = 20000;

  // `model` must outlive the sampler.
  MappingSampler(const CostModel& model, const LayerShape& shape, Random& random);

  // What a sampler of such a layer keeps.
  static std::int64_t Bytes(const CostModel& model, const LayerShape& shape);

  // Whether single elements fit, and as much can be used as has to be.
  bool FitsAtAll(const ComponentCosts& costs) const;
  // Sets the hardware to fit. False when FitsAtAll is: then nothing may be drawn.
  bool SetHardware(const ComponentCosts& costs);

  // Precondition: the last SetHardware returned true.
  Mapping Draw(Random& random);

 private:
  // One factorisation of one dimension's bound.
  struct Row {
    std::array<std::int32_t, kMaxLevels> temporal;  // bounds are at most kMaxBound
    std::array<std::int32_t, kMaxAxes> spatial;
    std::array<double, kMaxLevels> extent;  // of the tile at each level
  };
  struct Choice {
    std::array<const Row*, kNumDims> rows{};
    int kept = 0;  // of Template::choice
  };

  void BuildPerfectRows(Dim dim, std::int64_t bound, Random& random);
  void BuildRows(Dim dim, std::int64_t bound, Random& random);
  // `places`: of the factors.
  Row RowOf(Dim dim, std::span<const FactorPlace> places, const std::vector<std::int64_t>& factors) const;
  void AddRow(Dim dim, std::span<const FactorPlace> places, const std::vector<std::int64_t>& factors);
  // Sets the first mapping to one that uses as much as has to be; false when there is none.
  bool BeginFilled(const ComponentCosts& costs);
  Choice SingleElements() const;
  bool Fits(const Choice& choice, const std::array<double, kMaxResources>& limit) const;
  double NeedOf(const Choice& choice, const Resource& resource) const;
  bool UsesEnough(const Choice& choice) const;
  bool IsValid(const Choice& choice) const { return Fits(choice, limit_) && UsesEnough(choice); }
  double TileWords(const Choice& choice, Tensor tensor, int level) const;
  bool DrawIndependent(Random& random, Choice* choice) const;
  void StepChain(Random& random);
  const Row* DrawRow(Dim dim, Random& random) const;

  const CostModel& model_;
  const LayerShape shape_;
  std::array<double, kMaxResources> limit_{};
  std::array<std::vector<Row>, kNumDims> rows_;            // the first has the whole bound at the outermost level
  std::array<std::vector<const Row*>, kNumDims> fitting_;  // those that fit alone
  std::vector<Row> filled_;                                // by dimension: of BeginFilled
  Choice last_{};
  bool chain_ = false;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_MAPPING_SAMPLER_H_
