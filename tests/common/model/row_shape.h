#ifndef ONELOOP_TESTS_COMMON_MODEL_ROW_SHAPE_H_
#define ONELOOP_TESTS_COMMON_MODEL_ROW_SHAPE_H_

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>

#include "common/workload/dims.h"
#include "common/workload/workload.h"

namespace oneloop {

// The layer of a row that Timeloop evaluated.
inline LayerShape ShapeOf(const YAML::Node& row) {
  LayerShape shape;
  for (const auto& bound : row["bounds"]) {
    const auto index = kDimNames.find(bound.first.as<std::string>());
    shape.bounds[index] = bound.second.as<std::int64_t>();
  }
  shape.w_stride = row["Wstride"].as<std::int64_t>();
  shape.h_stride = row["Hstride"].as<std::int64_t>();
  shape.w_dilation = row["Wdilation"].as<std::int64_t>();
  shape.h_dilation = row["Hdilation"].as<std::int64_t>();
  return shape;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_COMMON_MODEL_ROW_SHAPE_H_
