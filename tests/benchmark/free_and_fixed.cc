// Whether leaving a parameter free costs anything: a job over the whole template against the best of jobs of the same
// budget that fix one parameter.
//   free_and_fixed TEMPLATE.yaml WORKLOAD PARAMETER=VALUE[,VALUE...] [samples per start] [starts] [seeds] [single]
//   [objective=PRODUCT] [LIMIT=BOUND...]
//     WORKLOAD: a shipped name or a file; "single" runs each of its layers as a workload of its own; LIMIT: a quantity
//     as of a job's limits
//   free_and_fixed random TEMPLATES [samples per start] [starts] [first seed]
//     random templates and layers, each parameter in turn fixed at five values over its range
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "common/base/random.h"
#include "common/base/read_file.h"
#include "server/search/search_spec.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

struct Budget {
  std::int64_t samples = 1490;
  int starts = 7;
  int seeds = 3;
};

// Excess of free over fixed, as a share.
class Summary {
 public:
  void Add(double free, double fixed) {
    best_fixed_ = std::min(best_fixed_, fixed);
    sum_free_ += free;
    excesses_.push_back(free / fixed - 1);
    log_free_ += std::log(free);
    log_fixed_ += std::log(fixed);
  }
  void Print() const {
    if (excesses_.empty()) return;
    double sum = 0;
    int worse = 0;
    for (const double excess : excesses_) {
      sum += excess;
      worse += excess > 1e-9;
    }
    const auto count = static_cast<double>(excesses_.size());
    std::printf("%zu runs: free is worse in %d, mean %+.2f %%, worst %+.2f %%; geometric means %.5g free, %.5g fixed\n",
                excesses_.size(), worse, 100 * sum / count, 100 * *std::max_element(excesses_.begin(), excesses_.end()),
                std::exp(log_free_ / count), std::exp(log_fixed_ / count));
    std::printf("mean of free against the best of all fixed: %+.2f %%\n", 100 * (sum_free_ / count / best_fixed_ - 1));
  }

 private:
  std::vector<double> excesses_;
  double log_free_ = 0;
  double log_fixed_ = 0;
  double sum_free_ = 0;
  double best_fixed_ = std::numeric_limits<double>::infinity();
};

bool IsFile(const std::string& name) { return name.find(".yaml") != std::string::npos; }

std::string Text(const std::string& path) {
  const auto text = ReadFile(path);
  if (!text.ok()) {
    std::fprintf(stderr, "%s\n", text.status().ToString().c_str());
    std::exit(1);
  }
  return *text;
}

void RunOne(const SearchSpec& base, const std::string& name, int parameter, const std::vector<double>& values,
            int seeds, Summary* summary) {
  for (int seed = 0; seed < seeds; ++seed) {
    SearchSpec spec = base;
    spec.seed = static_cast<std::uint64_t>(seed);
    const Found free = BestOf(spec);
    const Found fixed = BestFixed(spec, parameter, values);
    const double excess = free.score / fixed.score - 1;
    summary->Add(free.score, fixed.score);
    std::printf("%-24s seed %d: free %.5g, fixed %.5g (%g), %+.2f %%; free hardware", name.c_str(), seed, free.score,
                fixed.score, fixed.hardware.empty() ? 0 : fixed.hardware[static_cast<std::size_t>(parameter)],
                100 * excess);
    for (const double value : free.hardware) std::printf(" %g", value);
    std::printf("\n");
    if (std::getenv("SHOW") != nullptr) {
      for (const Found* found : {&free, &fixed}) {
        for (const Mapping& mapping : found->mappings) {
          std::printf("    %s\n", FormatMapping(*spec.hardware_template, mapping).c_str());
        }
      }
    }
    std::fflush(stdout);
  }
}

