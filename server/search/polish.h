#ifndef ONELOOP_SERVER_SEARCH_POLISH_H_
#define ONELOOP_SERVER_SEARCH_POLISH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/random.h"
#include "server/search/design_state.h"
#include "server/search/evaluator.h"
#include "server/search/layer_search.h"
#include "server/search/limited_hardware.h"

namespace oneloop {

// Discrete improvement of a whole design until the budget is used up: moves of single layers on the present hardware,
// then trials of three kinds, chosen by what they gained of late: a change of one hardware parameter (layers that no
// longer fit, or can now do better, are fitted again), a jump of all of them with every layer fitted anew, and a
// restart of one layer from a disturbed mapping. Reports each accepted change. Used by one thread.
class Polish {
 public:
  // All must outlive the polish.
  Polish(Evaluator& evaluator, LayerSearch& layers, Random& random);

  // Ends when the budget has so many evaluations of one layer left.
  void Run(DesignState* state, std::int64_t reserve = 0);
  // The same of a design on an array that is worth keeping: where its hardware breaks a limit, other parameters give
  // way first.
  void RunOnArray(DesignState* state, std::int64_t reserve);

 private:
  enum class Trial { kLayer, kHardware, kJump };
  // What one kind of trial gained, in log2 of the objective, and what it cost.
  struct Record {
    double gain;
    double samples;
    double trials;
  };

  Trial ChooseTrial();
  void Try(Trial trial, DesignState* state);
  // By network, of its layers' figures.
  std::vector<LayerSearch::Slopes> SlopesOf(const DesignState& state) const;
  // Improves one layer in place; true when it changed.
  bool ImproveLayer(int layer, DesignState* state);
  void ImproveLayers(DesignState* state);
  // Gives back what no layer needs, if that is better; true when it was.
  bool Shrink(DesignState* state);
  // Moves a design that breaks a limit by its hardware alone to hardware that does not. `kept` does not give way, by
  // index; -1 for none.
  void KeepLimits(int kept, DesignState* state);
  void TryHardware(DesignState* state);
  void TryJump(DesignState* state);
  void TryLayer(DesignState* state);
  HardwarePoint GrownHardware(const DesignState& state);
  void Accept(DesignState candidate, DesignState* state);
  // The nearest value that a parameter may have.
  double WholeValue(std::size_t parameter, double value) const;
  std::vector<double> FullAxes(std::size_t parameter) const;
  HardwarePoint JumpWithin(HardwarePoint hardware);
  std::vector<HardwarePoint> NearbyHardware(const DesignState& state, std::size_t parameter) const;
  // Other hardware to fit the design to, by the change of one parameter, within the limits.
  HardwarePoint AlongLimits(const HardwarePoint& hardware, std::size_t parameter, const HardwarePoint& present);
  bool Refit(const HardwarePoint& hardware, DesignState* state);
  void Report(const DesignState& state);

  Evaluator& evaluator_;
  Random& random_;
  LayerSearch& layers_;
  const LimitedHardware limited_;
  std::vector<std::size_t> free_parameters_;
  std::vector<std::vector<double>> full_axes_;  // by parameter, where they compete
  // By kind of trial. They begin as if hardware had gained most: far from the optimum it does.
  static constexpr std::size_t kNumTrials = 3;
  std::array<Record, kNumTrials> records_ = {{{0.1, 10, 10}, {1, 10, 1}, {0.5, 50, 4}}};
  double half_life_ = 0;  // samples
  // What the present design was refitted to without success.
  std::vector<HardwarePoint> tried_hardware_;
  bool hardware_exhausted_ = false;
  // By layer: where the best neighbours were last found to be exhausted.
  struct Exhausted {
    Mapping mapping;
    HardwarePoint hardware;
  };
  std::vector<std::optional<Exhausted>> exhausted_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_POLISH_H_
