#include "common/formats/component_library.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/exact_number.h"
#include "common/convert/component_tables.h"
#include "oneloop/v1/component.pb.h"

namespace oneloop {
namespace {

constexpr double kBitsPerKib = 8 * 1024;
constexpr double kUm2PerMm2 = 1e6;
constexpr double kDefaultCycleNs = 1;
// Of the table of register files; larger ones are SRAM.
constexpr double kMostRegisterWords = 256;
constexpr int kMostRegisterBits = 64;

std::string Attribute(const ComponentUse& use, std::initializer_list<const char*> keys) {
  for (const char* const key : keys) {
    const auto found = use.attributes.find(key);
    if (found != use.attributes.end()) return found->second;
  }
  return "";
}

std::optional<double> Number(const std::string& text) {
  double value = 0;
  if (text.empty() || !absl::SimpleAtod(text, &value)) return std::nullopt;
  return value;
}

// "45nm", 45
std::optional<double> NodeOf(const ComponentUse& use) {
  const std::string text = absl::AsciiStrToLower(Attribute(use, {"technology"}));
  absl::string_view digits = absl::StripAsciiWhitespace(text);
  absl::ConsumeSuffix(&digits, "nm");
  return Number(std::string(absl::StripAsciiWhitespace(digits)));
}

bool Names(const ComponentUse& use, std::initializer_list<const char*> parts) {
  const std::string name = absl::AsciiStrToLower(absl::StrCat(use.component_class, " ", use.subclass));
  for (const char* const part : parts) {
    if (absl::StrContains(name, part)) return true;
  }
  return false;
}

// The message of a table, and what people call it.
struct Tabled {
  std::string kind;
  std::unique_ptr<google::protobuf::Message> message;
  std::string name;
};

Tabled TabledDram(const ComponentUse& use) {
  auto dram = std::make_unique<v1::Dram>();
  std::string type = absl::AsciiStrToLower(Attribute(use, {"type"}));
  if (type.empty()) type = "lpddr4";
  dram->set_type(type);
  dram->set_width_bits(absl::StrCat(use.block_words * use.word_bits));
  return {"dram", std::move(dram), absl::StrCat("DRAM, ", type)};
}

Tabled TabledMac(const ComponentUse& use) {
  auto mac = std::make_unique<v1::Mac>();
  const bool is_float = Names(use, {"fp", "float"});
  mac->set_type(is_float ? "float" : "integer");
  const std::string bits = Attribute(use, {"multiplier_width", "datawidth", "word-bits", "word_width"});
  mac->set_bits(bits.empty() ? "16" : bits);
  const std::string sum_bits = Attribute(use, {"adder_width"});
  if (!sum_bits.empty()) mac->set_sum_bits(sum_bits);
  return {"mac", std::move(mac), is_float ? "floating-point units" : "integer units"};
}

// Nothing for a memory without limit.
std::optional<Tabled> TabledMemory(const ComponentUse& use) {
  if (use.words.empty()) return std::nullopt;
  const absl::StatusOr<Formula::Term> words = ParseMonomial(use.words, use.parameters.names);
  if (!words.ok()) return std::nullopt;
  double most_words = words->coefficient;
  for (std::size_t p = 0; p < use.parameters.names.size(); ++p) {
    most_words *= Power(words->exponents[p] > 0 ? use.parameters.high[p] : use.parameters.low[p], words->exponents[p]);
  }
  const auto width = use.block_words * use.word_bits;
  const bool is_small = use.block_words == 1 && most_words <= kMostRegisterWords && use.word_bits <= kMostRegisterBits;
  if (is_small && (Names(use, {"reg", "rf"}) || most_words * use.word_bits <= kBitsPerKib / 8)) {
    auto file = std::make_unique<v1::RegisterFile>();
    file->set_words(use.words);
    file->set_width_bits(absl::StrCat(use.word_bits));
    return Tabled{"register_file", std::move(file), "register files"};
  }
  auto sram = std::make_unique<v1::Sram>();
  const Formula::Term kib =
      Product(*words, {use.word_bits / kBitsPerKib, std::vector<double>(words->exponents.size())});
  sram->set_kib(FormulaText({kib}, use.parameters.names));
  sram->set_width_bits(absl::StrCat(width));
  return Tabled{"sram", std::move(sram), "SRAM"};
}

}  // namespace

std::optional<ComponentCostTexts> ShippedComponentPrices::CostsOf(const ComponentUse& use) const {
  std::optional<Tabled> tabled;
  if (use.word_bits == 0) {
    tabled = TabledMac(use);
  } else if (Names(use, {"dram"})) {
    tabled = TabledDram(use);
  } else {
    tabled = TabledMemory(use);
  }
  if (!tabled.has_value()) return std::nullopt;
  const std::optional<double> node = NodeOf(use);
  const absl::StatusOr<ComponentPrices> prices = PriceComponent(tabled->kind, *tabled->message, node, use.parameters);
  if (!prices.ok()) return std::nullopt;
  const std::vector<std::string>& names = use.parameters.names;
  const auto text = [&](const FormulaSum& sum, double scale) {
    const Formula::Term by{scale, std::vector<double>(names.size())};
    return sum.empty() ? std::string() : FormulaText(Product(sum, by), names);
  };
  const double cycle_ns = Number(Attribute(use, {"global_cycle_seconds"})).value_or(kDefaultCycleNs * 1e-9) * 1e9;
  ComponentCostTexts costs;
  costs.read_pj = text(prices->read_pj, 1);
  costs.write_pj = text(prices->write_pj, 1);
  costs.update_pj = costs.write_pj;
  costs.leak_pj = text(prices->leak_mw, cycle_ns);
  costs.area_um2 = text(prices->area_mm2, kUm2PerMm2);
  costs.source = absl::StrCat("the shipped table of ", tabled->name,
                              node.has_value() ? absl::StrCat(" at ", ExactNumber(*node), " nm") : "");
  return costs;
}

}  // namespace oneloop
