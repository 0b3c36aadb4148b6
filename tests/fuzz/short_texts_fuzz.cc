#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/assignments.h"
#include "client/row_place.h"
#include "client/sweep_axis.h"
#include "common/base/duration_text.h"
#include "common/base/status.h"
#include "server/daemon/daemon_flags.h"
#include "server/handlers/page_token.h"
#include "server/handlers/record_convert.h"
#include "server/handlers/resource_names.h"
#include "server/net/listen_address.h"
#include "server/store/number_list.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {
namespace {

void FuzzNames(std::string_view text) {
  CheckAnswer(ParseProjectName("name", text).status());
  CheckAnswer(ParseLibraryName("name", "workloads", text).status());
  const auto job = ParseJobName("name", text);
  CheckAnswer(job.status());
  if (job.ok()) Check(FormatJobName(job->project, job->id) == text, "a job's name is its parts");
  const auto point = ParsePointName("name", text);
  CheckAnswer(point.status());
  if (point.ok()) {
    Check(FormatPointName(point->job.project, point->job.id, point->number) == text, "a point's name is its parts");
  }
  CheckAnswer(ParseDesignName("name", text).status());
}

void FuzzKeys(const std::string& text) {
  const auto revision = ParseEtag(text);
  CheckAnswer(revision.status());
  if (revision.ok() && revision->has_value()) Check(FormatEtag(**revision) == text, "an etag is its revision");
  const auto key = DecodePageToken(text, 7);
  CheckAnswer(key.status());
  if (key.ok()) Check(EncodePageToken(*key, 7) == text, "a page token is its key");
  CheckAnswer(DecodePageKey(text, 7).status());
}

void FuzzNumbers(const std::string& text) {
  const auto values = ParseNumberList(text);
  CheckAnswer(values.status());
  if (values.ok()) {
    std::string again;
    FormatNumberList(*values, again);
    Check(ParseNumberList(again).ok(), "a list of numbers that was written can be read");
  }
  ParseDurationText(text);
  CheckAnswer(ParseAssignment("submit", "--limit", text, "<=", "area_mm2<=4").status());
  const auto axes = ParseSweepAxes(std::vector<std::string>(absl::StrSplit(text, '\n')));
  CheckAnswer(axes.status());
  if (axes.ok()) {
    Check(NumCombinations(*axes) <= kMostSweepJobs, "a sweep has no more jobs than it may");
    for (const SweepAxis& axis : *axes) Check(!axis.values.empty(), "what is varied has a value");
  }
  RowField field;
  if (ParseRowField(text, 20, &field)) Check(field.row < 20, "a row is one of those there are");
}

// The lines are arguments. A file of settings is read by config_yaml_fuzz.
void FuzzFlags(std::string_view text) {
  std::vector<std::string> args;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    args.emplace_back(text.substr(begin, end - begin));
    if (args.back().rfind("--config", 0) == 0) return;
    begin = end + 1;
  }
  const auto flags = ParseDaemonFlags(args, {"", "/home/ada"});
  CheckAnswer(flags.status());
  if (flags.ok()) FormatSettings(EffectiveSettings(*flags));
}

}  // namespace

// The small languages that are no file of their own.
TEXT_FUZZER(input) {
  const std::string text(input);
  FuzzNames(text);
  FuzzKeys(text);
  FuzzNumbers(text);
  CheckAnswer(ParseListenAddress(text).status());
  FuzzFlags(text);
}

}  // namespace oneloop
