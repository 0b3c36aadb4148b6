#include "common/model/structure/structure.h"

#include <cstddef>
#include <utility>

namespace oneloop {

Structure::Structure(const Template& hardware_template)
    : num_levels_(hardware_template.num_levels()),
      first_sums_are_loaded_(hardware_template.spec().dialect == Dialect::k2022),
      rests_end_overlap_(hardware_template.spec().dialect != Dialect::k2025) {
  for (int level = 0; level < num_levels_; ++level) AddLevel(hardware_template, level);
  for (std::size_t a = 0; a < hardware_template.axes().size(); ++a) {
    Axes& axes = axes_[ToIndex(hardware_template.axes()[a].level)];
    if (axes.count++ == 0) axes.first = static_cast<int>(a);
  }
  AddPorts(hardware_template);
  AddLinks(hardware_template);
}

void Structure::AddLevel(const Template& hardware_template, int level) {
  const LevelSpec& spec = hardware_template.level(level);
  for (const Tensor tensor : kAllTensors) {
    const bool shares = !spec.link.has_value() || !spec.link->unshared.Has(tensor);
    if (shares) sharing_[ToIndex(level)][ToIndex(tensor)] = UnusedDims(tensor);
    if (!spec.keeps.Has(tensor)) continue;
    std::vector<Keeper>& keepers = keepers_[ToIndex(tensor)];
    Keeper keeper{level, keepers.empty() ? -1 : keepers.back().level, level == outermost()};
    const auto add = [&](Flow::Kind kind, Flow::Counts counts, bool leaves_out_first) {
      keeper.flow[static_cast<std::size_t>(kind)] = static_cast<int>(flows_.size());
      flows_.push_back({level, tensor, kind, counts, leaves_out_first});
    };
    const bool is_output = tensor == Tensor::kO;
    add(Flow::Kind::kRead, Flow::Counts::kRequests, is_output);
    if (!keeper.is_outermost) add(Flow::Kind::kFill, Flow::Counts::kLoads, is_output && !first_sums_are_loaded_);
    if (is_output) add(Flow::Kind::kUpdate, Flow::Counts::kRequests, false);
    keepers.push_back(keeper);
    keeper_levels_[ToIndex(tensor)].push_back(level);
  }
  hands_over_[ToIndex(level)] = !spec.link.has_value() || !spec.link->unlinked.Has(Tensor::kI);
  if (spec.leak_pj.has_value()) leaking_levels_.push_back(level);
}

void Structure::AddPorts(const Template& hardware_template) {
  for (const Template::Port& port : hardware_template.ports()) {
    PortRow row{port.level, port.spec, {}};
    for (std::size_t f = 0; f < flows_.size(); ++f) {
      const Flow& flow = flows_[f];
      const bool pays =
          flow.level == port.level && port.spec.tensors.Has(flow.tensor) && port.spec.flows.Has(flow.kind);
      if (pays) row.flows.push_back(static_cast<int>(f));
    }
    ports_.push_back(std::move(row));
  }
}

void Structure::AddLinks(const Template& hardware_template) {
  for (int level = 0; level < num_levels_; ++level) {
    const std::optional<LinkSpec>& link = hardware_template.level(level).link;
    if (!link.has_value() || (!link->hop_pj.has_value() && !link->router_pj.has_value())) continue;
    LinkRow row{level, *link, {}};
    for (const Tensor tensor : kAllTensors) {
      int keeper = 0;
      while (keepers(tensor)[ToIndex(keeper)].level < level) ++keeper;
      row.keeper[ToIndex(tensor)] = keeper;
    }
    links_.push_back(std::move(row));
  }
}

}  // namespace oneloop
