#ifndef ONELOOP_TESTS_TESTING_TEMPLATE_DIFFERENCE_H_
#define ONELOOP_TESTS_TESTING_TEMPLATE_DIFFERENCE_H_

#include <string>

#include "common/hardware/template.h"

namespace oneloop {

// What two templates without parameters say differently of mappings and costs, a line each; "" for nothing. Ports are
// compared by what each flow of each tensor pays and which limits it is under, however they are written. Names of the
// templates, descriptions and areas do not count.
std::string TemplateDifference(const Template& a, const Template& b);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_TEMPLATE_DIFFERENCE_H_
