#include "common/formats/timeloop_machine.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/exact_number.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Timeloop reads counts as whole numbers of 32 bits.
constexpr double kMostInstances = 2147483647;
// Timeloop asks for a size of every memory but the outermost; so many words stand for no limit.
constexpr std::int64_t kMostEntries = 2147483647;
// Names of Timeloop's own, which a level must not have.
constexpr std::array<std::string_view, 6> kTakenNames = {"MACC", "System", "Chip", "wire", "Wire", "system"};

bool IsClose(double a, double b) { return std::abs(a - b) <= 1e-12 * std::max(std::abs(a), std::abs(b)); }

double Evaluate(const std::optional<Formula>& formula, const HardwarePoint& hardware, double absent) {
  return formula.has_value() ? formula->Evaluate(hardware) : absent;
}

// The flows of each tensor at a level; the outermost level is filled by nobody.
struct LevelFlow {
  Tensor tensor;
  FlowKind kind;
  bool operator<(const LevelFlow& other) const {
    return std::pair(Index(tensor), Index(kind)) < std::pair(Index(other.tensor), Index(other.kind));
  }
};

// One level's ports in Timeloop's terms.
class PortReader {
 public:
  PortReader(const Template& hardware_template, int level, const HardwarePoint& hardware, TimeloopVersion version)
      : template_(hardware_template), index_(level), hardware_(hardware), version_(version) {
    const bool is_outermost = level + 1 == hardware_template.num_levels();
    for (const Tensor tensor : kAllTensors) {
      if (!hardware_template.level(level).keeps.Has(tensor)) continue;
      flows_.push_back({tensor, FlowKind::kRead});
      if (!is_outermost) flows_.push_back({tensor, FlowKind::kFill});
      if (tensor == Tensor::kO) flows_.push_back({tensor, FlowKind::kUpdate});
    }
  }

  absl::Status Read(TimeloopLevel* level) {
    for (const Template::Port& port : template_.ports()) {
      if (port.level != index_) continue;
      RETURN_IF_ERROR(AddPrice(port.spec, level->instances()));
      RETURN_IF_ERROR(AddLimit(port.spec, level));
    }
    return SetPrices(level);
  }

 private:
  using Access = std::pair<std::int64_t, std::int64_t>;  // words, instances

  absl::Status Error(std::string_view text) const {
    return absl::InvalidArgumentError(absl::StrCat("level ", template_.level(index_).name, ": ", ToAbsl(text)));
  }

  static bool Lists(const PortSpec& port, const LevelFlow& flow) {
    return port.tensors.Has(flow.tensor) && port.flows.Has(flow.kind);
  }

  absl::StatusOr<std::int64_t> Whole(double value, std::string_view what) const {
    const double rounded = std::round(value);
    if (!IsClose(value, rounded) || rounded < 1 || rounded > kMostInstances) {
      return Error(absl::StrCat(ToAbsl(what), " of ", ExactNumber(value),
                                " is no whole number as Timeloop needs it; choose parameters that make it one"));
    }
    return static_cast<std::int64_t>(rounded);
  }

  absl::Status AddPrice(const PortSpec& port, std::int64_t instances) {
    double price = Evaluate(port.access_pj, hardware_, 0);
    if (price == 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::int64_t block, Whole(Evaluate(port.block_words, hardware_, 1), "a block"));
    ASSIGN_OR_RETURN(std::int64_t cluster, Whole(Evaluate(port.cluster, hardware_, 1), "a cluster"));
    cluster = std::min(cluster, instances);
    if (instances % cluster != 0) {
      return Error(
          absl::StrCat("clusters of ", cluster, " do not divide the ", instances, " instances, as Timeloop needs it"));
    }
    if (port.priced_by_word) price *= static_cast<double>(block);
    for (const LevelFlow& flow : flows_) {
      if (Lists(port, flow)) prices_[{block, cluster}][flow] += price;
    }
    return absl::OkStatus();
  }

