#include "server/grpc/reflection_call.h"

#include <set>
#include <utility>

#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/grpc/status_convert.h"

namespace oneloop {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::FileDescriptorResponse;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

// The file and all that it imports, each once.
void AddFiles(const FileDescriptor& file, std::set<const FileDescriptor*>* seen, FileDescriptorResponse* response) {
  if (!seen->insert(&file).second) return;
  google::protobuf::FileDescriptorProto proto;
  file.CopyTo(&proto);
  response->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddFiles(*file.dependency(i), seen, response);
}

void SetError(grpc::StatusCode code, const std::string& text, ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(code);
  response->mutable_error_response()->set_error_message(text);
}

}  // namespace

void AnswerReflection(const ServerReflectionRequest& request, const std::vector<std::string>& services,
                      ServerReflectionResponse* response) {
  response->set_valid_host(request.host());
  *response->mutable_original_request() = request;
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const FileDescriptor* file = nullptr;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kListServices:
      for (const std::string& service : services) {
        response->mutable_list_services_response()->add_service()->set_name(service);
      }
      return;
    case ServerReflectionRequest::kFileByFilename:
      file = pool.FindFileByName(request.file_by_filename());
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      file = pool.FindFileContainingSymbol(request.file_containing_symbol());
      break;
    default:
      // The API is proto3 and has no extensions.
      SetError(grpc::StatusCode::UNIMPLEMENTED, "valid: list_services, file_by_filename, file_containing_symbol",
               response);
      return;
  }
  if (file == nullptr) {
    SetError(grpc::StatusCode::NOT_FOUND, "there is no such file or symbol", response);
    return;
  }
  std::set<const FileDescriptor*> seen;
  AddFiles(*file, &seen, response->mutable_file_descriptor_response());
}

grpc::ServerGenericBidiReactor* ReflectionCall::Start(const ApiService* service, const Method& method,
                                                      grpc::CallbackServerContext* context) {
  const std::shared_ptr<ReflectionCall> call(new ReflectionCall(service, method, context));
  call->self_ = call;
  MutexLock lock(&call->mutex_);
  if (const absl::Status admitted = call->Admit(call); !admitted.ok()) call->End(admitted);
  return call.get();
}

ReflectionCall::ReflectionCall(const ApiService* service, const Method& method, grpc::CallbackServerContext* context)
    : service_(service), start_(*service, method, context) {}

absl::Status ReflectionCall::Admit(const std::shared_ptr<ReflectionCall>& self) {
  RETURN_IF_ERROR(start_.caller.status());
  ASSIGN_OR_RETURN(open_id_, service_->parts().open_watches->Add(
                                 *start_.caller, [weak = std::weak_ptr<ReflectionCall>(self)](const auto& reason) {
                                   if (const std::shared_ptr<ReflectionCall> call = weak.lock()) {
                                     MutexLock lock(&call->mutex_);
                                     call->End(reason);
                                   }
                                 }));
  StartRead(&request_);
  return absl::OkStatus();
}

absl::Status ReflectionCall::Answer() {
  ServerReflectionRequest request;
  RETURN_IF_ERROR(ParseMessage(&request_, kSmallRequestBytes, &request));
  request_.Clear();
  ServerReflectionResponse response;
  AnswerReflection(request, service_->services(), &response);
  response_.Clear();
  return SerializeMessage(response, &response_);
}

void ReflectionCall::OnReadDone(bool ok) {
  MutexLock lock(&mutex_);
  if (ended_) return;
  if (!ok) return End(absl::OkStatus());
  if (const absl::Status answered = Answer(); !answered.ok()) return End(answered);
  StartWrite(&response_);
}

void ReflectionCall::OnWriteDone(bool ok) {
  MutexLock lock(&mutex_);
  if (ended_) return;
  if (ok) {
    StartRead(&request_);
  } else {
    End(absl::CancelledError("the client has left"));
  }
}

void ReflectionCall::End(const absl::Status& status) {
  if (std::exchange(ended_, true)) return;
  start_.LogEnd(*service_, status);
  Finish(ToGrpcStatus(status));
}

void ReflectionCall::OnCancel() {
  start_.OnGivenUp(*service_);
  MutexLock lock(&mutex_);
  End(absl::CancelledError("the client has left"));
}

void ReflectionCall::OnDone() {
  const std::shared_ptr<ReflectionCall> self = std::move(self_);
  service_->parts().open_watches->Remove(open_id_);
}

}  // namespace oneloop
