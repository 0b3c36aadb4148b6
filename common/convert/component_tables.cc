#include "common/convert/component_tables.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/convert/component_data.h"
#include "common/convert/yaml.h"
#include "oneloop/v1/component.pb.h"

namespace oneloop {
namespace {

struct TableSize {
  std::string name;
  double min = 0;
  double max = 0;
  std::string when_absent;
};

struct Table {
  std::vector<TableSize> sizes;
  std::vector<std::string> size_names;
  FormulaSum read_pj;
  FormulaSum write_pj;
  FormulaSum leak_mw;
  FormulaSum area_mm2;
  std::vector<v1::NodeScale> nodes;
  bool is_default = false;
};

using Tables = std::map<std::string, Table>;

absl::Status ParseTerms(const std::string& text, std::string_view field, const Table& table, FormulaSum* terms) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Formula> formula = Formula::Parse(text, table.size_names);
  if (!formula.ok()) return PrefixField(field, formula.status());
  *terms = formula->terms();
  return absl::OkStatus();
}

absl::StatusOr<Table> TableFromProto(const v1::ComponentTable& message) {
  Table table;
  for (const v1::ComponentSize& size : message.sizes()) {
    table.sizes.push_back({size.name(), size.min(), size.max(), size.when_absent()});
    table.size_names.push_back(size.name());
  }
  const bool has_one_price = !message.energy_pj().empty();
  RETURN_IF_ERROR(
      ParseTerms(has_one_price ? message.energy_pj() : message.read_pj(), "read_pj", table, &table.read_pj));
  RETURN_IF_ERROR(
      ParseTerms(has_one_price ? message.energy_pj() : message.write_pj(), "write_pj", table, &table.write_pj));
  RETURN_IF_ERROR(ParseTerms(message.leak_mw(), "leak_mw", table, &table.leak_mw));
  RETURN_IF_ERROR(ParseTerms(message.area_mm2(), "area_mm2", table, &table.area_mm2));
  table.nodes.assign(message.nodes().begin(), message.nodes().end());
  table.is_default = message.is_default();
  return table;
}

absl::StatusOr<Tables> ReadTables() {
  v1::ComponentTables message;
  RETURN_IF_ERROR(ReadYamlText(kComponentData, "data/components.yaml", &message, nullptr));
  Tables tables;
  for (const v1::ComponentTable& table : message.tables()) {
    absl::StatusOr<Table> parsed = TableFromProto(table);
    if (!parsed.ok()) return PrefixField(table.name(), parsed.status());
    tables.emplace(table.name(), *std::move(parsed));
  }
  return tables;
}

const absl::StatusOr<Tables>& ShippedTables() {
  // Never destroyed, so that it outlives every thread that reads it.
  static const auto* const tables = new absl::StatusOr<Tables>(ReadTables());
  return *tables;
}

// A field of the component's message; "" when it has none of that name.
std::string TextOf(const google::protobuf::Message& component, const std::string& name) {
  const google::protobuf::FieldDescriptor* const field = component.GetDescriptor()->FindFieldByName(name);
  return field == nullptr ? std::string() : component.GetReflection()->GetString(component, field);
}

std::optional<double> NodeOf(const google::protobuf::Message& component) {
  const google::protobuf::FieldDescriptor* const field = component.GetDescriptor()->FindFieldByName("node_nm");
  if (field == nullptr || !component.GetReflection()->HasField(component, field)) return std::nullopt;
  return component.GetReflection()->GetDouble(component, field);
}

// By kind alone, or by kind and type.
absl::StatusOr<const Table*> FindTable(const std::string& kind, const google::protobuf::Message& component,
                                       const Tables& tables) {
  if (const auto found = tables.find(kind); found != tables.end()) return &found->second;
  const std::string prefix = kind + "_";
  std::vector<std::string> types;
  std::string default_type;
  for (const auto& [name, table] : tables) {
    if (!name.starts_with(prefix)) continue;
    types.push_back(name.substr(prefix.size()));
    if (table.is_default) default_type = types.back();
  }
  std::string type = TextOf(component, "type");
  if (type.empty()) type = default_type;
  if (const auto found = tables.find(prefix + type); found != tables.end()) return &found->second;
  const std::string nearest = NearestName(type, types);
  return FieldError("type", absl::StrCat(type.empty() ? "is missing" : absl::StrCat("is '", type, "'"),
                                         nearest.empty() ? "" : absl::StrCat(" (did you mean '", nearest, "'?)"),
                                         "; valid: ", absl::StrJoin(types, ", ")));
}

double Evaluate(const Formula::Term& term, const std::vector<double>& values) {
  double value = term.coefficient;
  for (std::size_t p = 0; p < values.size(); ++p) value *= Power(values[p], term.exponents[p]);
  return value;
}

absl::Status CheckRange(const TableSize& size, const Formula::Term& term, const ParameterSpace& space) {
  std::vector<double> least;
  std::vector<double> most;
  for (std::size_t p = 0; p < space.names.size(); ++p) {
    const bool grows = term.exponents[p] >= 0;
    least.push_back(grows ? space.low[p] : space.high[p]);
    most.push_back(grows ? space.high[p] : space.low[p]);
  }
  const double smallest = Evaluate(term, least);
  const double largest = Evaluate(term, most);
  // As much as six digits of a constant may be off.
  constexpr double kSlack = 1e-5;
  if (smallest >= size.min * (1 - kSlack) && largest <= size.max * (1 + kSlack)) return absl::OkStatus();
  const double bad = smallest < size.min * (1 - kSlack) ? smallest : largest;
  return FieldError(size.name, absl::StrCat(smallest == largest ? "is " : "reaches ", bad,
                                            smallest == largest ? "" : " in the parameters' ranges", "; the table has ",
                                            size.min, " to ", size.max));
}

// A sum in the table's sizes with terms in the template's parameters in their place.
FormulaSum Substitute(const FormulaSum& sum, const std::vector<Formula::Term>& sizes, std::size_t num_parameters) {
  FormulaSum result;
  for (const Formula::Term& term : sum) {
    Formula::Term product{term.coefficient, std::vector<double>(num_parameters, 0)};
    for (std::size_t s = 0; s < sizes.size(); ++s) {
      product.coefficient *= Power(sizes[s].coefficient, term.exponents[s]);
      for (std::size_t p = 0; p < num_parameters; ++p) {
        product.exponents[p] += term.exponents[s] * sizes[s].exponents[p];
      }
    }
    AddTo({product}, &result);
  }
  return result;
}

absl::StatusOr<std::vector<Formula::Term>> SizesOf(const Table& table, const google::protobuf::Message& component,
                                                   const ParameterSpace& space) {
  std::vector<Formula::Term> sizes;
  for (const TableSize& size : table.sizes) {
    const std::string text = TextOf(component, size.name);
    Formula::Term term;
    if (!text.empty()) {
      absl::StatusOr<Formula::Term> parsed = ParseMonomial(text, space.names);
      if (!parsed.ok()) return PrefixField(size.name, parsed.status());
      term = *std::move(parsed);
    } else if (!size.when_absent.empty()) {
      const std::vector<std::string> known(table.size_names.begin(),
                                           table.size_names.begin() + static_cast<std::ptrdiff_t>(sizes.size()));
      ASSIGN_OR_RETURN(const Formula::Term rule, ParseMonomial(size.when_absent, known));
      term = Substitute({rule}, sizes, space.names.size()).front();
    } else {
      return FieldError(size.name, absl::StrCat("is missing; expected a formula of one term, which the table has for ",
                                                size.min, " to ", size.max));
    }
    RETURN_IF_ERROR(CheckRange(size, term, space));
    sizes.push_back(std::move(term));
  }
  return sizes;
}

// Between two nodes of the table a power of the node.
double Between(double node, const v1::NodeScale& below, const v1::NodeScale& above,
               double (v1::NodeScale::*scale)() const) {
  if (node <= below.node_nm()) return (below.*scale)();
  const double share = std::log(node / below.node_nm()) / std::log(above.node_nm() / below.node_nm());
  return (below.*scale)() * std::pow((above.*scale)() / (below.*scale)(), share);
}

absl::StatusOr<v1::NodeScale> ScaleAt(const Table& table, std::optional<double> node) {
  v1::NodeScale scale;
  if (table.nodes.empty()) {
    scale.set_energy(1);
    scale.set_area(1);
    scale.set_leak(1);
    return scale;
  }
  const std::string valid = absl::StrCat("; valid: ", table.nodes.front().node_nm(), " to ",
                                         table.nodes.back().node_nm(), " nm, which its table has");
  if (!node.has_value()) return FieldError("node_nm", absl::StrCat("is missing, here and in the template", valid));
  if (!(*node >= table.nodes.front().node_nm() && *node <= table.nodes.back().node_nm())) {
    return FieldError("node_nm", absl::StrCat("is ", *node, valid));
  }
  std::size_t above = 0;
  while (table.nodes[above].node_nm() < *node) ++above;
  const v1::NodeScale& low = table.nodes[above == 0 ? 0 : above - 1];
  const v1::NodeScale& high = table.nodes[above];
  scale.set_energy(Between(*node, low, high, &v1::NodeScale::energy));
  scale.set_area(Between(*node, low, high, &v1::NodeScale::area));
  scale.set_leak(Between(*node, low, high, &v1::NodeScale::leak));
  return scale;
}

}  // namespace

