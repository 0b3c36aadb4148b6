#ifndef ONELOOP_SERVER_RPC_CATALOG_H_
#define ONELOOP_SERVER_RPC_CATALOG_H_

#include <string>
#include <vector>

#include "oneloop/v1/library.pb.h"

namespace oneloop {

// The shipped workloads and templates, by name. A view of a library that outlives it. Thread-safe.
class Catalog {
 public:
  explicit Catalog(const v1::Library* library) : library_(library) {}

  const v1::Library& library() const { return *library_; }
  // Null when there is none of that name; Suggest... then offers others, as SuggestName does.
  const v1::Workload* FindWorkload(const std::string& name) const;
  const v1::Template* FindTemplate(const std::string& name) const;
  std::string SuggestWorkload(const std::string& name) const;
  std::string SuggestTemplate(const std::string& name) const;

 private:
  const v1::Library* library_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_RPC_CATALOG_H_
