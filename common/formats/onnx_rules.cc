#include "common/formats/onnx_rules.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {

OnnxRule FindOnnxRule(const std::string& domain, const std::string& type) {
  static const OnnxRuleTable* const table = [] {
    auto* rules = new OnnxRuleTable();
    AddElementwiseRules(rules);
    AddLayoutRules(rules);
    AddIndexRules(rules);
    AddWindowRules(rules);
    AddConvRules(rules);
    AddMatrixRules(rules);
    AddEinsumRules(rules);
    AddAttentionRules(rules);
    AddRecurrentRules(rules);
    return rules;
  }();
  const auto found = table->find(OnnxOpName(domain, type));
  return found == table->end() ? nullptr : found->second;
}

std::string OnnxOpName(std::string_view domain, std::string_view type) {
  if (domain.empty()) return std::string(type);
  return absl::StrCat(ToAbsl(domain), ":", ToAbsl(type));
}

}  // namespace oneloop
