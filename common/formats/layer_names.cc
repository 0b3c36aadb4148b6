#include "common/formats/layer_names.h"

#include <map>
#include <string>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"

namespace oneloop {

void NameLayersApart(v1::Workload* workload) {
  std::unordered_set<std::string> taken;
  std::map<std::string, int> last;  // number that was given to a name
  for (v1::Layer& layer : *workload->mutable_layers()) {
    const std::string base = layer.name().empty() ? "layer" : layer.name();
    std::string name = base;
    while (!taken.insert(name).second) name = absl::StrCat(base, "#", ++last.emplace(base, 1).first->second);
    layer.set_name(std::move(name));
  }
}

}  // namespace oneloop
