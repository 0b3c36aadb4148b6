#include "common/convert/components.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status.h"
#include "common/convert/component_tables.h"
#include "common/hardware/template.h"
#include "google/protobuf/message.h"

namespace oneloop {
namespace {

constexpr int kDefaultWordBits = 8;

// Everything that a component can be.
struct Component {
  std::string kind;
  const google::protobuf::Message* message = nullptr;
  std::string area_mm2;  // its own
};

std::vector<Component> ComponentsOf(const v1::Level& level) {
  std::vector<Component> components;
  if (level.has_sram()) components.push_back({"sram", &level.sram(), level.sram().area_mm2()});
  if (level.has_register_file()) {
    components.push_back({"register_file", &level.register_file(), level.register_file().area_mm2()});
  }
  if (level.has_dram()) components.push_back({"dram", &level.dram(), ""});
  return components;
}

bool HasComponents(const v1::Template& message) {
  return message.compute().has_mac() ||
         std::any_of(message.levels().begin(), message.levels().end(),
                     [](const v1::Level& level) { return !ComponentsOf(level).empty() || level.link().has_wire(); });
}

// Nothing when a range is wrong.
std::optional<ParameterSpace> SpaceOf(const v1::Template& message) {
  ParameterSpace space;
  for (const v1::Parameter& parameter : message.parameters()) {
    if (!(parameter.min() > 0 && parameter.max() >= parameter.min())) return std::nullopt;
    space.names.push_back(parameter.name());
    space.low.push_back(parameter.min());
    space.high.push_back(parameter.max());
  }
  return space;
}

// Tensors that one price per access serves, by the bits of their words.
std::map<int, std::vector<std::string>> TensorsByBits(const v1::Level& level, const v1::WordBits& word_bits) {
  std::map<int, std::vector<std::string>> tensors;
  const auto add = [&](const std::string& tensor) {
    const auto bits = [&](bool (v1::WordBits::*has)() const, std::int32_t (v1::WordBits::*get)() const) {
      if ((level.word_bits().*has)()) return (level.word_bits().*get)();
      return (word_bits.*has)() ? (word_bits.*get)() : kDefaultWordBits;
    };
    if (tensor == "W") tensors[bits(&v1::WordBits::has_w, &v1::WordBits::w)].push_back(tensor);
    if (tensor == "I") tensors[bits(&v1::WordBits::has_i, &v1::WordBits::i)].push_back(tensor);
    if (tensor == "O") tensors[bits(&v1::WordBits::has_o, &v1::WordBits::o)].push_back(tensor);
  };
  for (const std::string& tensor : level.keeps()) add(tensor);
  for (const std::string& tensor : level.may_keep()) add(tensor);
  return tensors;
}

class Expander {
 public:
  Expander(v1::Template message, ParameterSpace space) : message_(std::move(message)), space_(std::move(space)) {}

  absl::StatusOr<v1::Template> Expand() {
    instances_ = Number(1);
    for (int l = message_.levels_size() - 1; l >= 0; --l) {
      v1::Level& level = *message_.mutable_levels(l);
      const std::string path = absl::StrCat("levels[", l, "]");
      RETURN_IF_ERROR(PrefixField(path, ExpandLevel(&level)));
      RETURN_IF_ERROR(PrefixField(path, ExpandWire(&level)));
      RETURN_IF_ERROR(PrefixField(path, MultiplyInstances(level)));
    }
    RETURN_IF_ERROR(ExpandMac());
    RETURN_IF_ERROR(AddArea());
    return std::move(message_);
  }

 private:
  Formula::Term Number(double value) const { return {value, std::vector<double>(space_.names.size(), 0)}; }
  std::string Text(const FormulaSum& sum) const { return FormulaText(sum, space_.names); }
  std::optional<double> node_nm() const {
    return message_.has_node_nm() ? std::optional<double>(message_.node_nm()) : std::nullopt;
  }

