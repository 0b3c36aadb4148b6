// Attention in one operator: products of queries and keys and of scores and values, and where the operator holds
// weights the projection before. Masks save nothing: causal ones are not halved.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/formats/onnx_product.h"
#include "common/formats/onnx_rules.h"

namespace oneloop {
namespace {

struct Heads {
  std::int64_t batch = 1;
  std::int64_t query_heads = 1;
  std::int64_t kv_heads = 1;
  std::int64_t query_length = 1;
  std::int64_t total_length = 1;  // with what a cache holds
  std::int64_t key_size = 1;      // elements of one head
  std::int64_t value_size = 1;
};

absl::StatusOr<std::int64_t> SplitHeads(std::int64_t width, std::int64_t heads) {
  if (heads >= 1 && width % heads == 0) return width / heads;
  return absl::InvalidArgumentError(absl::StrCat("a width of ", width, " does not split into ", heads, " heads"));
}

// Stacks over batch and heads of keys and values; queries that share them are rows of one matrix.
absl::Status AddAttention(OnnxOp& op, const Heads& heads, int query, int key, int value) {
  if (heads.kv_heads < 1 || heads.query_heads % heads.kv_heads != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(heads.query_heads, " heads do not share ", heads.kv_heads, " heads of keys and values evenly"));
  }
  ProductExtents scores;
  RETURN_IF_ERROR(MultiplyExtent(heads.batch, &scores.both));
  RETURN_IF_ERROR(MultiplyExtent(heads.kv_heads, &scores.both));
  RETURN_IF_ERROR(MultiplyExtent(heads.query_length, &scores.left));
  RETURN_IF_ERROR(MultiplyExtent(heads.query_heads / heads.kv_heads, &scores.left));
  ProductExtents sums = scores;
  scores.inner = heads.key_size;
  scores.right = heads.total_length;
  sums.inner = heads.total_length;
  sums.right = heads.value_size;
  AddProduct(op, scores, query, key, -1).part = "qk";
  AddProduct(op, sums, -1, value, -1).part = "av";
  return absl::OkStatus();
}

// How many positions a cache holds; none when the input is left out.
absl::StatusOr<std::int64_t> CachedLength(const OnnxOp& op, int index, std::size_t rank) {
  if (op.Input(index) == nullptr) return 0;
  ASSIGN_OR_RETURN(const OnnxDims dims, op.Extents(index));
  if (dims.size() != rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("the cache '", op.node().input(index), "' has ", dims.size(), " dimensions, not ", rank));
  }
  return dims[rank - 2];
}

absl::StatusOr<std::int64_t> Plus(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) return absl::InvalidArgumentError("its extents do not fit 63 bits");
  return sum;
}

// Input [batch, length, width] and weights [width, queries + keys + values].
absl::Status ProjectedAttention(OnnxOp& op, int past) {
  ASSIGN_OR_RETURN(const OnnxDims input, op.Extents(0));
  ASSIGN_OR_RETURN(const OnnxDims weights, op.Extents(1));
  if (input.size() != 3 || weights.size() != 2 || input[2] != weights[0]) {
    return absl::InvalidArgumentError("expected an input of 3 dimensions and weights of 2 with its width");
  }
  std::vector<std::int64_t> widths = op.Ints("qkv_hidden_sizes").value_or(std::vector<std::int64_t>());
  if (widths.size() != 3) widths.assign(3, weights[1] / 3);
  if (widths[0] < 1 || widths[1] != widths[0] || widths[2] < 1 || widths[2] > weights[1]) {
    return absl::InvalidArgumentError("qkv_hidden_sizes does not fit the weights");
  }
  const std::int64_t count = op.Int("num_heads", 1);
  Heads heads{input[0], count, count, input[1]};
  ASSIGN_OR_RETURN(heads.key_size, SplitHeads(widths[0], count));
  ASSIGN_OR_RETURN(heads.value_size, SplitHeads(widths[2], count));
  ASSIGN_OR_RETURN(const std::int64_t cached, CachedLength(op, past, 5));
  ASSIGN_OR_RETURN(heads.total_length, Plus(input[1], cached));
  ProductExtents projection;
  projection.inner = weights[0];
  projection.right = weights[1];
  RETURN_IF_ERROR(MultiplyExtent(input[0], &projection.left));
  RETURN_IF_ERROR(MultiplyExtent(input[1], &projection.left));
  AddProduct(op, projection, 0, 1, op.Input(2) != nullptr ? 2 : -1).part = "proj";
  RETURN_IF_ERROR(AddAttention(op, heads, -1, -1, -1));
  op.SetOutput(0, OnnxDims{input[0], input[1], widths[2]});
  if (op.outputs.size() > 1) op.SetOutput(1, OnnxDims{2, input[0], count, heads.total_length, heads.key_size});
  return absl::OkStatus();
}

