#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/job_watcher.h"
#include "client/numbers.h"
#include "client/output.h"
#include "client/progress_bar.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// "revision 31  RUNNING  320/10,430 samples  320 points  front 7 (+2 -1)  best EDP 7.1e10, gap 1.8 %"
std::string TextLine(const v1::WatchResponse& message) {
  const v1::Job& job = message.job();
  const std::string gap = GapText(job, "");
  std::string states =
      absl::StrJoin(message.state_changes(), " -> ", [](std::string* text, const v1::StateChange& change) {
        absl::StrAppend(text, v1::JobState_Name(change.state()));
        if (!change.message().empty()) absl::StrAppend(text, " (", OneLine(change.message()), ")");
      });
  if (states.empty()) states = v1::JobState_Name(job.state());
  std::string front = absl::StrCat("front ", GroupedNumber(job.progress().front_size()));
  if (!message.snapshot() && (message.front_entered_size() > 0 || message.front_left_size() > 0)) {
    absl::StrAppend(&front, " (+", message.front_entered_size(), " -", message.front_left_size(), ")");
  }
  return absl::StrCat("revision ", message.resume_revision(), "  ", states, "  ",
                      GroupedNumber(job.progress().samples_done()), "/", GroupedNumber(job.progress().samples_total()),
                      " samples  ", GroupedNumber(job.progress().points()), " points  ", front, "  best EDP ",
                      job.has_best() ? ShortNumber(job.best().edp()) : "-", gap.empty() ? "" : ", gap ", gap, "\n");
}

std::string CsvHeader() {
  return CsvLine({"resume_revision", "state", "samples_done", "samples_total", "points", "front_size", "front_entered",
                  "front_left", "best_edp", "lower_bound", "gap"});
}

std::string CsvRow(const v1::WatchResponse& message) {
  const v1::Job& job = message.job();
  return CsvLine({absl::StrCat(message.resume_revision()), v1::JobState_Name(job.state()),
                  absl::StrCat(job.progress().samples_done()), absl::StrCat(job.progress().samples_total()),
                  absl::StrCat(job.progress().points()), absl::StrCat(job.progress().front_size()),
                  absl::StrCat(message.front_entered_size()), absl::StrCat(message.front_left_size()),
                  job.has_best() ? ExactNumber(job.best().edp()) : "",
                  job.has_certificate() ? ExactNumber(job.certificate().lower_bound()) : "",
                  job.certificate().has_gap() ? ExactNumber(job.certificate().gap()) : ""});
}

// One line per message, but none for one that says the same as that before: on an idle job the daemon repeats itself.
class LinePrinter : public WatchListener {
 public:
  LinePrinter(OutputFormat format, std::ostream& out) : format_(format), out_(out) {}

  absl::Status OnMessage(const v1::WatchResponse& message) override {
    if (format_ == OutputFormat::kCsv && last_.empty()) out_ << CsvHeader();
    const std::string line = LineOf(message);
    if (line != last_) out_ << line;
    last_ = line;
    return FlushOutput(out_);
  }
  void OnTick(bool /*connected*/) override {}

 private:
  std::string LineOf(const v1::WatchResponse& message) {
    switch (format_) {
      case OutputFormat::kTable:
        return TextLine(message);
      case OutputFormat::kJson:
        return json_.Compact(message) + "\n";
      case OutputFormat::kCsv:
        break;
    }
    return CsvRow(message);
  }

  const OutputFormat format_;
  std::ostream& out_;
  JsonPrinter json_;
  std::string last_;
};

class WatchCommand : public Command {
 public:
  std::string Name() const override { return "watch"; }
  std::string Summary() const override { return "follows a job until it is over"; }
  std::string Notes() const override {
    return "On a terminal a bar, else a line per message with news; json prints each on a line. A lost connection is\n"
           "taken up again where it broke. Ctrl-C ends the watch, not the job. Exit code 6 when the job failed or was\n"
           "cancelled.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("from", "REVISION", "go on after this resume_revision; default a snapshot first", &from_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    WatchOptions options;
    ASSIGN_OR_RETURN(options.job_name, project_.JobName(job_));
    options.start_revision = from_.value_or(0);
    if (options.start_revision < 0) return UsageError(Name(), "--from: a revision is not negative");
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    const bool live = format_.get() == OutputFormat::kTable && env.out_is_terminal && env.err_is_terminal;
    ASSIGN_OR_RETURN(const WatchResult result,
                     live ? FollowWithBar(*client, options, env) : Follow(*client, options, env));
    if (result.interrupted) {
      env.err << "oneloop: " << OneLine(InterruptedText(options.job_name, result.resume_revision)) << std::endl;
      return ExitCode::kInterrupted;
    }
    return result.final_state == v1::SUCCEEDED ? ExitCode::kOk : ExitCode::kJobFailed;
  }

 private:
  absl::StatusOr<WatchResult> Follow(ServiceClient& client, const WatchOptions& options, Environment& env) const {
    LinePrinter printer(format_.get(), env.out);
    return WatchJob(client, options, env, printer);
  }

  static absl::StatusOr<WatchResult> FollowWithBar(ServiceClient& client, const WatchOptions& options,
                                                   Environment& env) {
    ProgressBar bar(env);
    return WatchJob(client, options, env, bar);
  }

  std::string job_;
  std::optional<std::int64_t> from_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeWatchCommand() { return std::make_unique<WatchCommand>(); }

}  // namespace oneloop
