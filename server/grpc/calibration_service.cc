#include "server/grpc/calibration_service.h"

namespace oneloop {

grpc::Status CalibrationService::CreateCalibration(grpc::ServerContext* context,
                                                   const v1::CreateCalibrationRequest* request,
                                                   v1::Calibration* response) {
  return guard_->Handle("CalibrationService.CreateCalibration", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->CreateCalibration(*request, caller, response); });
}

grpc::Status CalibrationService::GetCalibration(grpc::ServerContext* context, const v1::GetCalibrationRequest* request,
                                                v1::Calibration* response) {
  return guard_->Handle("CalibrationService.GetCalibration", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->GetCalibration(*request, caller, response); });
}

grpc::Status CalibrationService::ListCalibrations(grpc::ServerContext* context,
                                                  const v1::ListCalibrationsRequest* request,
                                                  v1::ListCalibrationsResponse* response) {
  return guard_->Handle("CalibrationService.ListCalibrations", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->ListCalibrations(*request, caller, response); });
}

grpc::Status CalibrationService::CancelCalibration(grpc::ServerContext* context,
                                                   const v1::CancelCalibrationRequest* request,
                                                   v1::Calibration* response) {
  return guard_->Handle("CalibrationService.CancelCalibration", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->CancelCalibration(*request, caller, response); });
}

grpc::Status CalibrationService::DeleteCalibration(grpc::ServerContext* context,
                                                   const v1::DeleteCalibrationRequest* request,
                                                   google::protobuf::Empty* response) {
  return guard_->Handle("CalibrationService.DeleteCalibration", *context, *request, *response,
                        [&](const Caller& caller) { return handlers_->DeleteCalibration(*request, caller, response); });
}

}  // namespace oneloop
