#ifndef ONELOOP_SERVER_NET_REPLY_LOOP_H_
#define ONELOOP_SERVER_NET_REPLY_LOOP_H_

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "common/base/clock.h"
#include "common/base/descriptor.h"
#include "common/base/mutex.h"

namespace oneloop {

// Answers connections whose request is there already: one request each, then the connection ends. One thread does it
// all and waits for no client: a reply that is not taken, or a connection that its client does not end, is closed when
// its time is over, and holds up nobody meanwhile. Thread-safe.
class ReplyLoop {
 public:
  // Makes the reply, on the loop's thread, from as much of a request as kLongestOpening. "": the connection is closed.
  using Answer = std::function<std::string(std::string_view request)>;

  ReplyLoop(Answer answer, std::chrono::milliseconds timeout);
  // Closes all connections.
  ~ReplyLoop();
  ReplyLoop(const ReplyLoop&) = delete;
  ReplyLoop& operator=(const ReplyLoop&) = delete;

  // The socket must not block.
  void Add(Descriptor socket);

 private:
  using Time = SteadyChrono::time_point;
  struct Reply {
    Descriptor socket;
    std::string text;
    std::size_t sent = 0;  // bytes of it
    Time until;
    bool is_over = false;

    bool is_sent() const { return sent == text.size(); }
  };

  void Run();
  void Begin(Descriptor socket, Time now);
  // Sends what the client takes now.
  static void Send(Reply* reply);
  // Throws away what the client sends beyond its request: unread, it would make the kernel throw away the reply.
  static void AwaitEnd(Reply* reply);
  void Wait(Time now);

  const Answer answer_;
  const std::chrono::milliseconds timeout_;
  const Descriptor wake_up_;
  std::vector<Reply> replies_;  // the thread's own
  Mutex mutex_;
  std::vector<Descriptor> added_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_NET_REPLY_LOOP_H_
