#include "server/rpc/server_info.h"

#include <string>

namespace oneloop {
namespace {

void SetTime(absl::Time time, google::protobuf::Timestamp* timestamp) {
  const timespec parts = absl::ToTimespec(time);
  timestamp->set_seconds(parts.tv_sec);
  timestamp->set_nanos(static_cast<std::int32_t>(parts.tv_nsec));
}

}  // namespace

v1::ServerInfo MakeServerInfo(const Caller& caller, absl::Time start_time, absl::Time now) {
  v1::ServerInfo info;
  info.set_version(ONELOOP_VERSION);
  info.set_api("oneloop.v1");
  SetTime(now, info.mutable_time());
  SetTime(start_time, info.mutable_start_time());
  info.set_user(caller.user);
  info.set_scope(std::string(ScopeName(caller.scope)));
  for (const std::string& project : caller.projects) info.add_projects(project);
  return info;
}

}  // namespace oneloop
