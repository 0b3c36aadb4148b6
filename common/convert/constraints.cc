#include "common/convert/constraints.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/cut_text.h"
#include "common/base/printable_text.h"
#include "common/base/status.h"
#include "common/convert/components.h"

namespace oneloop {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

constexpr std::size_t kLongestQuoted = 100;
constexpr std::size_t kLongestFactor = 32;
constexpr char kNone[] = "none";
// More than any level or axis can use.
constexpr int kMostTexts = 64;

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", CutText(PrintableText(text), kLongestQuoted), "'");
}

std::string PathOf(std::string_view list, int index) { return absl::StrCat(ToAbsl(list), "[", index, "]"); }

absl::StatusOr<Dim> DimFromName(absl::string_view name) {
  for (const Dim dim : kAllDims) {
    if (name == absl::string_view(&kDimNames[ToIndex(dim)], 1)) return dim;
  }
  return FieldError("", absl::StrCat(Quoted(std::string(name)), " is no dimension; valid: R, S, P, Q, C, K, N, G"));
}

absl::Status CheckCount(const Texts& texts, std::string_view field) {
  if (texts.size() <= kMostTexts) return absl::OkStatus();
  return FieldError(field, absl::StrCat("has ", texts.size(), "; valid: at most ", kMostTexts));
}

// "K<=8": narrows the dimension's range.
absl::Status AddFactor(const std::string& text, FactorRanges* ranges) {
  const auto wrong = [&text] {
    return FieldError(
        "", absl::StrCat(Quoted(text), " is no factor; expected a dimension, one of = <= >= and a whole number up to ",
                         kMaxBound, ", for example K<=8, or R=0 for the whole bound"));
  };
  absl::string_view rest = absl::StripAsciiWhitespace(text);
  if (rest.empty() || rest.size() > kLongestFactor) return wrong();
  ASSIGN_OR_RETURN(const Dim dim, DimFromName(rest.substr(0, 1)));
  rest = absl::StripLeadingAsciiWhitespace(rest.substr(1));
  const bool is_most = absl::ConsumePrefix(&rest, "<=");
  const bool is_least = !is_most && absl::ConsumePrefix(&rest, ">=");
  if (!is_most && !is_least && !absl::ConsumePrefix(&rest, "=")) return wrong();
  rest = absl::StripLeadingAsciiWhitespace(rest);
  std::int64_t factor = 0;
  if (rest.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(rest[0])) || !absl::SimpleAtoi(rest, &factor) ||
      factor > kMaxBound) {
    return wrong();
  }
  FactorRange& range = (*ranges)[ToIndex(dim)];
  if (factor == 0) {
    if (is_most || is_least) return wrong();
    range.is_whole = true;
    return absl::OkStatus();
  }
  if (!is_most) range.least = std::max(range.least, factor);
  if (!is_least) range.most = std::min(range.most, factor);
  return absl::OkStatus();
}

