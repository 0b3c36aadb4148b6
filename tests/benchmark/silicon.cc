// Against chips and vendors' figures: silicon DIRECTORY, which has eyeriss_chip_alexnet.csv and nvdla_resnet50.csv
// (../shared/data/references). AlexNet's convolutions on the Eyeriss chip's sizes, layer by layer, and ResNet-50 on
// seven sizes of NVDLA. docs/RESULTS.md has the tables.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/convert/convert.h"
#include "common/convert/library.h"
#include "common/model/exact/cost_model.h"
#include "server/search/search_spec.h"
#include "tests/server/search/free_and_fixed.h"
#include "tests/server/search/search_cases.h"
#include "tests/testing/published_points.h"
#include "tests/testing/shipped.h"
#include "tests/testing/tables.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

double Number(const TableRow& row, const std::string& column) {
  const auto found = row.find(column);
  if (found == row.end()) BadTestInput("there is no column " + column);
  return std::atof(found->second.c_str());
}

// The first line of the files is a comment.
std::vector<TableRow> ReadReference(const std::string& path) {
  const std::vector<std::string> lines = ValueOrDie(ReadLines(path));
  std::vector<std::string> names;
  std::vector<TableRow> rows;
  for (const std::string& line : lines) {
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> cells;
    for (const auto cell : absl::StrSplit(line, ',')) cells.emplace_back(cell);
    if (names.empty()) {
      names = cells;
      continue;
    }
    TableRow row;
    for (std::size_t i = 0; i < names.size() && i < cells.size(); ++i) row[names[i]] = cells[i];
    rows.push_back(std::move(row));
  }
  return rows;
}

LayerShape ShapeOf(const TableRow& row) {
  v1::Bounds bounds;
  bounds.set_r(static_cast<int>(Number(row, "R")));
  bounds.set_s(static_cast<int>(Number(row, "S")));
  bounds.set_p(static_cast<int>(Number(row, "P")));
  bounds.set_q(static_cast<int>(Number(row, "Q")));
  bounds.set_c(static_cast<int>(Number(row, "C")));
  bounds.set_k(static_cast<int>(Number(row, "K")));
  bounds.set_n(static_cast<int>(Number(row, "N")));
  bounds.set_g(static_cast<int>(Number(row, "G")));
  bounds.set_wstride(static_cast<int>(Number(row, "stride")));
  bounds.set_hstride(static_cast<int>(Number(row, "stride")));
  return ValueOrDie(LayerShapeFromProto(bounds));
}

HardwarePoint PublishedHardware(const std::string& name) {
  for (const PublishedPoint& point : PublishedPoints()) {
    if (point.template_name == name) return point.hardware;
  }
  BadTestInput("no published point of " + name);
}

SearchSpec OnHardware(Workload workload, std::shared_ptr<const Template> hardware_template,
                      const HardwarePoint& hardware, const MetricProduct& objective) {
  SearchSpec spec = SpecFor(std::move(workload), std::move(hardware_template));
  for (std::size_t p = 0; p < hardware.size(); ++p) spec.hardware_range[p] = {hardware[p], hardware[p]};
  spec.objective = objective;
  return spec;
}

// Energy of the ports of one level, in pJ.
double PortsPj(const CostModel& model, const LayerParts& parts, int level) {
  double sum = 0;
  const std::vector<Template::Port>& ports = model.hardware_template().ports();
  for (std::size_t p = 0; p < ports.size(); ++p) {
    if (ports[p].level == level) sum += parts.port_pj[p];
  }
  return sum;
}

void CompareEyeriss(const std::string& path, const std::string& objective_text) {
  const std::shared_ptr<const Template> chip = ShippedTemplate("eyeriss");
  const HardwarePoint hardware = PublishedHardware("eyeriss");
  const MetricProduct objective = ValueOrDie(MetricProduct::Parse(objective_text));
  const CostModel model(chip);
  const double cycles_per_ms = 1000 * *chip->spec().clock_mhz;
  const int dram = chip->num_levels() - 1;
  const double dram_word_pj = chip->level(dram).energy_pj->Evaluate(hardware);
  std::printf("AlexNet on the Eyeriss chip's sizes, least %s, fixed hardware\n", objective_text.c_str());
  std::printf(
      "layer | processing ms: chip, model | PEs: chip, model | power mW: chip, model | energy mJ: chip, model | "
      "DRAM MB: chip, model\n");
  double sums[6] = {};
  for (const TableRow& row : ReadReference(path)) {
    Workload workload;
    workload.name = row.at("layer");
    workload.layers.push_back({workload.name, 1, ShapeOf(row)});
    const Layer layer = workload.layers.front();
    const Found found = BestOf(OnHardware(std::move(workload), chip, hardware, objective));
    const ComponentCosts costs = model.CostsAt(hardware);
    const LayerParts parts = model.PartsOf(model.Use(layer.shape, found.mappings.front()), costs);
    const double ms = found.metrics.latency_cycles / cycles_per_ms;
    const double dram_pj = PortsPj(model, parts, dram);
    const double leakage_mj = chip->spec().leakage_w_per_mm2 * costs.area_mm2 * ms;
    const double chip_mj = found.metrics.energy_uj / 1000 - dram_pj * 1e-9 + leakage_mj;
    const double dram_mb = dram_pj / dram_word_pj * 2 * 1e-6;
    const double measured_mj = Number(row, "power_mw") * Number(row, "processing_ms") / 1000;
    std::printf("%s | %.1f %.1f | %.0f %.0f | %.0f %.0f | %.2f %.2f | %.1f %.1f\n", row.at("layer").c_str(),
                Number(row, "processing_ms"), ms, Number(row, "active_pes"),
                static_cast<double>(Macs(layer.shape)) / found.metrics.latency_cycles, Number(row, "power_mw"),
                chip_mj / ms * 1000, measured_mj, chip_mj, Number(row, "dram_mb"), dram_mb);
    std::fflush(stdout);
    const double addends[6] = {Number(row, "processing_ms"), ms, measured_mj, chip_mj, Number(row, "dram_mb"), dram_mb};
    for (std::size_t i = 0; i < 6; ++i) sums[i] += addends[i];
  }
  std::printf("all | %.1f %.1f | | %.0f %.0f | %.2f %.2f | %.1f %.1f\n\n", sums[0], sums[1], sums[2] / sums[0] * 1000,
              sums[3] / sums[1] * 1000, sums[2], sums[3], sums[4], sums[5]);
}

