#ifndef ONELOOP_COMMON_FORMATS_TEMPLATE_YAML_H_
#define ONELOOP_COMMON_FORMATS_TEMPLATE_YAML_H_

#include <string>
#include <vector>

#include "oneloop/v1/template.pb.h"

namespace oneloop {

// The first line of what TemplateYaml writes.
inline constexpr char kTemplateYamlHead[] = "# Written by `oneloop templates`.";

// A template as a YAML file that ReadTemplateText reads back as the same message, what is absent left out; a parameter,
// port, axis or partition a line. `comments` stand at its head.
std::string TemplateYaml(const v1::Template& hardware_template, const std::vector<std::string>& comments = {});

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TEMPLATE_YAML_H_
