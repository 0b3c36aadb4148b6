#ifndef ONELOOP_SERVER_SEARCH_NEIGHBOURHOOD_H_
#define ONELOOP_SERVER_SEARCH_NEIGHBOURHOOD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "common/model/smooth/layer_gradient.h"
#include "common/model/smooth/smooth_model.h"
#include "server/search/moves.h"

namespace oneloop {

// A mapping near another one: a few moves of factors, then perhaps another loop innermost at one level, or another
// tensor kept or passed by.
struct Neighbour {
  static constexpr int kNone = -1;
  static constexpr int kMostMoves = 6;
  std::array<int, kMostMoves> moves;  // indices into Neighbourhood::moves(), in the order in which they are made
  int num_moves = 0;
  int order_level = kNone;
  Dim innermost = Dim::kR;
  int choice = kNone;  // what is kept then, of Template::choice
  double promise = 0;  // change of log2 of the layer's cost that the gradient predicts; below 0 is better
};

// The neighbours of one layer's mapping that fit given hardware, ranked by the gradient of the smooth model. One
// gradient tells apart hundreds of moves: in log2 of the factors the cost is nearly convex, so that a move which does
// not promise to pay seldom does. Pairs join a move that would pay but does not fit with one that makes room for it;
// at the optimum a memory is full, and no single move leads away from there. Used by one thread.
class Neighbourhood {
 public:
  // All must outlive this.
  Neighbourhood(const CostModel& model, const SmoothModel& smooth, const MoveSet& moves);

  // Neighbours of `mapping`, the most promising first; valid until the next call, as is moves(). Evaluates the smooth
  // model on the layer once. cost = weights.energy · µJ + weights.latency · cycles.
  std::span<const Neighbour> List(int layer, const LayerShape& shape, const Mapping& mapping,
                                  const ComponentCosts& costs, const ObjectiveWeights& weights);

  // Chains from the mapping of the last List: a move that would pay, with as many that make room for it as it needs,
  // and then others for which there is room. For a mapping that no neighbour of List improves. Valid until the next
  // call of List or of this.
  std::span<const Neighbour> ListChains(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs);

  // The factor moves from the mapping of the last List or RankMoves, with what each promises.
  struct RankedMove {
    Move move;
    double promise;
    bool fits;   // false as well of moves out of the outermost level that promise to cost much
    bool frees;  // needs less of some resource, or uses more of what too little may be used of
  };
  const std::vector<RankedMove>& moves() const { return ranked_; }
  // Fills moves() only.
  void RankMoves(int layer, const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs,
                 const ObjectiveWeights& weights);

  Mapping Apply(const LayerShape& shape, const Mapping& mapping, const Neighbour& neighbour) const;

  // The same for neighbours that differ only in how much a resizing moves between its places.
  std::uint64_t KindOf(const Neighbour& neighbour) const;

  // By how much more is needed than there is, and fewer copies are in use than is asked for: log2 of the ratios,
  // summed; 0 when it fits.
  double Overflow(const ResourceNeeds& need, const ComponentCosts& costs) const;

 private:
  void AddPairs(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs);
  void AddOrders(const Mapping& mapping);
  void AddChoices(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs);
  std::optional<Neighbour> ChainFrom(int first, const LayerShape& shape, const Mapping& mapping,
                                     const ComponentCosts& costs) const;
  bool Fits(const LayerShape& shape, const Mapping& mapping, const ComponentCosts& costs) const;
  double MakeAndPromise(const Move& move, const LayerShape& shape, const MoveSet::Column& before,
                        std::span<const double> gradient, Mapping* mapping) const;
  double SlopeOf(const FactorPlace& place, Dim dim, std::span<const double> gradient) const;

  const CostModel& model_;
  const MoveSet& move_set_;
  std::vector<LayerGradient> gradients_;     // by choice of what is kept
  const LayerGradient* gradient_ = nullptr;  // of the last call
  std::vector<int> temporal_slots_;          // [level][dim], -1 where the smooth model has none
  std::vector<int> spatial_slots_;           // [axis][dim]
  std::vector<Move> list_;
  std::vector<RankedMove> ranked_;
  // Indices into ranked_, the most promising first: moves that would pay but do not fit, that make room, that would
  // pay.
  std::vector<int> misfits_;
  std::vector<int> freeing_;
  std::vector<int> paying_;
  std::vector<Neighbour> pairs_;
  std::vector<Neighbour> neighbours_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_NEIGHBOURHOOD_H_
