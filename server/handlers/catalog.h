#ifndef ONELOOP_SERVER_HANDLERS_CATALOG_H_
#define ONELOOP_SERVER_HANDLERS_CATALOG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/components.h"
#include "oneloop/v1/library.pb.h"

namespace oneloop {

// The shipped workloads, templates and calibrations, by name. A view of a library that outlives it. Thread-safe.
class Catalog {
 public:
  explicit Catalog(const v1::Library* library) : library_(library) {}

  const v1::Library& library() const { return *library_; }
  // Null when there is none of that name; Suggest... then offers others, as SuggestName does.
  const v1::Workload* FindWorkload(const std::string& name) const;
  const v1::Template* FindTemplate(const std::string& name) const;
  const v1::Calibration* FindCalibration(const std::string& name) const;
  std::string SuggestWorkload(const std::string& name) const;
  std::string SuggestTemplate(const std::string& name) const;

 private:
  const v1::Library* library_;
};

// The template that a request brings or names, with formulas in the place of components, so that what is stored keeps
// its prices whatever the tables of later versions say. INVALID_ARGUMENT with field "template_name" when it does
// neither, or names one that is not shipped, and for components that are wrong.
template <class Request>
absl::StatusOr<v1::Template> ResolveTemplate(const Request& request, const Catalog& catalog) {
  if (request.has_template_()) {
    absl::StatusOr<v1::Template> expanded = ExpandComponents(request.template_());
    if (!expanded.ok()) return PrefixField("template", expanded.status());
    return expanded;
  }
  if (request.template_name().empty()) {
    return FieldError("template_name", "is missing; give the name of a shipped template, or a template");
  }
  if (const v1::Template* shipped = catalog.FindTemplate(request.template_name())) {
    return ExpandComponents(*shipped);
  }
  return FieldError("template_name", absl::StrCat("there is no template '", request.template_name(), "'",
                                                  catalog.SuggestTemplate(request.template_name())));
}

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HANDLERS_CATALOG_H_
