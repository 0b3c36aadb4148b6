#include "client/slurm/keep_decision.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace oneloop {
namespace {

int WantedPilots(const KeepRules& rules, std::int64_t work) {
  const std::int64_t useful = work <= 0 ? 0 : (work - 1) / rules.cpus + 1;
  return static_cast<int>(std::clamp<std::int64_t>(useful, rules.min, rules.max));
}

// Notes pilots that failed since the last look, and how long to wait because of them. Those before the first look are
// no news.
void NoteFailures(const KeepRules& rules, const KeepView& view, KeepMemory* memory, KeepDecision* decision) {
  std::set<std::string> failed;
  bool is_sound = false;
  for (const Pilot& pilot : view.pilots) {
    is_sound |= pilot.state == "RUNNING" && pilot.run_time >= kSoundRunTime;
    if (!pilot.has_failed()) continue;
    failed.insert(pilot.id);
    if (memory->has_looked && !memory->failed.contains(pilot.id)) decision->new_failures.push_back(pilot);
  }
  memory->failed = std::move(failed);
  memory->has_looked = true;
  if (is_sound) memory->failures = 0;
  if (decision->new_failures.empty()) return;
  ++memory->failures;
  absl::Duration pause = rules.every;
  for (int i = 0; i < memory->failures && pause < kLongestStartPause; ++i) pause *= 2;
  memory->start_after = view.now + std::min(pause, kLongestStartPause);
}

// At most `count` pilots that may be stopped.
std::vector<std::string> ChooseToStop(const KeepView& view, int count) {
  std::vector<const Pilot*> choice;
  for (const Pilot& pilot : view.pilots) {
    const bool is_idle = view.work <= 0 || view.idle.contains(pilot.id);
    if (pilot.is_pending() || (pilot.is_running() && is_idle)) choice.push_back(&pilot);
  }
  std::stable_sort(choice.begin(), choice.end(), [](const Pilot* a, const Pilot* b) {
    if (a->is_pending() != b->is_pending()) return a->is_pending();
    return a->time_left < b->time_left;
  });
  choice.resize(std::min(choice.size(), static_cast<std::size_t>(count)));
  std::vector<std::string> ids;
  ids.reserve(choice.size());
  for (const Pilot* pilot : choice) ids.push_back(pilot->id);
  return ids;
}

}  // namespace

KeepDecision DecideKeep(const KeepRules& rules, const KeepView& view, KeepMemory* memory) {
  KeepDecision decision;
  decision.wanted = WantedPilots(rules, view.work);
  NoteFailures(rules, view, memory, &decision);
  const int active = static_cast<int>(std::count_if(view.pilots.begin(), view.pilots.end(), [](const Pilot& pilot) {
    return pilot.is_active() && !pilot.has_failed();
  }));
  if (active <= decision.wanted) memory->surplus_since.reset();
  if (active < decision.wanted) {
    decision.pause = std::max(memory->start_after - view.now, absl::ZeroDuration());
    if (decision.pause == absl::ZeroDuration()) decision.start = decision.wanted - active;
  }
  if (active > decision.wanted) {
    if (!memory->surplus_since.has_value()) memory->surplus_since = view.now;
    if (view.now - *memory->surplus_since >= rules.patience) {
      decision.stop = ChooseToStop(view, active - decision.wanted);
    }
  }
  return decision;
}

}  // namespace oneloop
