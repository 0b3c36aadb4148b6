#include "server/handlers/server_info.h"

#include <string>

#include "server/handlers/timestamp.h"

namespace oneloop {

std::string ServerVersion() { return ONELOOP_VERSION; }

v1::ServerInfo MakeServerInfo(const Caller& caller, absl::Time start_time, absl::Time now) {
  v1::ServerInfo info;
  info.set_version(ServerVersion());
  info.set_api("oneloop.v1");
  SetTimestamp(now, info.mutable_time());
  SetTimestamp(start_time, info.mutable_start_time());
  info.set_user(caller.user);
  info.set_scope(std::string(ScopeName(caller.scope)));
  for (const std::string& project : caller.projects) info.add_projects(project);
  return info;
}

}  // namespace oneloop
