#ifndef ONELOOP_COMMON_FORMATS_ONNX_RULES_H_
#define ONELOOP_COMMON_FORMATS_ONNX_RULES_H_

#include <string>
#include <string_view>
#include <unordered_map>

#include "common/formats/onnx_op.h"

namespace oneloop {

// Own rules by operator: "Conv" for ONNX's own domain, "com.microsoft:FusedConv" for others.
using OnnxRuleTable = std::unordered_map<std::string, OnnxRule>;

// The rule of an operator, or null for one that has none. Built on first use; thread-safe.
OnnxRule FindOnnxRule(const std::string& domain, const std::string& type);

// "Conv", "com.microsoft:FusedConv": how an operator is named to people and in the table.
std::string OnnxOpName(std::string_view domain, std::string_view type);

// What each file adds to the table.
void AddElementwiseRules(OnnxRuleTable* table);
void AddLayoutRules(OnnxRuleTable* table);
void AddIndexRules(OnnxRuleTable* table);
void AddWindowRules(OnnxRuleTable* table);
void AddConvRules(OnnxRuleTable* table);
void AddMatrixRules(OnnxRuleTable* table);
void AddEinsumRules(OnnxRuleTable* table);
void AddAttentionRules(OnnxRuleTable* table);
void AddRecurrentRules(OnnxRuleTable* table);

// By ONNX's own shape inference, for operators of its domain without a rule here; of an opset that the installed
// version does not know, by the newest that it knows. NOT_FOUND when it knows no such operator.
absl::Status ApplyOnnxSchema(OnnxOp& op);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_ONNX_RULES_H_
