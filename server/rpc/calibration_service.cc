#include "server/rpc/calibration_service.h"

#include "server/rpc/handler.h"

namespace oneloop {

grpc::Status CalibrationService::CreateCalibration(grpc::ServerContext*, const v1::CreateCalibrationRequest* request,
                                                   v1::Calibration* response) {
  return Handle("CreateCalibration", [&] { return handlers_->CreateCalibration(*request, response); });
}

grpc::Status CalibrationService::GetCalibration(grpc::ServerContext*, const v1::GetCalibrationRequest* request,
                                                v1::Calibration* response) {
  return Handle("GetCalibration", [&] { return handlers_->GetCalibration(*request, response); });
}

grpc::Status CalibrationService::ListCalibrations(grpc::ServerContext*, const v1::ListCalibrationsRequest* request,
                                                  v1::ListCalibrationsResponse* response) {
  return Handle("ListCalibrations", [&] { return handlers_->ListCalibrations(*request, response); });
}

grpc::Status CalibrationService::DeleteCalibration(grpc::ServerContext*, const v1::DeleteCalibrationRequest* request,
                                                   google::protobuf::Empty* response) {
  return Handle("DeleteCalibration", [&] { return handlers_->DeleteCalibration(*request, response); });
}

}  // namespace oneloop
