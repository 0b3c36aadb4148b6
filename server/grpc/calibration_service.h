#ifndef ONELOOP_SERVER_GRPC_CALIBRATION_SERVICE_H_
#define ONELOOP_SERVER_GRPC_CALIBRATION_SERVICE_H_

#include "oneloop/v1/calibration_service.grpc.pb.h"
#include "server/grpc/call_guard.h"
#include "server/handlers/calibration_handlers.h"

namespace oneloop {

// CalibrationService on gRPC's threads.
class CalibrationService final : public v1::CalibrationService::Service {
 public:
  // Both outlive the service.
  CalibrationService(const CalibrationHandlers* handlers, const CallGuard* guard)
      : handlers_(handlers), guard_(guard) {}

  grpc::Status CreateCalibration(grpc::ServerContext* context, const v1::CreateCalibrationRequest* request,
                                 v1::Calibration* response) override;
  grpc::Status GetCalibration(grpc::ServerContext* context, const v1::GetCalibrationRequest* request,
                              v1::Calibration* response) override;
  grpc::Status ListCalibrations(grpc::ServerContext* context, const v1::ListCalibrationsRequest* request,
                                v1::ListCalibrationsResponse* response) override;
  grpc::Status CancelCalibration(grpc::ServerContext* context, const v1::CancelCalibrationRequest* request,
                                 v1::Calibration* response) override;
  grpc::Status DeleteCalibration(grpc::ServerContext* context, const v1::DeleteCalibrationRequest* request,
                                 google::protobuf::Empty* response) override;

 private:
  const CalibrationHandlers* const handlers_;
  const CallGuard* const guard_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_CALIBRATION_SERVICE_H_
