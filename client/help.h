#ifndef ONELOOP_CLIENT_HELP_H_
#define ONELOOP_CLIENT_HELP_H_

#include <string>

#include "client/command.h"
#include "client/flag_set.h"

namespace oneloop {

// What `oneloop help COMMAND` prints. `flags` are those that the command declared.
std::string CommandHelp(const Command& command, const FlagSet& flags);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_HELP_H_
