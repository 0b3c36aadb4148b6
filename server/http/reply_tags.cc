#include "server/http/reply_tags.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/status.h"
#include "server/access/secrets.h"
#include "server/handlers/resource_names.h"

namespace oneloop {
namespace {

constexpr std::size_t kHashDigits = 24;

// "projects/p/jobs/7" of "projects/p/jobs/7/designs/best".
std::optional<std::int64_t> JobIdOf(const std::string& resource) {
  const std::vector<std::string> parts = absl::StrSplit(resource, '/');
  if (parts.size() < 4) return std::nullopt;
  const absl::StatusOr<JobName> name =
      ParseJobName("name", absl::StrCat(parts[0], "/", parts[1], "/", parts[2], "/", parts[3]));
  if (!name.ok()) return std::nullopt;
  return name->id;
}

}  // namespace

std::optional<std::int64_t> ReplyTags::RevisionOf(const TaggedCall& call, News news) const {
  switch (news) {
    case News::kAlways:
      return std::nullopt;
    case News::kOfDaemon:
      return 0;
    case News::kOfStore:
      return news_.revision();
    case News::kOfJob:
      break;
  }
  const std::optional<std::int64_t> job = JobIdOf(call.resource);
  if (!job.has_value()) return std::nullopt;
  return news_.RevisionOf(*job);
}

std::string ReplyTags::Tag(const TaggedCall& call, News news) const {
  const std::optional<std::int64_t> revision = RevisionOf(call, news);
  if (!revision.has_value()) return "";
  const std::string hash =
      Sha256Hex(absl::StrCat(key_, "\n", static_cast<int>(news), "\n", *revision, "\n", call.user, "\n", call.target));
  return absl::StrCat("\"", *revision, "-", hash.substr(0, kHashDigits), "\"");
}

std::string ReplyTags::TagOf(const TaggedCall& call, bool waits_in_queue) const {
  return Tag(call, waits_in_queue ? News::kOfStore : call.method->news);
}

std::string ReplyTags::FindCurrent(const TaggedCall& call, std::string_view sent) const {
  for (const News news : {call.method->news, News::kOfStore}) {
    if (std::string tag = Tag(call, news); !tag.empty() && MatchesTag(sent, tag)) return tag;
  }
  return "";
}

bool ReplyTags::IsUnchangedSince(const TaggedCall& call, std::int64_t revision) const {
  const std::optional<std::int64_t> last = RevisionOf(call, call.method->news);
  return last.has_value() && revision >= *last && revision <= news_.revision();
}

bool MatchesTag(std::string_view if_none_match, std::string_view tag) {
  for (absl::string_view sent : absl::StrSplit(ToAbsl(if_none_match), ',')) {
    sent = absl::StripAsciiWhitespace(sent);
    absl::ConsumePrefix(&sent, "W/");
    if (!tag.empty() && sent == ToAbsl(tag)) return true;
  }
  return false;
}

}  // namespace oneloop