struct ArrayShape {
  double atomic_c;
  double atomic_k;
};

// Of the specs of github.com/nvdla/hw (spec/defs: nv_large, nv_medium_1024_full, nv_medium_512, nv_small_256,
// nv_small); nothing public has those of 128 and 32 multipliers.
ArrayShape ShapeOfArray(double macs) {
  if (macs == 2048) return {64, 32};
  if (macs == 1024) return {64, 16};
  if (macs == 512) return {32, 16};
  if (macs == 256) return {32, 8};
  if (macs == 128) return {16, 8};
  if (macs == 64) return {8, 8};
  if (macs == 32) return {8, 4};
  BadTestInput(absl::StrCat("no shape of ", macs, " multipliers"));
}

// The shipped template with another bandwidth of DRAM.
std::shared_ptr<const Template> WithDramBandwidth(const std::string& name, double words_per_cycle) {
  for (const v1::Template& message : ShippedLibrary().templates()) {
    if (message.name() != name) continue;
    v1::Template changed = message;
    changed.mutable_levels()->rbegin()->set_words_per_cycle(absl::StrCat(words_per_cycle));
    return ValueOrDie(TemplateFromProto(changed));
  }
  BadTestInput("no template " + name);
}

void CompareNvdla(const std::string& path) {
  std::printf("ResNet-50 on NVDLA, least latency, fixed hardware, 1 GHz\n");
  std::printf("multipliers | frames/s: vendor, model, ratio | area mm2, 28 nm: vendor, model\n");
  double last = std::numeric_limits<double>::infinity();
  bool rank_is_kept = true;
  std::vector<double> ratios;
  for (const TableRow& row : ReadReference(path)) {
    const double macs = Number(row, "macs");
    const ArrayShape array = ShapeOfArray(macs);
    const std::string name = macs >= 512 ? "nvdla_large" : "nvdla_small";
    // A byte a word, a cycle a nanosecond.
    const std::shared_ptr<const Template> hardware_template = WithDramBandwidth(name, Number(row, "sdram_gb_per_s"));
    const HardwarePoint hardware = {array.atomic_c, array.atomic_k, Number(row, "conv_buffer_kib")};
    const Found found = BestOf(
        OnHardware(ShippedWorkload("resnet50"), hardware_template, hardware, MetricProduct::Of(Metric::kLatency)));
    const double frames = 1e9 / found.metrics.latency_cycles;
    const double ratio = frames / Number(row, "frames_per_s");
    std::printf("%.0f | %.1f %.1f %.2f | %.2f %.2f\n", macs, Number(row, "frames_per_s"), frames, ratio,
                Number(row, "area_mm2_28nm"), found.metrics.area_mm2);
    std::fflush(stdout);
    rank_is_kept = rank_is_kept && frames < last;
    last = frames;
    ratios.push_back(ratio);
  }
  double mean = 0;
  for (const double ratio : ratios) mean += std::log(ratio) / static_cast<double>(ratios.size());
  double spread = 0;
  for (const double ratio : ratios) spread = std::max(spread, std::abs(std::log(ratio) - mean));
  std::printf("rank %s; ratio %.2f in the geometric mean, single ones within a factor of %.2f of it\n",
              rank_is_kept ? "kept" : "not kept", std::exp(mean), std::exp(spread));
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "silicon DIRECTORY\n");
    return 1;
  }
  const std::string directory = argv[1];
  for (const char* objective : {"energy*latency", "latency"}) {
    oneloop::CompareEyeriss(directory + "/eyeriss_chip_alexnet.csv", objective);
  }
  oneloop::CompareNvdla(directory + "/nvdla_resnet50.csv");
  return 0;
}
