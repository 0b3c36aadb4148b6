#ifndef ONELOOP_TESTS_TESTING_ACCELERATORS_H_
#define ONELOOP_TESTS_TESTING_ACCELERATORS_H_

#include <memory>
#include <string>
#include <vector>

#include "common/hardware/template.h"

namespace oneloop {

// An accelerator of ../shared/data/accelerators.json, which says what two versions of Timeloop were told of it. Sizes
// are constant: the templates have no parameters.
struct Accelerator {
  std::string name;
  std::unique_ptr<const Template> hardware_template;  // dialect 2022
  // Dialect 2025: updates at a price of their own where accesses come in blocks, levels that leak, links as meshes.
  std::unique_ptr<const Template> newer;
};

// The variable ONELOOP_ACCELERATORS, or the file beside the sources; "" when there is neither.
std::string AcceleratorsPath();

// In the file's order. Anything wrong with the file is printed, and the test aborts.
std::vector<Accelerator> ReadAccelerators(const std::string& path);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_ACCELERATORS_H_
