#ifndef ONELOOP_SERVER_SEARCH_START_POINT_H_
#define ONELOOP_SERVER_SEARCH_START_POINT_H_

#include <optional>
#include <string>

#include "common/base/random.h"
#include "common/hardware/template.h"
#include "common/mapping/mapping.h"
#include "common/model/exact/cost_model.h"
#include "server/search/search_spec.h"

namespace oneloop {

// Random hardware: each free parameter a power of two in its starting range, within the spec's.
HardwarePoint RandomHardware(const SearchSpec& spec, Random& random);

// The smallest hardware of the spec's ranges, and at least as large as `least` in each parameter, that takes every
// layer with as little inside as its factors allow; nothing when none does. Precondition: ValidateSearchSpec is OK.
std::optional<HardwarePoint> SmallestFor(const SearchSpec& spec, const CostModel& model, const HardwarePoint& least);

// The smallest of all.
std::optional<HardwarePoint> SmallestFor(const SearchSpec& spec, const CostModel& model);

// Random hardware, raised to what factors that are asked for need of it, and with axes that all layers can use as much
// as is asked for, where that can be.
HardwarePoint RandomHardwareFor(const SearchSpec& spec, const CostModel& model, Random& random);

// A mapping made to fit given hardware: axes filled with the largest factors that they take, then each level's tile
// grown by random prime factors or twos, from the innermost level outwards, while it fits. Nothing when not even as
// little as may be inside fits, or no more of the axes can be used than is too little.
// `choice`: what is kept (Template::choice).
std::optional<Mapping> ConstructiveMapping(const CostModel& model, const LayerShape& shape, const ComponentCosts& costs,
                                           Random& random, int choice = 0);

// What ends a start that finds no mappings.
std::string NothingFits(const Template& hardware_template);

// What is kept, any as likely as the others; draws nothing where there is no choice.
int RandomChoice(const CostModel& model, Random& random);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_SEARCH_START_POINT_H_
