#ifndef ONELOOP_SERVER_ACCESS_LIMITS_H_
#define ONELOOP_SERVER_ACCESS_LIMITS_H_

#include <cstdint>

namespace oneloop {

// What callers may take, so that nobody takes it all. Each is at least 1, but where 0 is named. What goes beyond is
// RESOURCE_EXHAUSTED, with the limit's name as here. Pages have a largest size of their own, which each List method
// says.
struct Limits {
  std::int64_t max_message_bytes = 16 << 20;         // of one request
  std::int64_t max_unfinished_jobs = 10000;          // pending, running and paused, of all users
  std::int64_t max_unfinished_jobs_per_user = 2000;  // the same, of one
  std::int64_t max_running_per_user = 0;             // searches of one that run at a time; 0: no limit, others wait
  std::int64_t max_watches_per_user = 1000;          // open at a time
  std::int64_t max_open_calls_per_user = 1000;       // unary ones, at a time
  std::int64_t max_request_bytes = 256 << 20;        // of all requests that are read or worked on; a quarter a user
  std::int64_t max_connections = 0;                  // at a time; 0: what the limit of descriptors leaves
  std::int64_t max_search_bytes = 0;                 // of all searches that run; others wait; 0: half of the memory
  std::int64_t max_points_per_project = 1000000000;  // stored; with so many, new jobs are refused
  std::int64_t max_bytes_per_project = std::int64_t{100} << 30;  // the same for what specs and designs take
  std::int64_t max_samples_per_job = 1000000000;                 // starts times steps
  std::int64_t max_workers = 10000;                              // of other machines
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_LIMITS_H_
