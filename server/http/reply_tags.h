#ifndef ONELOOP_SERVER_HTTP_REPLY_TAGS_H_
#define ONELOOP_SERVER_HTTP_REPLY_TAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/handlers/method_table.h"
#include "server/store/job_news.h"

namespace oneloop {

// A GET whose reply may be tagged.
struct TaggedCall {
  const Method* method = nullptr;
  std::string resource;  // the job, or something in it, that the rule's resource names; "" for none
  std::string user;      // who asks
  std::string target;    // path and query
};

// The entity tags of replies: what a client sends back to ask whether there is anything new, and is told without a look
// into the store. A tag says for how long its reply is good by a revision, and cannot be made up: it holds a hash with
// a key of this daemon's run. Thread-safe.
class ReplyTags {
 public:
  // `news` outlives the tags. `key`: random.
  ReplyTags(const JobNews* news, std::string key) : news_(*news), key_(std::move(key)) {}

  // The tag of a reply that is made from now on; "" when such replies have none. `waits_in_queue`: the reply says where
  // a job stands in the queue, which changes with other jobs.
  std::string TagOf(const TaggedCall& call, bool waits_in_queue) const;
  // The tag among `sent`, the value of If-None-Match, whose reply is still the call's; "" when there is none.
  std::string FindCurrent(const TaggedCall& call, std::string_view sent) const;
  // Whether nothing has changed of what the call is about since that revision; false when that is not known.
  bool IsUnchangedSince(const TaggedCall& call, std::int64_t revision) const;

 private:
  std::optional<std::int64_t> RevisionOf(const TaggedCall& call, News news) const;
  std::string Tag(const TaggedCall& call, News news) const;

  const JobNews& news_;
  const std::string key_;
};

// Whether a tag is among those of If-None-Match, by the weak comparison of RFC 9110, section 8.8.3.2: a proxy that
// compresses makes tags weak.
bool MatchesTag(std::string_view if_none_match, std::string_view tag);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_HTTP_REPLY_TAGS_H_