  absl::Status AddLimit(const PortSpec& port, TimeloopLevel* level) const {
    if (!port.words_per_cycle.has_value()) return absl::OkStatus();
    if (std::none_of(flows_.begin(), flows_.end(), [&](const LevelFlow& flow) { return Lists(port, flow); })) {
      return absl::OkStatus();
    }
    const double limit = port.words_per_cycle->Evaluate(hardware_) / port.weight;
    const auto lists_all = [&](bool reads, bool writes) {
      return std::all_of(flows_.begin(), flows_.end(), [&](const LevelFlow& flow) {
        return Lists(port, flow) == (flow.kind == FlowKind::kRead ? reads : writes);
      });
    };
    std::optional<double>* bandwidth = nullptr;
    if (lists_all(true, true)) {
      bandwidth = &level->shared_bandwidth;
    } else if (lists_all(true, false)) {
      bandwidth = &level->read_bandwidth;
    } else if (lists_all(false, true)) {
      bandwidth = &level->write_bandwidth;
    } else {
      return Error(
          "a port limits some tensors or flows and not others; Timeloop knows limits of all reads of a memory, all "
          "writes, or both");
    }
    *bandwidth = std::min(bandwidth->value_or(limit), limit);
    return absl::OkStatus();
  }

  // The price that all flows of a kind have; 0 where there is none.
  absl::StatusOr<double> PriceOf(const Access& access, FlowKind kind) const {
    const auto prices = prices_.find(access);
    if (prices == prices_.end()) return 0;
    std::optional<double> price;
    for (const LevelFlow& flow : flows_) {
      if (flow.kind != kind) continue;
      const auto found = prices->second.find(flow);
      const double here = found == prices->second.end() ? 0 : found->second;
      if (price.has_value() && !IsClose(*price, here)) {
        return Error(absl::StrCat("a ", NameOf(kind), " costs ", ExactNumber(*price), " or ", ExactNumber(here),
                                  " pJ by tensor; a memory of Timeloop has one price"));
      }
      price = here;
    }
    return price.value_or(0);
  }

  // Every word that a tensor sends or takes on one side: what Timeloop calls address generation.
  absl::StatusOr<double> AddressPrice(const Access& access) const {
    std::optional<double> price;
    for (const LevelFlow& flow : flows_) {
      const bool counts = flow.kind != (flow.tensor == Tensor::kO ? FlowKind::kRead : FlowKind::kUpdate);
      const auto& prices = prices_.at(access);
      const auto found = prices.find(flow);
      const double here = found == prices.end() ? 0 : found->second;
      if (counts && !price.has_value()) price = here;
      if (counts ? !IsClose(*price, here) : here != 0) return Mixed();
    }
    return price.value_or(0);
  }

  absl::Status Mixed() const {
    return Error(
        "accesses come in several sizes; Timeloop knows one block and one cluster of a memory, and beside them a price "
        "of each word's address");
  }

  absl::Status SetPrices(TimeloopLevel* level) const {
    if (prices_.empty()) return absl::OkStatus();
    if (prices_.size() > 2) return Mixed();
    const Access main = prices_.rbegin()->first;
    if (prices_.size() == 2) {
      const Access& address = prices_.begin()->first;
      if (address.first != 1 || address.second != main.second) return Mixed();
      ASSIGN_OR_RETURN(level->address_pj, AddressPrice(address));
    }
    level->block_words = main.first;
    level->cluster = main.second;
    ASSIGN_OR_RETURN(level->read_pj, PriceOf(main, FlowKind::kRead));
    ASSIGN_OR_RETURN(level->write_pj, PriceOf(main, FlowKind::kFill));
    ASSIGN_OR_RETURN(level->update_pj, PriceOf(main, FlowKind::kUpdate));
    const auto has = [&](FlowKind kind) {
      return std::any_of(flows_.begin(), flows_.end(), [&](const LevelFlow& flow) { return flow.kind == kind; });
    };
    if (!has(FlowKind::kUpdate)) level->update_pj = level->write_pj;
    if (!has(FlowKind::kFill)) level->write_pj = level->update_pj;
    if (version_ == TimeloopVersion::k03 && !IsClose(level->write_pj, level->update_pj)) {
      return Error(absl::StrCat("a fill costs ", ExactNumber(level->write_pj), " pJ and an update ",
                                ExactNumber(level->update_pj),
                                "; Timeloop 0.3 has one price of both: export for version 0.4"));
    }
    return absl::OkStatus();
  }

  const Template& template_;
  const int index_;
  const HardwarePoint& hardware_;
  const TimeloopVersion version_;
  std::vector<LevelFlow> flows_;
  std::map<Access, std::map<LevelFlow, double>> prices_;
};

class MachineWriter {
 public:
  MachineWriter(const Template& hardware_template, const HardwarePoint& hardware, TimeloopVersion version)
      : template_(hardware_template), hardware_(hardware), version_(version) {}