  absl::StatusOr<ComponentPrices> Price(const Component& component) {
    absl::StatusOr<ComponentPrices> prices = PriceComponent(component.kind, *component.message, node_nm(), space_);
    if (!prices.ok()) return PrefixField(component.kind, prices.status());
    if (component.area_mm2.empty()) return prices;
    const absl::StatusOr<Formula> own = Formula::Parse(component.area_mm2, space_.names);
    if (!own.ok()) return PrefixField(component.kind, PrefixField("area_mm2", own.status()));
    prices->area_mm2 = own->IsZero() ? FormulaSum() : own->terms();
    return prices;
  }

  absl::Status ExpandLevel(v1::Level* level) {
    const std::vector<Component> components = ComponentsOf(*level);
    if (components.empty()) return absl::OkStatus();
    const Component& component = components.front();
    if (components.size() > 1) {
      return FieldError(components[1].kind, absl::StrCat("stands beside ", component.kind, "; a level is one of them"));
    }
    if (level->keeps().empty() && level->may_keep().empty()) {
      return FieldError(component.kind, "is in a level that keeps nothing, a fan-out without a memory; leave it out");
    }
    if (!level->block_words().empty() && level->energy_pj().empty()) {
      return FieldError("block_words", absl::StrCat("stands beside ", component.kind,
                                                    ", whose width says how many words an access has; leave it out"));
    }
    ASSIGN_OR_RETURN(const ComponentPrices prices, Price(component));
    AddPorts(prices, level);
    SetCapacity(prices, level);
    // The dialect of 2022, the default, is of a Timeloop that knows no leakage.
    const bool knows_leakage = !message_.dialect().empty() && message_.dialect() != NameOf(Dialect::k2022);
    if (knows_leakage && level->leak_pj().empty() && message_.has_clock_mhz() && !prices.leak_mw.empty()) {
      // mW are pJ per ns.
      level->set_leak_pj(Text(Product(prices.leak_mw, Number(1000 / message_.clock_mhz()))));
    }
    AddTo(Product(prices.area_mm2, instances_), &area_mm2_);
    level->clear_sram();
    level->clear_register_file();
    level->clear_dram();
    return absl::OkStatus();
  }

  // Bits of one access, all banks together.
  Formula::Term AccessBits(const ComponentPrices& prices) const {
    Formula::Term bits = Number(1);
    for (const char* size : {"width_bits", "banks"}) {
      if (const auto found = prices.sizes.find(size); found != prices.sizes.end()) bits = Product(bits, found->second);
    }
    return bits;
  }

  // The port that limits the same flows and tensors, or a new one.
  static v1::Port& PortLike(const v1::Port& port, v1::Level* level) {
    const auto names = [](const google::protobuf::RepeatedPtrField<std::string>& list) {
      return std::set<std::string>(list.begin(), list.end());
    };
    for (v1::Port& other : *level->mutable_ports()) {
      const bool is_alike =
          names(other.flows()) == names(port.flows()) && names(other.tensors()) == names(port.tensors());
      if (is_alike && other.access_pj().empty()) return other;
    }
    *level->add_ports() = port;
    return *level->mutable_ports()->rbegin();
  }

  // A port for reads and one for writes of all tensors whose words are equally wide, unless the level has prices.
  void AddPorts(const ComponentPrices& prices, v1::Level* level) const {
    const bool has_prices =
        !level->energy_pj().empty() || std::any_of(level->ports().begin(), level->ports().end(),
                                                   [](const v1::Port& port) { return !port.access_pj().empty(); });
    if (has_prices) return;
    const Formula::Term access_bits = AccessBits(prices);
    if (!level->words_per_cycle().empty()) {
      level->add_ports()->set_words_per_cycle(level->words_per_cycle());
      level->clear_words_per_cycle();
    }
    const std::map<int, std::vector<std::string>> groups = TensorsByBits(*level, message_.word_bits());
    for (const auto& [bits, tensors] : groups) {
      if (bits < 1) return;  // word_bits has the error
      const std::string block_words = Text({Product(access_bits, Number(1.0 / bits))});
      const bool has_updates = std::find(tensors.begin(), tensors.end(), "O") != tensors.end();
      for (const bool reads : {true, false}) {
        v1::Port port;
        port.add_flows(reads ? "read" : "fill");
        if (!reads && has_updates) port.add_flows("update");
        if (groups.size() > 1) port.mutable_tensors()->Assign(tensors.begin(), tensors.end());
        v1::Port& priced = PortLike(port, level);
        priced.set_access_pj(Text(reads ? prices.read_pj : prices.write_pj));
        priced.set_block_words(block_words);
      }
    }
  }

