#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/design_csv.h"
#include "client/job_output.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// Of a job of several networks: each one's run on this chip, and what it pays for sharing it.
void PrintNetworks(const v1::Design& design, std::ostream& out) {
  if (design.networks().empty()) return;
  using Align = TextTable::Align;
  std::vector<TextTable::Column> columns = {{"network"}};
  for (const char* name : {"weight", "energy_uj", "latency_cycles", "objective", "own_best", "price"}) {
    columns.push_back({name, Align::kRight});
  }
  TextTable table(out, columns);
  for (const v1::NetworkFigures& network : design.networks()) {
    table.AddRow({network.name(), ShortNumber(network.weight()), ShortNumber(network.energy_uj()),
                  ShortNumber(network.latency_cycles()), ShortNumber(network.objective()),
                  network.has_own_best() ? ShortNumber(network.own_best()) : "-",
                  network.has_price() ? absl::StrFormat("%+.1f %%", 100 * network.price()) : "-"});
  }
  table.Flush();
  out << '\n';
}

void PrintTable(const v1::Design& design, std::ostream& out) {
  using Align = TextTable::Align;
  out << DetailLine("design", design.name()) << DetailLine("workload", design.workload())
      << DetailLine("template", design.template_()) << DetailLine("hardware", FormatParameters(design.parameters()))
      << DetailLine("EDP", absl::StrCat(ShortNumber(design.edp()), " uJ*cycles"))
      << DetailLine("energy", absl::StrCat(ShortNumber(design.energy_uj()), " uJ"))
      << DetailLine("latency", absl::StrCat(ShortNumber(design.latency_cycles()), " cycles"))
      << DetailLine("area", absl::StrCat(ShortNumber(design.area_mm2()), " mm2"));
  if (design.has_latency_ms()) {
    out << DetailLine("time", absl::StrCat(ShortNumber(design.latency_ms()), " ms"))
        << DetailLine("power", absl::StrCat(ShortNumber(design.power_w()), " W"));
  }
  out << DetailLine("idle",
                    absl::StrFormat("%.1f %% of the multiply-accumulate units, by step", 100 * design.idle_share()));
  const bool is_padded = design.padding_share() > 0;
  if (is_padded) {
    out << DetailLine("padding", absl::StrFormat("%+.1f %% multiply-accumulates if all factors had to divide",
                                                 100 * design.padding_share()));
  }
  const bool predicted = !design.calibration().empty();
  if (predicted) out << DetailLine("latencies", absl::StrCat("predicted by calibration ", design.calibration()));
  if (design.has_certificate()) {
    out << CertificateDetails(design.certificate(), "this template that its job could find");
  }
  out << '\n';
  PrintNetworks(design, out);
  const bool several = !design.networks().empty();
  std::vector<TextTable::Column> columns = {
      {"layer"}, {"count", Align::kRight}, {"bounds"}, {"energy_uj", Align::kRight}, {"latency_cycles", Align::kRight}};
  if (predicted) columns.insert(columns.end(), {{"sigma", Align::kRight}, {"trust", Align::kRight}});
  columns.push_back({"idle", Align::kRight});
  if (is_padded) columns.push_back({"padding"});
  columns.push_back({"mapping"});
  if (several) columns.insert(columns.begin(), {"network"});
  TextTable table(out, columns);
  for (const v1::LayerDesign& layer : design.layers()) {
    std::vector<std::string> row = {layer.name(), absl::StrCat(layer.count()), FormatBounds(layer.bounds()),
                                    ShortNumber(layer.energy_uj()), ShortNumber(layer.latency_cycles())};
    if (predicted) {
      row.push_back(absl::StrFormat("%.2f", layer.latency_sigma()));
      row.push_back(absl::StrFormat("%.2f", layer.latency_trust()));
    }
    row.push_back(absl::StrFormat("%.1f %%", 100 * layer.idle_share()));
    if (is_padded) row.push_back(FormatPadding(layer));
    row.push_back(layer.mapping());
    if (several) row.insert(row.begin(), layer.network());
    table.AddRow(std::move(row));
  }
  table.Flush();
}

class DesignCommand : public Command {
 public:
  std::string Name() const override { return "design"; }
  std::string Summary() const override { return "shows a design of a job: the hardware and each layer's mapping"; }
  std::string Notes() const override {
    return "idle is the share of the multiply-accumulate units that does nothing in the layer's steps: those that its\n"
           "mapping leaves out, and those beyond the edges of the layer. padding says what factors that divide would\n"
           "have needed: K 197->208 where K, 197 of them, is split into 13 times 16.\n"
           "With a calibration, sigma is the standard deviation of the latency's natural logarithm (about the "
           "relative\n"
           "error), and trust, 0 to 1, says how much of what was learned applies. csv has a row per layer, figures of "
           "one occurrence, and can be given to `oneloop evaluate`.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("point", "N", "the design of exact point N; default the best", &point_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const std::string job_name, project_.JobName(job_));
    v1::GetDesignRequest request;
    request.set_name(absl::StrCat(job_name, "/designs/", point_.has_value() ? absl::StrCat(*point_) : "best"));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const v1::Design design, client->GetDesign(request));
    switch (format_.get()) {
      case OutputFormat::kTable:
        PrintTable(design, env.out);
        break;
      case OutputFormat::kJson:
        env.out << JsonPrinter().Pretty(design);
        break;
      case OutputFormat::kCsv:
        env.out << DesignCsv(design);
        break;
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  std::optional<std::int64_t> point_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeDesignCommand() { return std::make_unique<DesignCommand>(); }

}  // namespace oneloop
