#ifndef ONELOOP_COMMON_CONVERT_COMPONENT_TABLES_H_
#define ONELOOP_COMMON_CONVERT_COMPONENT_TABLES_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/hardware/formula.h"
#include "google/protobuf/message.h"

namespace oneloop {

// A sum of terms in a template's parameters.
using FormulaSum = std::vector<Formula::Term>;

// The parameters of a template and their ranges.
struct ParameterSpace {
  std::vector<std::string> names;
  std::vector<double> low;  // > 0
  std::vector<double> high;
};

// Of one access and of one component; no terms where the table says nothing.
struct ComponentPrices {
  std::map<std::string, Formula::Term> sizes;  // by the names of the table's
  FormulaSum read_pj;
  FormulaSum write_pj;
  FormulaSum leak_mw;
  FormulaSum area_mm2;
};

// What a component costs (data/components.yaml). `kind` is the name of the field that holds it ("sram", "mac"),
// `component` its message, of which sizes, type and node are read. Errors are INVALID_ARGUMENT and name the field: a
// size that is missing, no formula of one term or beyond the table's range anywhere in the parameters' ranges; a type
// that there is no table for; a node beyond the table's. Thread-safe.
absl::StatusOr<ComponentPrices> PriceComponent(const std::string& kind, const google::protobuf::Message& component,
                                               std::optional<double> template_node_nm, const ParameterSpace& space);

// The only term of a formula, above 0 everywhere. Errors as Formula::Parse, and for other formulas.
absl::StatusOr<Formula::Term> ParseMonomial(const std::string& text, const std::vector<std::string>& names);

Formula::Term Product(const Formula::Term& a, const Formula::Term& b);
// Each term of the sum, times a factor.
FormulaSum Product(const FormulaSum& sum, const Formula::Term& factor);
// Adds terms; equal powers become one.
void AddTo(const FormulaSum& terms, FormulaSum* sum);
// Text for Formula::Parse with six digits; "0" for no terms.
std::string FormulaText(const FormulaSum& sum, const std::vector<std::string>& names);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_CONVERT_COMPONENT_TABLES_H_
