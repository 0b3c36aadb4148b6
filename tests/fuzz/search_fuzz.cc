#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/convert/library.h"
#include "common/mapping/mapping.h"
#include "common/model/bound/lower_bound.h"
#include "oneloop/v1/job.pb.h"
#include "server/handlers/job_convert.h"
#include "server/search/evaluator.h"
#include "server/search/run_start.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/message_input.h"
#include "tests/server/store/memory_run_store.h"

namespace oneloop {
namespace {

constexpr int kMostPoints = 30;
constexpr int kMostStops = 200;
constexpr int kMostLayers = 6;
constexpr std::int64_t kMostBoundPolls = 50;

// Checks every point that a start reports, and ends it early.
class Checker : public PointSink {
 public:
  explicit Checker(const SearchSpec& spec) : spec_(spec) {}

  void OnPoint(const SearchPoint& point) override {
    ++points_;
    Check(point.sample >= last_sample_, "samples only rise");
    last_sample_ = point.sample;
    Check(!std::isnan(point.score) && !std::isnan(point.metrics.energy_uj) && !std::isnan(point.metrics.latency_cycles),
          "figures are numbers, or infinite");
    Check(spec_.hardware_template->ValidateHardware(point.hardware).ok() || point.mappings == nullptr,
          "designs have hardware that the template allows");
    if (point.mappings == nullptr) return;
    Check(point.mappings->size() == spec_.workload->layers.size(), "designs have a mapping for each layer");
    for (std::size_t i = 0; i < point.mappings->size(); ++i) {
      Check(ValidateMapping(*spec_.hardware_template, spec_.workload->layers[i].shape, (*point.mappings)[i]).ok(),
            "mappings are valid");
    }
    if (std::isfinite(point.score)) best_ = std::min(best_, point.score);
  }
  bool StopRequested() override { return points_ >= kMostPoints || ++asked_ > kMostStops; }

  // Infinite when no point had one.
  double best() const { return best_; }

 private:
  const SearchSpec& spec_;
  std::int64_t last_sample_ = 0;
  int points_ = 0;
  int asked_ = 0;
  double best_ = std::numeric_limits<double>::infinity();
};

void Search(const SearchSpec& spec) {
  if (spec.workload->layers.size() > kMostLayers) return;
  Checker checker(spec);
  RunStart(spec, 0, checker);
  // A predicted latency has no proof.
  if (spec.latency != nullptr) return;
  const CostModel model(spec.hardware_template);
  LowerBoundOptions options;
  options.max_boxes = 20;
  options.max_tiles = 2000;
  std::int64_t polls = 0;
  options.stop_requested = [&polls] { return ++polls > kMostBoundPolls; };
  const LowerBound bound = ProveLowerBound(model, *spec.workload, spec.hardware_range, GoalOf(spec), options);
  Check(!(bound.objective > checker.best() * (1 + 1e-9)), "no design is better than the bound");
}

}  // namespace

// Whatever spec is taken can be searched, and the proof agrees with what is found.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  v1::JobSpec spec;
  if (!ReadMessageInput({reinterpret_cast<const char*>(data), size}, &spec)) return 0;
  static const Catalog catalog(&ShippedLibrary());
  static MemoryRunStore store;
  static const CalibrationCatalog calibrations(&catalog, &store, nullptr);
  const absl::StatusOr<PreparedJob> job = PrepareJob(spec, catalog, calibrations);
  CheckAnswer(job.status());
  if (job.ok()) Search(*job->search);
  return 0;
}

}  // namespace oneloop
