#include "server/grpc/reflection_service.h"

#include <memory>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/grpc/status_convert.h"
#include "server/grpc/trace_id.h"

namespace oneloop {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::FileDescriptorResponse;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr char kMethod[] = "ServerReflection.ServerReflectionInfo";

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

// One stream: reads a request, answers it, reads the next. Owns itself until OnDone.
class ReflectionCall final : public grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse> {
 public:
  ReflectionCall(const CallGuard* guard, const absl::StatusOr<Caller>& caller, std::string trace_id,
                 const std::vector<std::string>& services)
      : guard_(guard),
        services_(services),
        result_(caller.status()),
        user_(caller.ok() ? caller->user : ""),
        trace_id_(std::move(trace_id)),
        begin_(absl::Now()) {
    if (result_.ok()) {
      StartRead(&request_);
    } else {
      Finish(ToGrpcStatus(result_));
    }
  }
  void OnReadDone(bool ok) override {
    if (!ok) {
      Finish(grpc::Status::OK);
      return;
    }
    response_.Clear();
    AnswerReflection(request_, services_, &response_);
    StartWrite(&response_);
  }
  void OnWriteDone(bool ok) override {
    if (ok) {
      StartRead(&request_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }
  void OnDone() override {
    guard_->OnEnd({kMethod, result_, absl::Now() - begin_, user_, trace_id_});
    delete this;
  }

 private:
  const CallGuard* const guard_;
  const std::vector<std::string>& services_;
  const absl::Status result_;
  const std::string user_;
  const std::string trace_id_;
  const absl::Time begin_;
  ServerReflectionRequest request_;
  ServerReflectionResponse response_;
};

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

ReflectionService::ReflectionService(const CallGuard* guard, std::vector<std::string> services)
    : guard_(guard), services_(std::move(services)) {}

grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse>* ReflectionService::ServerReflectionInfo(
    grpc::CallbackServerContext* context) {
  const absl::StatusOr<Caller> caller =
      guard_->Authorize(kMethod, CredentialsOf(*context), ServerReflectionRequest::default_instance());
  return std::make_unique<ReflectionCall>(guard_, caller, TakeTraceId(*context), services_).release();
}

}  // namespace oneloop
