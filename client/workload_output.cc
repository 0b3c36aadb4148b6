#include "client/workload_output.h"

#include <map>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/layer_output.h"
#include "client/numbers.h"
#include "client/output.h"

namespace oneloop {
namespace {

using Align = TextTable::Align;

std::string Part(const v1::ImportedProduct& product) {
  return product.part().empty() ? product.op() : absl::StrCat(product.op(), ".", product.part());
}

// "P-P K-C"
std::string LinksText(const v1::Edge& edge) {
  return absl::StrJoin(edge.links(), " ", [](std::string* out, const v1::Link& link) {
    absl::StrAppend(out, link.from_dims(), "-", link.to_dims());
  });
}

std::string OpsText(const v1::Edge& edge) {
  return absl::StrJoin(edge.through(), " ", [](std::string* out, const v1::Op& op) { out->append(op.kind()); });
}

void PrintEdges(const v1::Workload& workload, std::ostream& out) {
  if (workload.edges().empty()) return;
  out << "\nedges:\n";
  TextTable table(out, {{"from"}, {"to"}, {"as"}, {"through"}, {"links"}});
  for (const v1::Edge& edge : workload.edges()) {
    table.AddRow({OneLine(edge.from()), OneLine(edge.to()), edge.operand(), OneLine(OpsText(edge)), LinksText(edge)});
  }
  table.Flush();
}

// A text within the quotes of Graphviz.
std::string DotText(const std::string& text) {
  std::string quoted;
  for (const char c : OneLine(text)) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return absl::StrCat("\"", quoted, "\"");
}

}  // namespace

void PrintImport(const v1::WorkloadImport& result, std::ostream& out) {
  const v1::Workload& workload = result.workload();
  out << DetailLine("workload", workload.name()) << DetailLine("about", workload.description())
      << DetailLine("layers", absl::StrCat(result.layers(), ", ", result.distinct_layers(), " distinct"))
      << DetailLine("MACs", absl::StrCat(result.macs()))
      << DetailLine("weights", absl::StrCat(result.weights(), ", biases ", result.biases()));
  for (const std::string& skipped : workload.skipped()) out << DetailLine("left out", skipped);
  out << '\n';
  TextTable table(out, {{"node"},
                        {"operator"},
                        {"count", Align::kRight},
                        {"bounds"},
                        {"MACs", Align::kRight},
                        {"weights", Align::kRight},
                        {"layer"},
                        {"note"}});
  for (const v1::ImportedProduct& product : result.products()) {
    table.AddRow({OneLine(product.node()), OneLine(Part(product)), absl::StrCat(product.count()),
                  FormatBounds(product.bounds()), absl::StrCat(product.macs()), absl::StrCat(product.weights()),
                  product.layer() == product.node() ? "" : absl::StrCat("as ", OneLine(product.layer())),
                  product.note()});
  }
  table.Flush();
  if (!result.others().empty()) {
    out << "\nnot modelled:\n";
    TextTable others(out, {{"operator"}, {"nodes", Align::kRight}, {"elements", Align::kRight}});
    for (const v1::ImportedOther& other : result.others()) {
      others.AddRow({OneLine(other.op()), absl::StrCat(other.nodes()), absl::StrCat(other.elements())});
    }
    others.Flush();
  }
  PrintEdges(workload, out);
}

void PrintImportCsv(const v1::WorkloadImport& result, std::ostream& out) {
  std::vector<std::string> header = {"node", "operator", "part", "layer", "count"};
  for (const std::string& name : BoundColumns()) header.push_back(name);
  for (const char* const name : {"macs", "weights", "note"}) header.emplace_back(name);
  out << CsvLine(header);
  for (const v1::ImportedProduct& product : result.products()) {
    std::vector<std::string> row = {product.node(), product.op(), product.part(), product.layer(),
                                    absl::StrCat(product.count())};
    for (const std::string& cell : BoundCells(product.bounds())) row.push_back(cell);
    row.push_back(absl::StrCat(product.macs()));
    row.push_back(absl::StrCat(product.weights()));
    row.push_back(product.note());
    out << CsvLine(row);
  }
}

std::string WorkloadDot(const v1::Workload& workload) {
  std::string text = absl::StrCat("digraph ", DotText(workload.name()), " {\n  node [shape=box];\n");
  std::map<std::string, std::string> bounds_of;
  for (const v1::Layer& layer : workload.layers()) bounds_of[layer.name()] = FormatBounds(layer.bounds());
  if (workload.nodes().empty()) {
    for (const v1::Layer& layer : workload.layers()) {
      absl::StrAppend(&text, "  ", DotText(layer.name()),
                      " [label=", DotText(absl::StrCat(layer.name(), " ", FormatBounds(layer.bounds()))), "];\n");
    }
  }
  for (const v1::Node& node : workload.nodes()) {
    const std::string& bounds = bounds_of[node.layer()];
    absl::StrAppend(&text, "  ", DotText(node.name()), " [label=", DotText(absl::StrCat(node.name(), " ", bounds)),
                    "];\n");
  }
  for (const v1::Edge& edge : workload.edges()) {
    const std::string label = absl::StrCat(OpsText(edge), edge.links().empty() ? "" : " ", LinksText(edge));
    absl::StrAppend(&text, "  ", DotText(edge.from()), " -> ", DotText(edge.to()), " [label=", DotText(label),
                    edge.operand() == "W" ? ", style=dashed" : "", "];\n");
  }
  return text + "}\n";
}

}  // namespace oneloop
