#ifndef ONELOOP_COMMON_FORMATS_COMPONENT_PRICES_H_
#define ONELOOP_COMMON_FORMATS_COMPONENT_PRICES_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "common/convert/component_tables.h"

namespace oneloop {

// A component of an architecture file for which no ERT or ART is given.
struct ComponentUse {
  std::string name;
  std::string component_class;                    // "smartbuffer_SRAM", "intmac"
  std::string subclass;                           // "" without one
  std::map<std::string, std::string> attributes;  // as they are written
  // Of the template, in whose parameters costs are formulas.
  ParameterSpace parameters;
  std::string words;  // formula: what one instance holds; "" without limit, and for compute
  int word_bits = 0;
  std::int64_t block_words = 1;  // of one access
  std::int64_t cluster = 1;      // instances that one access reaches
};

// Formulas in the template's parameters; "" for what costs nothing.
struct ComponentCostTexts {
  std::string read_pj;    // of one access of block_words words; of compute, of one operation
  std::string write_pj;   // the same
  std::string update_pj;  // the same
  std::string leak_pj;    // of one instance in one cycle
  std::string area_um2;   // of one instance
  std::string source;     // for people: "the shipped table of SRAM at 40 nm"
};

// Where costs of components come from that a file lists none of. Implementations are thread-safe.
class ComponentPriceSource {
 public:
  virtual ~ComponentPriceSource() = default;
  // Nothing for a component that it does not know.
  virtual std::optional<ComponentCostTexts> CostsOf(const ComponentUse& use) const = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_COMPONENT_PRICES_H_
