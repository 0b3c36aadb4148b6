// One search for each accelerator of ../shared/data/accelerators.json (ONELOOP_ACCELERATORS names others), with what is
// proven for it: accelerator_searches [--newer] [accelerator | workload]...
//
// Or the search's quality on the shipped templates: accelerator_searches --shipped [--samples N] [--seeds N]
// [--long_seeds N] [--published | --free] [template | workload]... At published sizes and at free ones, a job of 7
// starts of N samples (1,490), in the mean of the seeds (5), against those of ten times as many, of as many seeds or
// fewer, and against the proven bound.
//
// docs/RESULTS.md has the tables.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/model/bound/lower_bound.h"
#include "server/search/search_spec.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/published_points.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

void Search(const std::string& accelerator, const std::shared_ptr<const Template>& hardware,
            const std::string& network) {
  SearchSpec spec;
  spec.hardware_template = hardware;
  spec.workload = std::make_shared<const Workload>(ShippedWorkload(network));
  for (const ParameterSpec& parameter : hardware->spec().parameters) {
    spec.hardware_range.push_back({parameter.min, parameter.max});
  }
  std::clock_t begin = std::clock();
  const Found found = BestOf(spec);
  const double search_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  const CostModel model(hardware);
  begin = std::clock();
  const LowerBound bound = ProveLowerBound(model, *spec.workload, spec.hardware_range, GoalOf(spec), {});
  const double proof_seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  std::printf("%-12s %-10s EDP %.4e >= %.4e, gap %5.2f %%; CPU: search %.2f s, proof %.2f s\n", accelerator.c_str(),
              network.c_str(), found.score, bound.objective, 100 * (found.score / bound.objective - 1), search_seconds,
              proof_seconds);
  std::fflush(stdout);
}

struct Options {
  bool newer = false;
  bool shipped = false;
  bool published_sizes = true;
  bool free_sizes = true;
  std::int64_t samples = 1490;
  int seeds = 5;
  int long_seeds = 0;               // as many as seeds when 0
  std::vector<std::string> wanted;  // accelerators or templates, and workloads
};

Options OptionsOf(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--newer") {
      options.newer = true;
    } else if (argument == "--shipped") {
      options.shipped = true;
    } else if (argument == "--published") {
      options.free_sizes = false;
    } else if (argument == "--free") {
      options.published_sizes = false;
    } else if (argument == "--samples" && i + 1 < argc) {
      options.samples = std::atoll(argv[++i]);
    } else if (argument == "--seeds" && i + 1 < argc) {
      options.seeds = std::atoi(argv[++i]);
    } else if (argument == "--long_seeds" && i + 1 < argc) {
      options.long_seeds = std::atoi(argv[++i]);
    } else {
      options.wanted.push_back(argument);
    }
  }
  return options;
}

// Mean of the best scores over the seeds.
double MeanBest(SearchSpec spec, int seeds) {
  double sum = 0;
  for (int seed = 0; seed < seeds; ++seed) {
    spec.seed = static_cast<std::uint64_t>(seed);
    sum += BestOf(spec).score;
  }
  return sum / seeds;
}

// A row of the table.
void Compare(const PublishedPoint& point, const std::string& network, bool published_sizes, const Options& options) {
  SearchSpec spec = SpecFor(ShippedWorkload(network), ShippedTemplate(point.template_name));
  for (std::size_t p = 0; published_sizes && p < spec.hardware_range.size(); ++p) {
    spec.hardware_range[p] = {point.hardware[p], point.hardware[p]};
  }
  spec.samples_per_start = options.samples;
  const double best = MeanBest(spec, options.seeds);
  spec.samples_per_start = 10 * options.samples;
  const double long_best = MeanBest(spec, options.long_seeds > 0 ? options.long_seeds : options.seeds);
  const CostModel model(spec.hardware_template);
  const LowerBound bound = ProveLowerBound(model, *spec.workload, spec.hardware_range, GoalOf(spec), {});
  std::printf("| %s | %s | %s | %.4e | %.4e | %+.2f %% | %.2f %% |\n", point.template_name.c_str(), network.c_str(),
              published_sizes ? "published" : "free", best, long_best, 100 * (best / long_best - 1),
              100 * (best / bound.objective - 1));
  std::fflush(stdout);
}

int CompareShipped(const Options& options) {
  const std::vector<PublishedPoint> points = PublishedPoints();
  const auto is_template = [&points](const std::string& name) {
    return std::any_of(points.begin(), points.end(),
                       [&name](const PublishedPoint& point) { return point.template_name == name; });
  };
  std::vector<std::string> networks;
  std::vector<std::string> templates;
  for (const std::string& name : options.wanted) (is_template(name) ? templates : networks).push_back(name);
  if (networks.empty()) networks = {"resnet50", "bert", "mobilenet_v2", "vit_b_16"};
  const auto samples = static_cast<long long>(options.samples);
  std::printf("| template | workload | sizes | EDP, 7 x %lld | 7 x %lld | above it | above the bound |\n", samples,
              10 * samples);
  std::printf("|---|---|---|---|---|---|---|\n");
  for (const PublishedPoint& point : points) {
    const bool is_wanted =
        templates.empty() || std::find(templates.begin(), templates.end(), point.template_name) != templates.end();
    for (const std::string& network : networks) {
      if (is_wanted && options.published_sizes) Compare(point, network, /*published_sizes=*/true, options);
      if (is_wanted && options.free_sizes) Compare(point, network, /*published_sizes=*/false, options);
    }
  }
  return 0;
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const oneloop::Options options = oneloop::OptionsOf(argc, argv);
  if (options.shipped) return oneloop::CompareShipped(options);
  const bool newer = options.newer;
  const std::vector<std::string>& wanted = options.wanted;
  const std::string path = oneloop::AcceleratorsPath();
  if (path.empty()) {
    std::fprintf(stderr, "no ../shared/data/accelerators.json; ONELOOP_ACCELERATORS names such a file\n");
    return 1;
  }
  std::vector<oneloop::Accelerator> accelerators = oneloop::ReadAccelerators(path);
  const auto is_wanted = [&wanted](const std::string& name) {
    return std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  const bool any_accelerator = std::none_of(accelerators.begin(), accelerators.end(),
                                            [&](const oneloop::Accelerator& of) { return is_wanted(of.name); });
  std::vector<std::string> networks;
  for (const std::string& name : wanted) {
    const bool names_accelerator = std::any_of(accelerators.begin(), accelerators.end(),
                                               [&](const oneloop::Accelerator& of) { return of.name == name; });
    if (!names_accelerator) networks.push_back(name);
  }
  if (networks.empty()) networks = {"resnet50", "bert"};
  for (oneloop::Accelerator& of : accelerators) {
    if (!any_accelerator && !is_wanted(of.name)) continue;
    const std::shared_ptr<const oneloop::Template> hardware = std::move(newer ? of.newer : of.hardware_template);
    for (const std::string& network : networks) oneloop::Search(of.name, hardware, network);
  }
  return 0;
}
