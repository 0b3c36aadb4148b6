#ifndef ONELOOP_SERVER_RPC_CALIBRATION_SERVICE_H_
#define ONELOOP_SERVER_RPC_CALIBRATION_SERVICE_H_

#include "oneloop/v1/calibration_service.grpc.pb.h"
#include "server/rpc/calibration_handlers.h"

namespace oneloop {

// CalibrationHandlers on the network.
class CalibrationService final : public v1::CalibrationService::Service {
 public:
  // The handlers outlive the service.
  explicit CalibrationService(const CalibrationHandlers* handlers) : handlers_(handlers) {}

  grpc::Status CreateCalibration(grpc::ServerContext* context, const v1::CreateCalibrationRequest* request,
                                 v1::Calibration* response) override;
  grpc::Status GetCalibration(grpc::ServerContext* context, const v1::GetCalibrationRequest* request,
                              v1::Calibration* response) override;
  grpc::Status ListCalibrations(grpc::ServerContext* context, const v1::ListCalibrationsRequest* request,
                                v1::ListCalibrationsResponse* response) override;
  grpc::Status DeleteCalibration(grpc::ServerContext* context, const v1::DeleteCalibrationRequest* request,
                                 google::protobuf::Empty* response) override;

 private:
  const CalibrationHandlers* const handlers_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_CALIBRATION_SERVICE_H_