  absl::StatusOr<TimeloopMachine> Write() {
    const TemplateSpec& spec = template_.spec();
    if (spec.macs_per_cycle != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("compute.macs_per_cycle is ", ExactNumber(spec.macs_per_cycle),
                       "; a unit of Timeloop does one multiply-accumulate a cycle: declare more units instead"));
    }
    machine_.mac_pj = Evaluate(spec.mac_energy_pj, hardware_, 0);
    machine_.area_mm2 = template_.AreaMm2(hardware_);
    machine_.levels.resize(ToIndex(template_.num_levels()));
    RETURN_IF_ERROR(SetFanOuts());
    for (int l = 0; l < template_.num_levels(); ++l) RETURN_IF_ERROR(SetLevel(l));
    WarnOfDialect();
    return std::move(machine_);
  }

 private:
  TimeloopLevel& LevelAt(int l) { return machine_.levels[ToIndex(l)]; }
  void Warn(std::string text) { machine_.warnings.push_back(std::move(text)); }

  // Which axis runs where, and how many instances of each level there are.
  absl::Status SetFanOuts() {
    for (std::size_t a = 0; a < template_.axes().size(); ++a) {
      const Template::Axis& axis = template_.axes()[a];
      TimeloopLevel& level = LevelAt(axis.level);
      const LevelSpec& spec = template_.level(axis.level);
      if (spec.spatial.size() > 2) {
        return absl::InvalidArgumentError(
            absl::StrCat("level ", spec.name, ": has ", spec.spatial.size(),
                         " axes; Timeloop has X and Y. Levels that keep nothing "
                         "can take the others, and are counted as fan-outs of their own"));
      }
      // Copies run along X first, as along our first axis.
      const bool is_x = spec.spatial.size() == 2 ? level.axis_x < 0 : axis.name != "Y";
      (is_x ? level.axis_x : level.axis_y) = static_cast<int>(a);
      if (spec.spatial.size() == 2 && is_x && axis.name == "Y" && version_ == TimeloopVersion::k04 &&
          spec.link.has_value()) {
        Warn(
            absl::StrCat("level ", spec.name, ": its first axis, Y, becomes Timeloop's X; hops are counted otherwise"));
      }
    }
    for (const Resource& resource : template_.resources()) {
      if (!resource.is_axis()) continue;
      TimeloopLevel& level = LevelAt(resource.level);
      const double size = std::floor(resource.limit.Evaluate(hardware_) * (1 + 1e-12));
      (resource.axis == level.axis_x ? level.fan_x : level.fan_y) =
          static_cast<std::int64_t>(std::clamp(size, 1.0, kMostInstances));
    }
    double x = 1;
    double y = 1;
    for (int l = template_.num_levels() - 1; l >= 0; --l) {
      TimeloopLevel& level = LevelAt(l);
      level.mesh_x = static_cast<std::int64_t>(x);
      level.mesh_y = static_cast<std::int64_t>(y);
      x *= static_cast<double>(level.fan_x);
      y *= static_cast<double>(level.fan_y);
      if (x * y > kMostInstances) {
        return absl::InvalidArgumentError(absl::StrCat("level ", template_.level(l).name,
                                                       ": more units are inside it than Timeloop can count, 2^31 - 1"));
      }
    }
    machine_.mesh_x = static_cast<std::int64_t>(x);
    machine_.mesh_y = static_cast<std::int64_t>(y);
    return absl::OkStatus();
  }

  absl::Status SetLevel(int l) {
    const LevelSpec& spec = template_.level(l);
    TimeloopLevel& level = LevelAt(l);
    level.name = spec.name;
    if (std::find(kTakenNames.begin(), kTakenNames.end(), level.name) != kTakenNames.end()) level.name += "_level";
    level.keeps = spec.keeps;
    level.word_bits = 1;
    for (const Tensor tensor : kAllTensors) {
      if (spec.keeps.empty() || spec.keeps.Has(tensor)) {
        level.word_bits = std::max(level.word_bits, spec.word_bits[ToIndex(tensor)]);
      }
    }
    SetEntries(l, &level);
    level.leak_pj = Evaluate(spec.leak_pj, hardware_, 0);
    if (level.leak_pj > 0 && version_ == TimeloopVersion::k03) {
      Warn(absl::StrCat("level ", spec.name, ": Timeloop 0.3 knows no leakage; its energies leave it out"));
    }
    if (spec.link.has_value()) SetLink(*spec.link, &level);
    return PortReader(template_, l, hardware_, version_).Read(&level);
  }

  void SetLink(const LinkSpec& link, TimeloopLevel* level) {
    level->unshared = link.unshared;
    level->unlinked = link.unlinked;
    if (!link.hop_pj.has_value() && !link.router_pj.has_value()) return;
    level->hop_pj = Evaluate(link.hop_pj, hardware_, 0);
    level->router_pj = Evaluate(link.router_pj, hardware_, 0);
    const bool by_place = version_ == TimeloopVersion::k04;
    if (link.mesh == by_place) return;
    Warn(absl::StrCat(
        "level ", level->name, ": Timeloop ",
        by_place ? "0.4 counts hops by the places of the units" : "0.3 counts hops by how far words spread",
        ", the template ", by_place ? "by how far words spread (mesh: false)" : "by place (mesh: true)"));
  }

  // Limits do not change what a design costs. Where Timeloop's one limit of words cannot say what the template says, it
  // is one that no valid mapping breaks.
  void SetEntries(int l, TimeloopLevel* level) {
    if (l + 1 == template_.num_levels() || template_.level(l).keeps.empty()) return;
    level->entries = kMostEntries;
    double sum = 0;
    TensorSet held;
    bool is_exact = true;
    int parts = 0;
    double buffering = 1;
    const LevelSpec& spec = template_.level(l);
    for (const PartitionSpec& part : spec.partitions) buffering = std::max(buffering, part.multiple_buffering);
    for (const Resource& resource : template_.resources()) {
      if (resource.level != l || resource.is_axis()) continue;
      double least = std::numeric_limits<double>::infinity();
      double most = 0;
      for (const Tensor tensor : kAllTensors) {
        if (!spec.keeps.Has(tensor)) continue;
        if (!resource.Holds(tensor)) {
          is_exact = false;
          continue;
        }
        held.Add(tensor);
        least = std::min(least, resource.per_word[ToIndex(tensor)]);
        most = std::max(most, resource.per_word[ToIndex(tensor)]);
      }
      if (most == 0) continue;
      is_exact = is_exact && least == most;
      sum += resource.limit.Evaluate(hardware_) / least;
      ++parts;
    }
    if (parts == 0 || held.bits() != spec.keeps.bits()) {
      if (parts > 0)
        Warn(absl::StrCat("level ", spec.name, ": Timeloop is told of no capacity, since not all tensors have one"));
      return;
    }
    // Units per word count each of several copies of a tile.
    const bool is_one = parts == 1 && is_exact && spec.partitions.size() <= 1;
    if (is_one && spec.partitions.size() == 1) {
      level->multiple_buffering = buffering;
      sum *= buffering;
    }
    const double entries = std::floor(sum * (1 + 1e-12));
    if (!is_one) {
      Warn(absl::StrCat("level ", spec.name,
                        ": Timeloop has one capacity of a memory, in words; the file's is one that no mapping of the "
                        "template exceeds"));
    }
    if (entries >= static_cast<double>(kMostEntries)) return;
    level->entries = static_cast<std::int64_t>(entries);
    if (is_one) {
      level->min_utilization = spec.min_utilization;
    } else if (spec.min_utilization > 0) {
      Warn(
          absl::StrCat("level ", spec.name, ": Timeloop is told of no min_utilization, since it has another capacity"));
    }
  }

  void WarnOfDialect() {
    const Dialect dialect = template_.spec().dialect;
    const bool fits = version_ == TimeloopVersion::k03 ? dialect == Dialect::k2022 : dialect == Dialect::k2025;
    if (fits) return;
    Warn(absl::StrCat("the template counts as Timeloop of ", NameOf(dialect), ", and Timeloop ",
                      version_ == TimeloopVersion::k03 ? "0.3 as of 2022" : "0.4 as of 2025",
                      ": fills of partial sums and overlaps of inputs differ"));
  }

  const Template& template_;
  const HardwarePoint& hardware_;
  const TimeloopVersion version_;
  TimeloopMachine machine_;
};

}  // namespace

absl::StatusOr<TimeloopMachine> DescribeForTimeloop(const Template& hardware_template, const HardwarePoint& hardware,
                                                    TimeloopVersion version) {
  return MachineWriter(hardware_template, hardware, version).Write();
}

}  // namespace oneloop
