#include "common/base/status.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/optional.h"

namespace oneloop {
namespace {

constexpr char kFieldPayload[] = "oneloop/field";
constexpr char kOthersPayload[] = "oneloop/others";
constexpr char kOthersSeparator[] = "\x1e";  // which no error has: it would not be printed
constexpr std::size_t kMostListedNames = 24;

// Joins "spec" and "starts" with a dot, "layers" and "[3]" without.
std::string JoinPath(std::string_view prefix, std::string_view field) {
  if (prefix.empty()) return std::string(field);
  if (field.empty()) return std::string(prefix);
  std::string path(prefix);
  if (field.front() != '[') path += '.';
  path.append(field);
  return path;
}

// Least number of letters to insert, delete, replace or swap with their neighbour, ignoring case.
std::size_t EditDistance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) == absl::ascii_tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before.swap(above);
    above.swap(row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

absl::Status FieldError(std::string_view field, std::string_view description) {
  absl::Status status = absl::InvalidArgumentError(
      field.empty() ? std::string(description) : absl::StrCat(ToAbsl(field), ": ", ToAbsl(description)));
  status.SetPayload(kFieldPayload, absl::Cord(ToAbsl(field)));
  return status;
}

std::string FieldOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kFieldPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

std::string DescriptionOf(const absl::Status& status) {
  const std::string field = FieldOf(status);
  std::string text = Message(status);
  if (!field.empty() && text.starts_with(field + ": ")) text.erase(0, field.size() + 2);
  return text;
}

absl::Status JoinErrors(const std::vector<absl::Status>& errors) {
  absl::Status first = errors.front();
  std::vector<std::string> others;
  for (std::size_t i = 1; i < errors.size(); ++i) {
    others.push_back(FieldOf(errors[i]));
    others.push_back(DescriptionOf(errors[i]));
  }
  if (!others.empty()) first.SetPayload(kOthersPayload, absl::Cord(absl::StrJoin(others, kOthersSeparator)));
  return first;
}

std::vector<absl::Status> ErrorsOf(const absl::Status& status) {
  std::vector<absl::Status> errors = {status};
  const absl::optional<absl::Cord> payload = status.GetPayload(kOthersPayload);
  if (!payload.has_value()) return errors;
  const std::vector<std::string> others = absl::StrSplit(std::string(*payload), kOthersSeparator[0]);
  for (std::size_t i = 0; i + 1 < others.size(); i += 2) errors.push_back(FieldError(others[i], others[i + 1]));
  return errors;
}

absl::Status PrefixField(std::string_view prefix, const absl::Status& status) {
  if (status.ok()) return status;
  const absl::optional<absl::Cord> payload = status.GetPayload(kFieldPayload);
  if (!payload.has_value()) {
    return absl::Status(status.code(), absl::StrCat(ToAbsl(prefix), ": ", status.message()));
  }
  return FieldError(JoinPath(prefix, std::string(*payload)), DescriptionOf(status));
}

std::string NearestName(std::string_view name, const std::vector<std::string>& candidates) {
  std::string best;
  // One or two letters are near to anything: only their case may be wrong.
  const std::size_t most_edits = name.size() < 3 ? 0 : std::max<std::size_t>(1, name.size() * 2 / 5);
  std::size_t best_distance = most_edits + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

std::string SuggestName(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string nearest = NearestName(name, candidates);
  if (!nearest.empty()) return absl::StrCat(" (did you mean '", nearest, "'?)");
  if (candidates.empty()) return " (there is none)";
  if (candidates.size() > kMostListedNames) return "";
  return absl::StrCat(" (valid: ", absl::StrJoin(candidates, ", "), ")");
}

}  // namespace oneloop
