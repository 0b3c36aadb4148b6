#include "server/grpc/connection_handover.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "common/base/status.h"
#include "grpcpp/server_posix.h"

namespace oneloop {
namespace {

// Covers TLS alone: gRPC watches over no descriptor that it was given in cleartext, there the gate does.
constexpr int kHandshakeTimeoutMs = 10000;

constexpr std::string_view kDescriptorPrefix = "fd:";
constexpr std::string_view kIpv4Prefix = "ipv4:";
constexpr std::string_view kIpv6Prefix = "ipv6:";

// "%5B" and "%5D" are brackets, and "%25" a percent sign.
std::string Unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view digits = text.substr(i).substr(0, 3).substr(1);
    if (text[i] == '%' && digits.size() == 2 && absl::ascii_isxdigit(static_cast<unsigned char>(digits[0])) &&
        absl::ascii_isxdigit(static_cast<unsigned char>(digits[1]))) {
      plain += absl::HexStringToBytes(ToAbsl(digits));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

}  // namespace

ConnectionHandover::ConnectionHandover(grpc::ServerBuilder* builder,
                                       const std::vector<std::shared_ptr<grpc::ServerCredentials>>& credentials) {
  using Type = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeTimeoutMs);
  for (const std::shared_ptr<grpc::ServerCredentials>& entry : credentials) {
    acceptors_.push_back(
        entry == nullptr ? nullptr : builder->experimental().AddExternalConnectionAcceptor(Type::FROM_FD, entry));
  }
}

void ConnectionHandover::HandOver(grpc::Server* server, AcceptedConnection connection) {
  const int number = connection.socket.Release();
  const auto& acceptor = acceptors_[connection.peer.listener];
  if (acceptor == nullptr) {
    grpc::AddInsecureChannelFromFd(server, number);
    return;
  }
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.fd = number;
  acceptor->HandleNewConnection(&parameters);
}

std::optional<ConnectionPeer> PeerOfCall(const ConnectionGate& gate, std::string_view grpc_peer) {
  if (grpc_peer.starts_with(kDescriptorPrefix)) {
    int number = -1;
    if (!absl::SimpleAtoi(ToAbsl(grpc_peer.substr(kDescriptorPrefix.size())), &number)) return std::nullopt;
    return gate.PeerOf(number);
  }
  if (grpc_peer.starts_with(kIpv4Prefix)) return gate.PeerOf(std::string(grpc_peer.substr(kIpv4Prefix.size())));
  if (grpc_peer.starts_with(kIpv6Prefix)) return gate.PeerOf(Unescape(grpc_peer.substr(kIpv6Prefix.size())));
  return std::nullopt;
}

}  // namespace oneloop
