#ifndef ONELOOP_TESTS_TESTING_SHIPPED_H_
#define ONELOOP_TESTS_TESTING_SHIPPED_H_

#include <memory>
#include <string>

#include "common/hardware/template.h"
#include "common/workload/workload.h"

namespace oneloop {

// Inputs for tests. Anything wrong with them is a mistake in the test: it is printed and the test aborts.

// A template or workload that the project ships, by name.
std::unique_ptr<const Template> ShippedTemplate(const std::string& name);
Workload ShippedWorkload(const std::string& name);

// tests/data/templates/NAME.yaml.
std::unique_ptr<const Template> FixtureTemplate(const std::string& name);

// From YAML text, as in a file of that kind.
std::unique_ptr<const Template> TemplateFromYaml(const std::string& text);
Workload WorkloadFromYaml(const std::string& text);

// The root of the project's sources.
std::string SourceDir();
// "../shared/data" beside the sources, with measurements that are not part of the project; "" when it is not there.
std::string SharedDataDir();

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_SHIPPED_H_
