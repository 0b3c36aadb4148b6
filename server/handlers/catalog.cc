#include "server/handlers/catalog.h"

#include "common/base/status.h"

namespace oneloop {
namespace {

template <class List>
auto* FindByName(const List& list, const std::string& name) {
  for (const auto& entry : list) {
    if (entry.name() == name) return &entry;
  }
  return static_cast<decltype(&list[0])>(nullptr);
}

template <class List>
std::string SuggestFrom(const List& list, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& entry : list) names.push_back(entry.name());
  return SuggestName(name, names);
}

}  // namespace

const v1::Workload* Catalog::FindWorkload(const std::string& name) const {
  return FindByName(library_->workloads(), name);
}

const v1::Template* Catalog::FindTemplate(const std::string& name) const {
  return FindByName(library_->templates(), name);
}

const v1::Calibration* Catalog::FindCalibration(const std::string& name) const {
  return FindByName(library_->calibrations(), name);
}

std::string Catalog::SuggestWorkload(const std::string& name) const { return SuggestFrom(library_->workloads(), name); }

std::string Catalog::SuggestTemplate(const std::string& name) const { return SuggestFrom(library_->templates(), name); }

}  // namespace oneloop
