#include "server/grpc/credentials_of.h"

#include <memory>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "server/grpc/connection_handover.h"

namespace oneloop {
namespace {

std::string MetadataOf(const grpc::ServerContextBase& context, const char* key) {
  const auto value = context.client_metadata().find(key);
  return value == context.client_metadata().end() ? "" : std::string(value->second.data(), value->second.size());
}

std::string PropertyOf(const grpc::AuthContext& context, const char* name) {
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(name);
  return values.empty() ? "" : std::string(values[0].data(), values[0].size());
}

}  // namespace

ArrivedCall ReadArrival(const grpc::ServerContextBase& context, ConnectionGate* gate) {
  ArrivedCall call;
  CallCredentials& credentials = call.credentials;
  credentials.peer = context.peer();
  if (const std::optional<ConnectionPeer> peer = PeerOfCall(*gate, credentials.peer)) {
    gate->MarkUsed(peer->key);
    call.connection = peer->key;
    call.shared = peer->shared;
    if (peer->is_unix) {
      credentials.via = CallCredentials::Via::kUnix;
      credentials.uid = peer->uid;
      credentials.account = UserOfUid(peer->uid);
      credentials.peer = absl::StrCat("unix:", credentials.account, ",pid ", peer->pid);
    } else {
      credentials.peer = peer->address;
    }
  }
  credentials.token = BearerToken(MetadataOf(context, "authorization"));
  credentials.claimed_user = MetadataOf(context, kUserMetadata);
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr) return call;
  const std::string transport = PropertyOf(*auth, GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  if (transport != GRPC_SSL_TRANSPORT_SECURITY_TYPE && transport != GRPC_TLS_TRANSPORT_SECURITY_TYPE) return call;
  credentials.via = CallCredentials::Via::kTls;
  credentials.certificate_user = PropertyOf(*auth, GRPC_X509_CN_PROPERTY_NAME);
  return call;
}

}  // namespace oneloop
