#include "common/formats/file_name.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "common/workload/workload.h"

namespace oneloop {

std::string FileName(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  // A folder may end in "/".
  return name.empty() ? std::filesystem::path(path).parent_path().filename().string() : name;
}

std::string WorkloadNameOf(const std::string& path) {
  constexpr std::size_t kLongest = 63;
  std::string name;
  for (const char c : std::filesystem::path(FileName(path)).stem().string()) {
    const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
    const bool is_plain = absl::ascii_isalnum(static_cast<unsigned char>(lower)) || lower == '-';
    if (name.empty() && !(is_plain && lower != '-')) continue;
    name.push_back(is_plain ? lower : '_');
  }
  name.resize(std::min(name.size(), kLongest));
  return IsValidName(name) ? name : "workload";
}

}  // namespace oneloop
