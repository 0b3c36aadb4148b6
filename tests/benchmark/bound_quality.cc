// How near the proven lower bound comes to the best design known, per network on `gemmini`:
// bound_quality [boxes] [workload[=SCORE]...] [objective=PRODUCT] [LIMIT=BOUND...]. SCORE: of the best design known,
// for a gap; LIMIT: a quantity as of a job's limits. docs/RESULTS.md has the table.
#include <cstdio>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/model/bound/lower_bound.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

// Of EDP without limits, µJ·cycles, confirmed by Timeloop.
const std::map<std::string, double>& BestKnownEdp() {
  static const auto* known = new std::map<std::string, double>{
      {"bert", 1.507e9}, {"resnet50", 6.301e10}, {"retinanet", 2.050e10}, {"unet", 1.091e13}};
  return *known;
}

struct Question {
  LowerBoundOptions options;
  MetricProduct objective = MetricProduct::Edp();
  std::vector<MetricLimit> limits;
  std::map<std::string, double> workloads;  // with the best score known, 0 for none
};

// False when the argument is none.
bool Read(const std::string& argument, Question* question) {
  const std::vector<std::string> parts = absl::StrSplit(argument, absl::MaxSplits('=', 1));
  double value = 0;
  if (parts.size() == 1) {
    question->workloads[argument] = 0;
    return true;
  }
  if (parts[0] == "objective") {
    const absl::StatusOr<MetricProduct> product = MetricProduct::Parse(parts[1]);
    if (product.ok()) question->objective = *product;
    return product.ok();
  }
  if (!absl::SimpleAtod(parts[1], &value)) return false;
  if (const QuantityInfo* const quantity = FindQuantity(parts[0]); quantity != nullptr) {
    question->limits.push_back({quantity->quantity, value});
  } else {
    question->workloads[parts[0]] = value;
  }
  return true;
}

void Print(const std::string& name, double best_known, const Question& question) {
  const CostModel model(ShippedTemplate("gemmini"));
  const Workload workload = ShippedWorkload(name);
  std::vector<ParameterRange> ranges;
  for (const ParameterSpec& parameter : model.hardware_template().spec().parameters) {
    ranges.push_back({parameter.min, parameter.max});
  }
  const Goal goal(question.objective, question.limits, model.hardware_template());
  const std::clock_t begin = std::clock();
  const LowerBound bound = ProveLowerBound(model, workload, ranges, goal, question.options);
  const double seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-16s %s >= %.4e", name.c_str(), question.objective.ToString().c_str(), bound.objective);
  if (best_known > 0) {
    std::printf("  best known %.4e  gap %5.2f %%", best_known, 100 * (best_known / bound.objective - 1));
  } else {
    std::printf("%41s", "");
  }
  std::printf("  energy >= %.4e  latency >= %.4e  %5d boxes%s  %5.2f s of CPU time  at", bound.energy_uj,
              bound.latency_cycles, bound.boxes, bound.exhausted ? ", no more" : "", seconds);
  for (const ParameterRange& range : bound.box) std::printf(" %g-%g", range.min, range.max);
  std::printf("\n");
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  oneloop::Question question;
  int next = 1;
  if (int boxes = 0; argc > 1 && absl::SimpleAtoi(argv[1], &boxes)) {
    question.options.max_boxes = boxes;
    ++next;
  }
  for (; next < argc; ++next) {
    if (oneloop::Read(argv[next], &question)) continue;
    std::fprintf(stderr, "'%s' is no workload, objective or limit\n", argv[next]);
    return 1;
  }
  if (question.workloads.empty()) {
    for (const char* name :
         {"bert", "resnet50", "retinanet", "unet", "alexnet", "vgg16", "resnext50_32x4d", "deepbench"}) {
      question.workloads[name] = 0;
    }
  }
  const bool edp = question.objective == oneloop::MetricProduct::Edp() && question.limits.empty();
  for (const auto& [workload, given] : question.workloads) {
    const auto known = oneloop::BestKnownEdp().find(workload);
    const bool use_known = given == 0 && edp && known != oneloop::BestKnownEdp().end();
    oneloop::Print(workload, use_known ? known->second : given, question);
  }
  return 0;
}
