#include "server/handlers/health_handlers.h"

#include <gtest/gtest.h>

#include "common/base/limit_error.h"

namespace oneloop {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus Check(const HealthHandlers& health, const std::string& service) {
  HealthCheckRequest request;
  request.set_service(service);
  HealthCheckResponse response;
  EXPECT_EQ(health.Check(request, &response), absl::OkStatus());
  return response.status();
}

TEST(HealthHandlersTest, ServesUntilItStops) {
  HealthHandlers health({"oneloop.v1.SearchService"});
  EXPECT_EQ(Check(health, ""), HealthCheckResponse::SERVING);
  EXPECT_EQ(Check(health, "oneloop.v1.SearchService"), HealthCheckResponse::SERVING);
  int told = 0;
  const std::int64_t id = health.Watch([&] { ++told; }).value();
  health.StopServing();
  health.StopServing();
  EXPECT_EQ(told, 1);
  EXPECT_EQ(Check(health, ""), HealthCheckResponse::NOT_SERVING);
  health.Remove(id);
}

TEST(HealthHandlersTest, UnknownServicesAreNotFound) {
  const HealthHandlers health({"oneloop.v1.SearchService"});
  HealthCheckRequest request;
  request.set_service("other");
  HealthCheckResponse response;
  EXPECT_EQ(health.Check(request, &response).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(health.StatusOf("other").status(), HealthCheckResponse::SERVICE_UNKNOWN);
}

// Nobody has to say who they are, so that there is a bound on all together.
TEST(HealthHandlersTest, WatchersAreBoundedInAll) {
  HealthHandlers health({});
  const std::int64_t first = health.Watch([] {}).value();
  absl::Status refused;
  for (int i = 0; i < 1000 && refused.ok(); ++i) refused = health.Watch([] {}).status();
  EXPECT_TRUE(LimitOf(refused).has_value()) << refused;
  health.Remove(first);
  EXPECT_TRUE(health.Watch([] {}).ok());
}

}  // namespace
}  // namespace oneloop
