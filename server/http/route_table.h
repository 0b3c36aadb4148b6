#ifndef ONELOOP_SERVER_HTTP_ROUTE_TABLE_H_
#define ONELOOP_SERVER_HTTP_ROUTE_TABLE_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/handlers/method_table.h"

namespace oneloop {

std::string_view VerbName(HttpVerb verb);

struct RouteMatch {
  const Method* method = nullptr;
  const HttpRoute* route = nullptr;
  std::string field;  // of the request, that the path has the value of; "" for none
  std::string value;
};

// A route's path, taken apart: "/v1/{name=projects/*/jobs/*}:cancel".
struct RoutePattern {
  std::vector<std::string> segments;  // "*" for any one
  std::string action;                 // "cancel"; "" for none
  std::string field;                  // "name"; "" for none
  std::size_t field_begin = 0;        // its segments
  std::size_t field_end = 0;
};
RoutePattern ParseRoute(std::string_view path);

// Finds the method that a request is for, among those with routes. Thread-safe.
class RouteTable {
 public:
  // `methods` outlive the table.
  explicit RouteTable(const std::vector<Method>& methods);

  // Methods by a path as it was sent, whatever the verb. INVALID_ARGUMENT for a path with parts that name nothing.
  absl::StatusOr<std::vector<RouteMatch>> Find(std::string_view path) const;

 private:
  struct Entry {
    const Method* method;
    const HttpRoute* route;
    RoutePattern pattern;
  };
  std::vector<Entry> entries_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_ROUTE_TABLE_H_
