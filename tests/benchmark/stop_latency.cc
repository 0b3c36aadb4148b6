// How long a start, or the proof of a bound, goes on after it is asked to stop: what cancel, pause and the daemon's
// stop wait for.
//   stop_latency [repetitions]
// Each algorithm searches ResNet-50 and is stopped at moments spread over its first seconds, and so is the proof; other
// work on the machine is in the figures. The promise is 200 ms.
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/base/random.h"
#include "server/search/null_sink.h"
#include "server/search/run_start.h"
#include "server/search/search_bound.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

constexpr absl::Duration kLatest = absl::Seconds(3);

// Milliseconds from the request to the end of `work`; below 0 when it ended by itself before.
double StopAfter(absl::Duration moment, const std::function<void(const std::atomic<bool>&)>& work) {
  std::atomic<bool> stop = false;
  std::atomic<bool> ended = false;
  absl::Time end;
  std::thread worker([&] {
    work(stop);
    end = absl::Now();
    ended = true;
  });
  absl::SleepFor(moment);
  const bool too_late = ended;
  const absl::Time asked = absl::Now();
  stop = true;
  worker.join();
  return too_late ? -1 : absl::ToDoubleMilliseconds(end - asked);
}

void Measure(const std::string& name, int repetitions, const std::function<void(const std::atomic<bool>&)>& work) {
  Random random(1);
  std::vector<double> waits_ms;
  for (int i = 0; i < repetitions; ++i) {
    const double wait_ms = StopAfter(random.Uniform() * kLatest, work);
    if (wait_ms >= 0) waits_ms.push_back(wait_ms);
  }
  std::sort(waits_ms.begin(), waits_ms.end());
  if (waits_ms.empty()) {
    std::printf("%-10s ended by itself each time\n", name.c_str());
    return;
  }
  std::printf("%-10s stopped %zu times: median %.1f ms, longest %.1f ms\n", name.c_str(), waits_ms.size(),
              waits_ms[waits_ms.size() / 2], waits_ms.back());
  std::fflush(stdout);
}

void Run(int repetitions) {
  SearchSpec spec;
  spec.workload = std::make_shared<const Workload>(ShippedWorkload("resnet50"));
  spec.hardware_template = ShippedTemplate("gemmini");
  for (const ParameterSpec& parameter : spec.hardware_template->spec().parameters) {
    spec.hardware_range.push_back({parameter.min, parameter.max});
  }
  spec.starts = 1;
  spec.samples_per_start = 10000000;
  for (const auto& [name, algorithm] :
       {std::pair("gradient", Algorithm::kGradient), std::pair("random", Algorithm::kRandom),
        std::pair("bayesian", Algorithm::kBayesian)}) {
    spec.algorithm = algorithm;
    Measure(name, repetitions, [&spec](const std::atomic<bool>& stop) {
      NullSink sink([&stop] { return stop.load(); });
      RunStart(spec, 0, sink);
    });
  }
  // As a user runs it: polish follows the descent within two seconds.
  spec.algorithm = Algorithm::kGradient;
  spec.samples_per_start = 4000;
  Measure("polish", repetitions, [&spec](const std::atomic<bool>& stop) {
    NullSink sink([&stop] { return stop.load(); });
    RunStart(spec, 0, sink);
  });
  Measure("bound", repetitions,
          [&spec](const std::atomic<bool>& stop) { ProveSearchBound(spec, [&stop] { return stop.load(); }); });
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  oneloop::Run(argc > 1 ? std::atoi(argv[1]) : 20);
  return 0;
}
