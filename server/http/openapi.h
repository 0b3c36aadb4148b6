#ifndef ONELOOP_SERVER_HTTP_OPENAPI_H_
#define ONELOOP_SERVER_HTTP_OPENAPI_H_

#include <string>
#include <vector>

#include "server/handlers/method_table.h"

namespace oneloop {

// A description of the methods with routes, of services that are served, in the form of OpenAPI 3.0.
std::string OpenApi(const std::vector<Method>& methods, const Handlers& handlers);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_OPENAPI_H_
