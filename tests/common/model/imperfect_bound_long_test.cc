#include "gtest/gtest.h"
#include "tests/common/model/imperfect_bound_cases.h"

namespace oneloop {
namespace {

TEST(ImperfectBoundLongTest, NoDesignIsBetterByExhaustion) { ExpectNoImperfectDesignIsBetter(4000, 30000, 0.85); }

TEST(ImperfectBoundLongTest, IsNearTheBestDesignsKnown) {
  ExpectBoundIsNear("resnet50", 6.295e10, 0.02);
  ExpectBoundIsNear("retinanet", 2.049e10, 0.022);
  ExpectBoundIsNear("unet", 1.088e13, 0.075);
}

}  // namespace
}  // namespace oneloop
