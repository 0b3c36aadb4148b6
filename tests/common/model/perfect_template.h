#ifndef ONELOOP_TESTS_COMMON_MODEL_PERFECT_TEMPLATE_H_
#define ONELOOP_TESTS_COMMON_MODEL_PERFECT_TEMPLATE_H_

#include <memory>
#include <utility>

#include "common/hardware/template.h"

namespace oneloop {

// The same template, all of whose factors must divide.
inline std::unique_ptr<const Template> Perfect(const Template& hardware_template) {
  TemplateSpec spec = hardware_template.spec();
  spec.perfect_dims = kEveryDim;
  return *Template::Create(std::move(spec));
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_PERFECT_TEMPLATE_H_