absl::StatusOr<ComponentPrices> PriceComponent(const std::string& kind, const google::protobuf::Message& component,
                                               std::optional<double> template_node_nm, const ParameterSpace& space) {
  if (!ShippedTables().ok()) return ShippedTables().status();
  ASSIGN_OR_RETURN(const Table* const table, FindTable(kind, component, *ShippedTables()));
  ASSIGN_OR_RETURN(const std::vector<Formula::Term> sizes, SizesOf(*table, component, space));
  const std::optional<double> own_node = NodeOf(component);
  ASSIGN_OR_RETURN(const v1::NodeScale scale, ScaleAt(*table, own_node.has_value() ? own_node : template_node_nm));
  const auto priced = [&](const FormulaSum& sum, double factor) {
    const Formula::Term by{factor, std::vector<double>(space.names.size(), 0)};
    return Product(Substitute(sum, sizes, space.names.size()), by);
  };
  ComponentPrices prices{{},
                         priced(table->read_pj, scale.energy()),
                         priced(table->write_pj, scale.energy()),
                         priced(table->leak_mw, scale.leak()),
                         priced(table->area_mm2, scale.area())};
  for (std::size_t s = 0; s < sizes.size(); ++s) prices.sizes.emplace(table->size_names[s], sizes[s]);
  return prices;
}

