#ifndef ONELOOP_SERVER_GRPC_REFLECTION_SERVICE_H_
#define ONELOOP_SERVER_GRPC_REFLECTION_SERVICE_H_

#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "server/grpc/call_guard.h"

namespace oneloop {

// The answer of a server that has these services, by full name.
void AnswerReflection(const grpc::reflection::v1alpha::ServerReflectionRequest& request,
                      const std::vector<std::string>& services,
                      grpc::reflection::v1alpha::ServerReflectionResponse* response);

// Server reflection (https://github.com/grpc/grpc/blob/master/doc/server-reflection.md), for tools such as grpcurl.
// gRPC's own plugin answers everyone; this one asks the guard first. Its streams hold no thread.
class ReflectionService final : public grpc::reflection::v1alpha::ServerReflection::CallbackService {
 public:
  // `guard` outlives the service. `services`: full names.
  ReflectionService(const CallGuard* guard, std::vector<std::string> services);

  grpc::ServerBidiReactor<grpc::reflection::v1alpha::ServerReflectionRequest,
                          grpc::reflection::v1alpha::ServerReflectionResponse>*
  ServerReflectionInfo(grpc::CallbackServerContext* context) override;

 private:
  const CallGuard* const guard_;
  const std::vector<std::string> services_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_GRPC_REFLECTION_SERVICE_H_