absl::Status Attention(OnnxOp& op) { return ProjectedAttention(op, 4); }
absl::Status QAttention(OnnxOp& op) { return ProjectedAttention(op, 8); }

// Query [batch, length, width] with key and value of 3 or 4 dimensions, or all packed: [batch, length, heads, 3, size].
absl::Status MultiHeadAttention(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxDims query, op.Extents(0));
  const std::int64_t count = op.Int("num_heads", 1);
  Heads heads{query.empty() ? 1 : query[0], count, count};
  int key_index = 1;
  int value_index = 2;
  if (query.size() == 5) {
    heads.query_length = heads.total_length = query[1];
    heads.key_size = heads.value_size = query[4];
    key_index = value_index = 0;
  } else if (query.size() == 3) {
    heads.query_length = query[1];
    ASSIGN_OR_RETURN(heads.key_size, SplitHeads(query[2], count));
    heads.value_size = heads.key_size;
    ASSIGN_OR_RETURN(const OnnxDims key, op.Extents(1));
    if (key.size() < 3 || key.size() > 5) return absl::InvalidArgumentError("its key has not 3 to 5 dimensions");
    heads.total_length = key.size() == 4 ? key[2] : key[1];
    if (key.size() == 5) {
      value_index = 1;
    } else {
      ASSIGN_OR_RETURN(const OnnxDims value, op.Extents(2));
      if (value.size() == 3) {
        ASSIGN_OR_RETURN(heads.value_size, SplitHeads(value[2], count));
      } else if (value.size() == 4) {
        heads.value_size = value[3];
      }
    }
  } else {
    return absl::InvalidArgumentError("its query has neither 3 nor 5 dimensions");
  }
  ASSIGN_OR_RETURN(const std::int64_t cached, CachedLength(op, 6, 4));
  ASSIGN_OR_RETURN(heads.total_length, Plus(heads.total_length, cached));
  RETURN_IF_ERROR(AddAttention(op, heads, 0, key_index, value_index));
  op.SetOutput(
      0, OnnxDims{heads.batch, heads.query_length, ElementCount({count, heads.value_size}).value_or(kUnknownExtent)});
  if (op.outputs.size() > 1) op.SetOutput(1, OnnxDims{heads.batch, count, heads.total_length, heads.key_size});
  if (op.outputs.size() > 2) op.SetOutput(2, OnnxDims{heads.batch, count, heads.total_length, heads.value_size});
  return absl::OkStatus();
}