int RunFiles(int argc, char** argv) {
  const std::shared_ptr<const Template> hardware_template =
      IsFile(argv[1]) ? TemplateFromYaml(Text(argv[1])) : ShippedTemplate(argv[1]);
  const Workload workload = IsFile(argv[2]) ? WorkloadFromYaml(Text(argv[2])) : ShippedWorkload(argv[2]);
  const std::vector<std::string> fix = absl::StrSplit(argv[3], absl::MaxSplits('=', 1));
  const int parameter = hardware_template->FindParameter(fix[0]);
  std::vector<double> values;
  for (const auto text : absl::StrSplit(fix.size() > 1 ? fix[1] : "", ',')) {
    double value = 0;
    if (absl::SimpleAtod(text, &value)) values.push_back(value);
  }
  if (parameter < 0 || values.empty()) {
    std::fprintf(stderr, "no parameter or value in '%s'\n", argv[3]);
    return 1;
  }
  Budget budget;
  if (argc > 4) budget.samples = std::atoll(argv[4]);
  if (argc > 5) budget.starts = std::atoi(argv[5]);
  if (argc > 6) budget.seeds = std::atoi(argv[6]);
  bool single = false;
  std::vector<MetricLimit> limits;
  MetricProduct objective = MetricProduct::Edp();
  for (int i = 7; i < argc; ++i) {
    const std::vector<std::string> limit = absl::StrSplit(argv[i], absl::MaxSplits('=', 1));
    const QuantityInfo* const quantity = FindQuantity(limit[0]);
    double bound = 0;
    if (limit.size() == 1) {
      single = limit[0] == "single";
    } else if (limit[0] == "objective") {
      const absl::StatusOr<MetricProduct> product = MetricProduct::Parse(limit[1]);
      if (!product.ok()) return 1;
      objective = *product;
    } else if (quantity != nullptr && absl::SimpleAtod(limit[1], &bound)) {
      limits.push_back({quantity->quantity, bound});
    } else {
      std::fprintf(stderr, "no limit '%s'\n", argv[i]);
      return 1;
    }
  }
  std::vector<Workload> workloads;
  if (single) {
    for (const Layer& layer : workload.layers) {
      workloads.push_back({layer.name, "", {layer}});
    }
  } else {
    workloads.push_back(workload);
  }
  Summary summary;
  for (const Workload& one : workloads) {
    SearchSpec spec = SpecFor(one, hardware_template);
    spec.samples_per_start = budget.samples;
    spec.starts = budget.starts;
    spec.limits = limits;
    spec.objective = objective;
    RunOne(spec, one.name, parameter, values, budget.seeds, &summary);
  }
  summary.Print();
  return 0;
}

int RunRandom(int argc, char** argv) {
  const int templates = argc > 2 ? std::atoi(argv[2]) : 20;
  const std::int64_t samples = argc > 3 ? std::atoll(argv[3]) : 1490;
  const int starts = argc > 4 ? std::atoi(argv[4]) : 7;
  const int first = argc > 5 ? std::atoi(argv[5]) : 0;
  Summary summary;
  for (int i = first; i < first + templates; ++i) {
    Random random(static_cast<std::uint64_t>(i));
    SearchSpec spec = RandomSearchCase(random);
    spec.samples_per_start = samples;
    spec.starts = starts;
    for (int p = 0; p < spec.hardware_template->num_parameters(); ++p) {
      RunOne(spec, "case " + std::to_string(i) + " " + spec.hardware_template->parameter(p).name, p,
             FiveValues(spec.hardware_range[static_cast<std::size_t>(p)], spec.hardware_template->parameter(p).step), 1,
             &summary);
    }
  }
  summary.Print();
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "random") return oneloop::RunRandom(argc, argv);
  if (argc < 4) {
    std::fprintf(stderr, "free_and_fixed TEMPLATE WORKLOAD PARAMETER=VALUES [samples] [starts] [seeds] [single]\n");
    return 1;
  }
  return oneloop::RunFiles(argc, argv);
}