absl::StatusOr<Formula::Term> ParseMonomial(const std::string& text, const std::vector<std::string>& names) {
  ASSIGN_OR_RETURN(const Formula formula, Formula::Parse(text, names));
  if (!formula.IsMonomial()) return FieldError("", "has more than one term; valid: one term");
  if (formula.IsZero()) return FieldError("", "is 0; valid: above 0");
  return formula.terms().front();
}

Formula::Term Product(const Formula::Term& a, const Formula::Term& b) {
  Formula::Term product{a.coefficient * b.coefficient, a.exponents};
  for (std::size_t p = 0; p < product.exponents.size(); ++p) product.exponents[p] += b.exponents[p];
  return product;
}

FormulaSum Product(const FormulaSum& sum, const Formula::Term& factor) {
  FormulaSum product;
  for (const Formula::Term& term : sum) product.push_back(Product(term, factor));
  return product;
}

void AddTo(const FormulaSum& terms, FormulaSum* sum) {
  for (const Formula::Term& term : terms) {
    const auto equal = std::find_if(sum->begin(), sum->end(),
                                    [&](const Formula::Term& other) { return other.exponents == term.exponents; });
    if (equal == sum->end()) {
      sum->push_back(term);
    } else {
      equal->coefficient += term.coefficient;
    }
  }
}

std::string FormulaText(const FormulaSum& sum, const std::vector<std::string>& names) {
  std::string text;
  for (const Formula::Term& term : sum) {
    absl::StrAppend(&text, text.empty() ? "" : " + ", term.coefficient);
    for (std::size_t p = 0; p < names.size(); ++p) {
      const double exponent = term.exponents[p];
      if (exponent == 0) continue;
      absl::StrAppend(&text, exponent > 0 ? " * " : " / ", names[p]);
      if (std::abs(exponent) != 1) absl::StrAppend(&text, "^", std::abs(exponent));
    }
  }
  return text.empty() ? "0" : text;
}

}  // namespace oneloop
