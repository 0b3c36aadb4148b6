#ifndef ONELOOP_TESTS_TESTING_IMPORTED_ACCELERATORS_H_
#define ONELOOP_TESTS_TESTING_IMPORTED_ACCELERATORS_H_

#include <memory>
#include <string>

#include "common/hardware/template.h"

namespace oneloop {

// The template that is read from the architecture file and energy table that Timeloop read of an accelerator of
// accelerators.json, FOLDER/NAME.arch.yaml and FOLDER/NAME.ert.yaml. What these do not say, which tensors levels keep
// and which dimensions lie along axes, is in a constraint file that is made of `told`. Anything wrong is printed, and
// the test aborts.
std::unique_ptr<const Template> ImportedAccelerator(const std::string& folder, const std::string& name,
                                                    const Template& told);

// What the files of Timeloop do not say of a template: a constraint file of what its levels keep and which dimensions
// lie along its axes.
// `is_v04`: beside an architecture of v0.4, whose front end counts loops that are fixed at 1 for `split`, innermost.
std::string ConstraintFileOf(const Template& told, bool is_v04 = false);

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_IMPORTED_ACCELERATORS_H_