// Query [batch, length, width], with keys and values packed behind it when those inputs are left out.
absl::Status GroupQueryAttention(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxDims query, op.Extents(0));
  if (query.size() != 3) return absl::InvalidArgumentError("its query has not 3 dimensions");
  Heads heads{query[0], op.Int("num_heads", 1), op.Int("kv_num_heads", 1), query[1]};
  const bool packed = op.Input(1) == nullptr;
  if (heads.query_heads < 1 || heads.kv_heads < 1 || heads.query_heads > 65536 || heads.kv_heads > 65536) {
    return absl::InvalidArgumentError("num_heads and kv_num_heads must be 1 to 65536");
  }
  ASSIGN_OR_RETURN(heads.key_size,
                   SplitHeads(query[2], packed ? heads.query_heads + 2 * heads.kv_heads : heads.query_heads));
  heads.value_size = heads.key_size;
  const auto total = op.IntInput(6);
  if (total.has_value() && total->size() == 1 && (*total)[0] >= heads.query_length) {
    heads.total_length = (*total)[0];
  } else {
    ASSIGN_OR_RETURN(const std::int64_t cached, CachedLength(op, 3, 4));
    ASSIGN_OR_RETURN(heads.total_length, Plus(query[1], cached));
  }
  RETURN_IF_ERROR(AddAttention(op, heads, 0, packed ? 0 : 1, packed ? 0 : 2));
  op.SetOutput(
      0, OnnxDims{query[0], query[1], ElementCount({heads.query_heads, heads.value_size}).value_or(kUnknownExtent)});
  for (std::size_t i = 1; i < op.outputs.size() && i < 3; ++i) {
    op.SetOutput(i, OnnxDims{query[0], heads.kv_heads, heads.total_length, heads.key_size});
  }
  return absl::OkStatus();
}

// Length and size of a head of an input of ONNX's own operator, [batch, heads, length, size] or
// [batch, length, heads x size].
struct Part {
  std::int64_t heads = 1, length = 1, size = 1;
};
absl::StatusOr<Part> ReadPart(const OnnxOp& op, int index, std::string_view attribute) {
  ASSIGN_OR_RETURN(const OnnxDims dims, op.Extents(index));
  if (dims.size() == 4) return Part{dims[1], dims[2], dims[3]};
  if (dims.size() != 3)
    return absl::InvalidArgumentError(absl::StrCat("input ", index, " has neither 3 nor 4 dimensions"));
  Part part{op.Int(attribute, 1), dims[1]};
  ASSIGN_OR_RETURN(part.size, SplitHeads(dims[2], part.heads));
  return part;
}

absl::Status StandardAttention(OnnxOp& op) {
  ASSIGN_OR_RETURN(const OnnxDims query_dims, op.Extents(0));
  ASSIGN_OR_RETURN(const Part query, ReadPart(op, 0, "q_num_heads"));
  ASSIGN_OR_RETURN(const Part key, ReadPart(op, 1, "kv_num_heads"));
  ASSIGN_OR_RETURN(const Part value, ReadPart(op, 2, "kv_num_heads"));
  if (query.size != key.size || key.length != value.length || key.heads != value.heads) {
    return absl::InvalidArgumentError("query, key and value do not fit together");
  }
  Heads heads{query_dims[0], query.heads, key.heads, query.length, 1, key.size, value.size};
  ASSIGN_OR_RETURN(const std::int64_t cached, CachedLength(op, 4, 4));
  ASSIGN_OR_RETURN(heads.total_length, Plus(key.length, cached));
  RETURN_IF_ERROR(AddAttention(op, heads, 0, 1, 2));
  const std::int64_t width = ElementCount({query.heads, value.size}).value_or(kUnknownExtent);
  op.SetOutput(0, query_dims.size() == 4 ? OnnxDims{query_dims[0], query.heads, query.length, value.size}
                                         : OnnxDims{query_dims[0], query.length, width});
  if (op.outputs.size() > 1) op.SetOutput(1, OnnxDims{query_dims[0], key.heads, heads.total_length, key.size});
  if (op.outputs.size() > 2) op.SetOutput(2, OnnxDims{query_dims[0], key.heads, heads.total_length, value.size});
  if (op.outputs.size() > 3) op.SetOutput(3, OnnxDims{query_dims[0], query.heads, query.length, heads.total_length});
  return absl::OkStatus();
}

}  // namespace

void AddAttentionRules(OnnxRuleTable* table) {
  (*table)["Attention"] = StandardAttention;
  (*table)["com.microsoft:Attention"] = Attention;
  (*table)["com.microsoft:QAttention"] = QAttention;
  (*table)["com.microsoft:MultiHeadAttention"] = MultiHeadAttention;
  (*table)["com.microsoft:GroupQueryAttention"] = GroupQueryAttention;
}

}  // namespace oneloop
