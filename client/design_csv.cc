#include "client/design_csv.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "client/job_output.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "client/output.h"

namespace oneloop {

std::string DesignCsv(const v1::Design& design) {
  const std::vector<std::string> parameters = ParameterNames(design.parameters());
  const bool several = !design.networks().empty();
  std::vector<std::string> header = {"layer", "count"};
  for (const std::string& name : BoundColumns()) header.push_back(name);
  header.insert(header.end(), parameters.begin(), parameters.end());
  for (const char* name : {"mapping", "energy_uj", "latency_cycles", "area_mm2", "idle_share", "padding_share"}) {
    header.emplace_back(name);
  }
  if (several) header.emplace_back("network");
  std::string text = CsvLine(header);
  for (const v1::LayerDesign& layer : design.layers()) {
    std::vector<std::string> row = {layer.name(), absl::StrCat(layer.count())};
    for (const std::string& cell : BoundCells(layer.bounds())) row.push_back(cell);
    for (const std::string& name : parameters) row.push_back(ExactNumber(design.parameters().at(name)));
    row.push_back(layer.mapping());
    for (const double figure :
         {layer.energy_uj(), layer.latency_cycles(), design.area_mm2(), layer.idle_share(), layer.padding_share()}) {
      row.push_back(ExactNumber(figure));
    }
    if (several) row.push_back(layer.network());
    text += CsvLine(row);
  }
  return text;
}

}  // namespace oneloop
