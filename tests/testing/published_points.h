#ifndef ONELOOP_TESTS_TESTING_PUBLISHED_POINTS_H_
#define ONELOOP_TESTS_TESTING_PUBLISHED_POINTS_H_

#include <ostream>
#include <string>
#include <vector>

#include "common/hardware/template.h"

namespace oneloop {

// What is published of the accelerator of a shipped template: a row of the table of docs/ACCELERATORS.md.
struct PublishedPoint {
  struct Memory {
    std::string level;
    double size = 0;
    std::string unit;  // "B", "words"
  };
  std::string template_name;
  HardwarePoint hardware;  // by the template's parameters
  double macs_per_cycle = 0;
  double peak_gops = 0;
  std::vector<Memory> memories;  // of one instance
};

// For messages of tests.
inline void PrintTo(const PublishedPoint& point, std::ostream* out) { *out << point.template_name; }

// In the document's order. Anything wrong with the document is printed, and the test aborts.
std::vector<PublishedPoint> PublishedPoints();

}  // namespace oneloop

#endif  // ONELOOP_TESTS_TESTING_PUBLISHED_POINTS_H_
