#ifndef ONELOOP_CLIENT_SHIPPED_COMMAND_H_
#define ONELOOP_CLIENT_SHIPPED_COMMAND_H_

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {

// A command that lists one kind of thing that the daemon ships, or shows one of them. `Kind` has static members only:
//   using Message, ListRequest, ListResponse
//   kCommand ("workloads"), kSingular ("workload"), kWhat ("workloads")
//   StatusOr<Message> Get(ServiceClient&, const std::string& name)
//   StatusOr<ListResponse> List(ServiceClient&, const ListRequest&)
//   RepeatedPtrField<Message>* Messages(ListResponse*)
//   PrintOneTable(message, out), PrintOneCsv(message, out), PrintList(messages, format, out)
template <class Kind>
class ShippedCommand : public Command {
 public:
  std::string Name() const override { return Kind::kCommand; }
  std::string Summary() const override {
    return std::string("lists the ") + Kind::kWhat + " that the daemon ships, or shows one";
  }

  void Declare(FlagSet* flags) override {
    flags->AddOptionalArgument("NAME", std::string("the ") + Kind::kSingular + " to show", &name_);
    format_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(name_.has_value() ? ShowOne(*client, env.out) : ShowAll(*client, env.out));
    return ExitCode::kOk;
  }

 protected:
  const std::optional<std::string>& name() const { return name_; }
  OutputFormat format() const { return format_.get(); }
  const ServerFlag& server() const { return server_; }

 private:
  absl::Status ShowOne(ServiceClient& client, std::ostream& out) const {
    ASSIGN_OR_RETURN(const typename Kind::Message message, Kind::Get(client, *name_));
    if (format_.get() == OutputFormat::kJson) {
      out << JsonPrinter().Pretty(message);
    } else if (format_.get() == OutputFormat::kCsv) {
      Kind::PrintOneCsv(message, out);
    } else {
      Kind::PrintOneTable(message, out);
    }
    return absl::OkStatus();
  }

  absl::Status ShowAll(ServiceClient& client, std::ostream& out) const {
    google::protobuf::RepeatedPtrField<typename Kind::Message> messages;
    typename Kind::ListRequest request;
    do {
      ASSIGN_OR_RETURN(typename Kind::ListResponse response, Kind::List(client, request));
      for (typename Kind::Message& message : *Kind::Messages(&response)) *messages.Add() = std::move(message);
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    Kind::PrintList(messages, format_.get(), out);
    return absl::OkStatus();
  }

  std::optional<std::string> name_;
  FormatFlag format_;
  ServerFlag server_;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SHIPPED_COMMAND_H_
