#ifndef ONELOOP_SERVER_SEARCH_SENSITIVITY_H_
#define ONELOOP_SERVER_SEARCH_SENSITIVITY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "server/search/search_spec.h"

namespace oneloop {

// What a little more or less of each parameter, and of each limit, would buy (docs/SEARCH.md, "Sensitivities").

struct SensitivityOptions {
  // Share by which a parameter or a limit changes: 0.1 is 10 %. A parameter changes by whole steps, at least one.
  double step = 0.1;
  // Of the re-search of each changed parameter and of the unchanged design; of a changed limit kLimitSamples as many.
  std::int64_t samples = 400;
  // By parameter: those that may not change, as where latencies were measured. None when empty.
  std::vector<bool> held = {};
};
inline constexpr std::int64_t kLimitSamples = 5;
// Changes of the objective below this share are none.
inline constexpr double kSensitivityResolution = 1e-3;

// The objective's relative change, −0.02 for 2 % less, when one thing is given another value.
struct SensitivityStep {
  double value = 0;
  // By the gradient: the layers re-tiled along what it promises, from where they are. Nothing when no design was found.
  std::optional<double> predicted;
  // By a search of the neighbourhood.
  std::optional<double> searched;
  // Limits (by SearchSpec::limits) that the design of that search breaks.
  std::vector<std::size_t> broken;
};

// Of one parameter: all others stay, mappings adapt.
struct ParameterSensitivity {
  std::size_t parameter = 0;
  // ∂log2(objective)/∂log2(parameter): what it costs and speeds up on the same mappings, and, by the gradient at them,
  // the price of the room that it gives to tiles and copies.
  double direct_slope = 0;
  double room_slope = 0;
  // Nothing beyond the template's range, and of a parameter that is held.
  std::optional<SensitivityStep> less;
  std::optional<SensitivityStep> more;
};

// Of one limit: hardware and mappings adapt within the job's ranges.
struct LimitSensitivity {
  std::size_t limit = 0;
  double figure = 0;    // of the design, in the limit's unit
  bool active = false;  // the design breaks it once it is tighter by the step: otherwise neither change matters
  // ∂log2(objective)/∂log2(how much the limit gives), by the searches: what a limit twice as wide would gain, if it
  // went on like that. ≥ 0; 0 when inactive.
  double price = 0;
  std::optional<SensitivityStep> tighter;
  std::optional<SensitivityStep> wider;
};

struct Sensitivities {
  // What searching the mappings on the design's own hardware gains: ≤ 0, near 0 for a design that is done. The
  // parameters' changes are from there.
  double settled = 0;
  // The same with the hardware free; the limits' changes are from there. Only with an active limit.
  std::optional<double> settled_freely;
  std::int64_t samples = 0;                      // in all
  std::vector<ParameterSensitivity> parameters;  // by parameter
  std::vector<LimitSensitivity> limits;          // by limit
};

// A pure function of its arguments; nothing when stop_requested, asked every few milliseconds, has ended it, or when
// the mappings do not fit the hardware. Preconditions: ValidateSearchSpec(spec) is OK; a whole mapping of each layer;
// hardware of the template. Thread-safe.
std::optional<Sensitivities> FindSensitivities(const SearchSpec& spec, const HardwarePoint& hardware,
                                               const std::vector<Mapping>& mappings, const SensitivityOptions& options,
                                               const std::function<bool()>& stop_requested);

// Bytes that it takes at most, about. Thread-safe.
std::int64_t EstimateSensitivityBytes(const SearchSpec& spec);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_SENSITIVITY_H_