  // What it holds, unless the level says so.
  void SetCapacity(const ComponentPrices& prices, v1::Level* level) const {
    if (!level->capacity_bytes().empty() || !level->capacity_words().empty() || !level->partitions().empty()) return;
    const auto& sizes = prices.sizes;
    if (const auto kib = sizes.find("kib"); kib != sizes.end()) {
      level->set_capacity_bytes(Text({Product(kib->second, Number(1024))}));
    } else if (const auto words = sizes.find("words"); words != sizes.end()) {
      level->set_capacity_bytes(Text({Product(Product(words->second, AccessBits(prices)), Number(1.0 / 8))}));
    }
  }

  absl::Status ExpandWire(v1::Level* level) {
    if (!level->link().has_wire()) return absl::OkStatus();
    const absl::StatusOr<ComponentPrices> prices = Price({"wire", &level->link().wire(), ""});
    if (!prices.ok()) return PrefixField("link", prices.status());
    if (level->link().hop_pj().empty()) level->mutable_link()->set_hop_pj(Text(prices->read_pj));
    level->mutable_link()->clear_wire();
    return absl::OkStatus();
  }

  // What is inside a level is there as often as its axes have places.
  absl::Status MultiplyInstances(const v1::Level& level) {
    for (int a = 0; a < level.spatial_size(); ++a) {
      const absl::StatusOr<Formula::Term> size = ParseMonomial(level.spatial(a).size(), space_.names);
      if (!size.ok()) return PrefixField(absl::StrCat("spatial[", a, "].size"), size.status());
      instances_ = Product(instances_, *size);
    }
    return absl::OkStatus();
  }

  absl::Status ExpandMac() {
    if (!message_.compute().has_mac()) return absl::OkStatus();
    const v1::Mac& mac = message_.compute().mac();
    const absl::StatusOr<ComponentPrices> prices = Price({"mac", &mac, mac.area_mm2()});
    if (!prices.ok()) return PrefixField("compute", prices.status());
    v1::Compute& compute = *message_.mutable_compute();
    const double macs = compute.has_macs_per_cycle() ? std::max(compute.macs_per_cycle(), 1.0) : 1;
    AddTo(Product(Product(prices->area_mm2, instances_), Number(macs)), &area_mm2_);
    if (compute.energy_pj().empty()) compute.set_energy_pj(Text(prices->read_pj));
    compute.clear_mac();
    return absl::OkStatus();
  }

  absl::Status AddArea() {
    if (area_mm2_.empty()) return absl::OkStatus();
    if (!message_.area_mm2().empty()) {
      const absl::StatusOr<Formula> declared = Formula::Parse(message_.area_mm2(), space_.names);
      if (!declared.ok()) return PrefixField("area_mm2", declared.status());
      if (!declared->IsZero()) AddTo(declared->terms(), &area_mm2_);
    }
    message_.set_area_mm2(Text(area_mm2_));
    return absl::OkStatus();
  }

  v1::Template message_;
  const ParameterSpace space_;
  Formula::Term instances_;  // of the level that is looked at, and then of what is inside it
  FormulaSum area_mm2_;
};

}  // namespace

absl::StatusOr<v1::Template> ExpandComponents(const v1::Template& message) {
  const bool is_too_large = message.parameters_size() > kMaxParameters || message.levels_size() > kMaxLevels;
  if (is_too_large || !HasComponents(message)) return message;
  std::optional<ParameterSpace> space = SpaceOf(message);
  if (!space.has_value()) return message;
  return Expander(message, *std::move(space)).Expand();
}

}  // namespace oneloop