bool Has(const Texts& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void RemoveFrom(const std::string& name, Texts* names) {
  names->erase(std::remove(names->begin(), names->end(), name), names->end());
}

// Leaves of a list of dimensions those that are allowed, and of the perfect ones among them; an axis keeps its list
// where none is, with the factor 1. An empty list is all of them where `is_open`.
absl::Status AllowOnly(const Texts& allowed, std::string_view field, bool is_open, Texts* dims, Texts* perfect_dims,
                       Texts* factors) {
  if (allowed.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CheckCount(allowed, field));
  const bool is_none = allowed.size() == 1 && allowed[0] == kNone;
  for (int i = 0; i < allowed.size() && !is_none; ++i) {
    const absl::StatusOr<Dim> dim = DimFromName(allowed[i]);
    if (!dim.ok()) return PrefixField(PathOf(field, i), dim.status());
  }
  Texts left;
  for (const Dim dim : kAllDims) {
    const std::string name(1, Name(dim));
    if (Has(allowed, name) && (Has(*dims, name) || (is_open && dims->empty()))) *left.Add() = name;
  }
  for (const Dim dim : kAllDims) {
    const std::string name(1, Name(dim));
    if (!Has(left, name)) RemoveFrom(name, perfect_dims);
    if (left.empty() && !is_open) *factors->Add() = name + "=1";
  }
  if (left.empty() && is_open) *left.Add() = kNone;
  if (!left.empty()) *dims = left;
  return absl::OkStatus();
}

// One list must go on where the other ends.
absl::Status MergeInnermost(const Texts& asked, Texts* innermost) {
  const int both = std::min(asked.size(), innermost->size());
  for (int i = 0; i < both; ++i) {
    if (asked[i] == (*innermost)[i]) continue;
    return FieldError(PathOf("innermost", i),
                      absl::StrCat("is ", Quoted(asked[i]), ", where the template has ", Quoted((*innermost)[i])));
  }
  for (int i = both; i < asked.size(); ++i) *innermost->Add() = asked[i];
  return absl::OkStatus();
}

// Takes a tensor out of what says which tensors it is of; true when nothing of it is left.
template <class Part>
bool LosesAll(const std::string& tensor, Part* part) {
  if (part->tensors().empty()) return false;
  RemoveFrom(tensor, part->mutable_tensors());
  return part->tensors().empty();
}

void StopKeeping(const std::string& tensor, v1::Level* level) {
  RemoveFrom(tensor, level->mutable_keeps());
  auto& partitions = *level->mutable_partitions();
  partitions.erase(std::remove_if(partitions.begin(), partitions.end(),
                                  [&](v1::Partition& partition) { return LosesAll(tensor, &partition); }),
                   partitions.end());
  auto& ports = *level->mutable_ports();
  ports.erase(std::remove_if(ports.begin(), ports.end(),
                             [&](v1::Port& port) {
                               if (LosesAll(tensor, &port)) return true;
                               if (port.flows().empty() || Has(level->keeps(), "O")) return false;
                               RemoveFrom("update", port.mutable_flows());
                               return port.flows().empty();
                             }),
              ports.end());
  if (!level->keeps().empty()) return;
  for (const char* const field : {"capacity_bytes", "capacity_words", "words_per_cycle", "energy_pj", "block_words",
                                  "ports", "leak_pj", "partitions", "min_utilization"}) {
    level->GetReflection()->ClearField(level, level->GetDescriptor()->FindFieldByName(field));
  }
}

absl::Status CheckOneOf(const Texts& tensors, std::string_view field, const v1::Level& level) {
  for (int i = 0; i < tensors.size(); ++i) {
    if (Has(level.keeps(), tensors[i]) || Has(level.may_keep(), tensors[i])) continue;
    return FieldError(PathOf(field, i), absl::StrCat(Quoted(tensors[i]), " is not a tensor that level '", level.name(),
                                                     "' keeps or may keep"));
  }
  return absl::OkStatus();
}

absl::Status CheckTensors(const Texts& tensors, std::string_view field) {
  for (int i = 0; i < tensors.size(); ++i) {
    if (tensors[i].size() == 1 && kTensorNames.find(tensors[i][0]) != std::string_view::npos) continue;
    return FieldError(PathOf(field, i), absl::StrCat(Quoted(tensors[i]), " is no tensor; valid: W, I, O"));
  }
  return absl::OkStatus();
}

absl::Status ChooseKept(const v1::LevelConstraints& asked, bool is_last, v1::Level* level) {
  RETURN_IF_ERROR(CheckOneOf(asked.keep(), "keep", *level));
  RETURN_IF_ERROR(CheckTensors(asked.bypass(), "bypass"));
  for (int i = 0; i < asked.bypass_size(); ++i) {
    const std::string& tensor = asked.bypass(i);
    if (is_last || Has(asked.keep(), tensor)) {
      return FieldError(
          PathOf("bypass", i),
          absl::StrCat("has ", tensor, is_last ? ", and the last level keeps all" : ", which `keep` has, too"));
    }
    RemoveFrom(tensor, level->mutable_may_keep());
    if (Has(level->keeps(), tensor)) StopKeeping(tensor, level);
  }
  for (const std::string& tensor : asked.keep()) {
    RemoveFrom(tensor, level->mutable_may_keep());
    if (!Has(level->keeps(), tensor)) *level->add_keeps() = tensor;
  }
  return absl::OkStatus();
}

// The larger share counts.
template <class Asked, class Part>
absl::Status RaiseUtilization(const Asked& asked, Part* part) {
  if (!asked.has_min_utilization()) return absl::OkStatus();
  const double share = asked.min_utilization();
  if (!(share >= 0 && share <= 1)) {
    return FieldError("min_utilization", absl::StrCat("is ", share, "; valid: 0 to 1"));
  }
  part->set_min_utilization(std::max(share, part->min_utilization()));
  return absl::OkStatus();
}

absl::Status AddToAxis(const v1::AxisConstraints& asked, std::set<std::string>* seen, v1::Level* level) {
  for (v1::SpatialAxis& axis : *level->mutable_spatial()) {
    if (axis.name() != asked.name()) continue;
    if (!seen->insert(axis.name()).second) return FieldError("name", absl::StrCat(axis.name(), " is there twice"));
    RETURN_IF_ERROR(AllowOnly(asked.dims(), "dims", /*is_open=*/false, axis.mutable_dims(), axis.mutable_perfect_dims(),
                              axis.mutable_factors()));
    RETURN_IF_ERROR(FactorRangesFromTexts(asked.factors()).status());
    axis.mutable_factors()->MergeFrom(asked.factors());
    return RaiseUtilization(asked, &axis);
  }
  std::vector<std::string> names;
  for (const v1::SpatialAxis& axis : level->spatial()) names.push_back(axis.name());
  return FieldError("name", absl::StrCat(Quoted(asked.name()), " is no axis of level '", level->name(),
                                         "'; valid: ", names.empty() ? "it has none" : absl::StrJoin(names, ", ")));
}

absl::Status AddToLevel(const v1::LevelConstraints& asked, bool is_last, v1::Level* level) {
  RETURN_IF_ERROR(AllowOnly(asked.temporal(), "temporal", /*is_open=*/true, level->mutable_temporal(),
                            level->mutable_perfect_dims(), level->mutable_factors()));
  RETURN_IF_ERROR(FactorRangesFromTexts(asked.factors()).status());
  RETURN_IF_ERROR(OrderFromTexts(asked.innermost(), asked.outside()).status());
  level->mutable_factors()->MergeFrom(asked.factors());
  level->mutable_outside()->MergeFrom(asked.outside());
  RETURN_IF_ERROR(MergeInnermost(asked.innermost(), level->mutable_innermost()));
  RETURN_IF_ERROR(ChooseKept(asked, is_last, level));
  std::set<std::string> axes;
  for (int i = 0; i < asked.spatial_size(); ++i) {
    RETURN_IF_ERROR(PrefixField(PathOf("spatial", i), AddToAxis(asked.spatial(i), &axes, level)));
  }
  RETURN_IF_ERROR(RaiseUtilization(asked, level));
  const auto add_tensors = [](const Texts& tensors, Texts* all) {
    for (const std::string& tensor : tensors) {
      if (!Has(*all, tensor)) *all->Add() = tensor;
    }
  };
  if (!asked.unshared().empty()) add_tensors(asked.unshared(), level->mutable_link()->mutable_unshared());
  if (!asked.unlinked().empty()) add_tensors(asked.unlinked(), level->mutable_link()->mutable_unlinked());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FactorRanges> FactorRangesFromTexts(const Texts& texts) {
  RETURN_IF_ERROR(CheckCount(texts, "factors"));
  FactorRanges ranges;
  for (int i = 0; i < texts.size(); ++i) {
    RETURN_IF_ERROR(PrefixField(PathOf("factors", i), AddFactor(texts[i], &ranges)));
  }
  return ranges;
}

absl::StatusOr<OrderSpec> OrderFromTexts(const Texts& innermost, const Texts& outside) {
  RETURN_IF_ERROR(CheckCount(innermost, "innermost"));
  RETURN_IF_ERROR(CheckCount(outside, "outside"));
  OrderSpec order;
  for (int i = 0; i < innermost.size(); ++i) {
    const absl::StatusOr<Dim> dim = DimFromName(innermost[i]);
    if (!dim.ok()) return PrefixField(PathOf("innermost", i), dim.status());
    order.innermost.push_back(*dim);
  }
  for (int i = 0; i < outside.size(); ++i) {
    const std::vector<absl::string_view> pair = absl::StrSplit(outside[i], ' ', absl::SkipEmpty());
    if (pair.size() != 2) {
      return FieldError(PathOf("outside", i), absl::StrCat(Quoted(outside[i]),
                                                           " is no pair of dimensions; expected, "
                                                           "for example, 'K C': K's loop outside C's"));
    }
    std::vector<Dim> dims;
    for (const absl::string_view name : pair) {
      const absl::StatusOr<Dim> dim = DimFromName(name);
      if (!dim.ok()) return PrefixField(PathOf("outside", i), dim.status());
      dims.push_back(*dim);
    }
    order.outside.emplace_back(dims[0], dims[1]);
  }
  return order;
}

absl::Status AddConstraints(const v1::Constraints& constraints, v1::Template* message) {
  std::vector<std::string> names;
  for (const v1::Level& level : message->levels()) names.push_back(level.name());
  std::set<std::string> seen;
  for (int i = 0; i < constraints.levels_size(); ++i) {
    const v1::LevelConstraints& asked = constraints.levels(i);
    const std::string path = PathOf("levels", i);
    const auto found = std::find(names.begin(), names.end(), asked.level());
    if (found == names.end()) {
      return FieldError(path + ".level", absl::StrCat(Quoted(asked.level()), " is no level of template '",
                                                      message->name(), "'", SuggestName(asked.level(), names)));
    }
    if (!seen.insert(asked.level()).second) {
      return FieldError(path + ".level", absl::StrCat(Quoted(asked.level()), " is there twice"));
    }
    const auto index = static_cast<int>(found - names.begin());
    RETURN_IF_ERROR(
        PrefixField(path, AddToLevel(asked, index + 1 == message->levels_size(), message->mutable_levels(index))));
  }
  return RaiseUtilization(constraints, message);
}

absl::StatusOr<v1::Template> ConstrainedTemplate(const v1::Constraints& constraints, const v1::Template& message) {
  if (constraints.levels().empty() && !constraints.has_min_utilization()) return message;
  absl::StatusOr<v1::Template> expanded = ExpandComponents(message);
  if (!expanded.ok()) return PrefixField("template", expanded.status());
  RETURN_IF_ERROR(PrefixField("constraints", AddConstraints(constraints, &*expanded)));
  return expanded;
}

}  // namespace oneloop
