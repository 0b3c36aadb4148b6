#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/enum_names.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

std::string StateText(const v1::Job& job) {
  return absl::StrCat(v1::JobState_Name(job.state()), job.has_delete_time() ? " (deleted)" : "");
}

std::string FlagOf(const std::string& field) {
  if (field == "parent") return "--project";
  return field == "filter" || field == "order_by" ? "--" + field : "";
}

std::vector<std::string> TableRow(const v1::Job& job) {
  return {JobId(job.name()),
          StateText(job),
          job.owner().empty() ? "-" : job.owner(),
          job.has_queue_position() ? GroupedNumber(job.queue_position()) : "-",
          job.workload_display_name(),
          job.template_display_name(),
          ShareText(job.progress()),
          GroupedNumber(job.progress().points()),
          GroupedNumber(job.progress().front_size()),
          job.has_best() ? ShortNumber(job.best().edp()) : "-",
          GapText(job, "-"),
          FormatTimestamp(job.create_time())};
}

class JobsCommand : public Command {
 public:
  std::string Name() const override { return "jobs"; }
  std::string Summary() const override { return "lists the jobs of a project, newest first"; }
  std::string Notes() const override {
    return "A filter compares fields and joins with AND, OR, NOT and parentheses, for example\n"
           "  --filter 'state=RUNNING AND label.chip=a1 AND create_time>2026-01-01T00:00:00Z'\n"
           "Fields: state, owner, workload, template, priority, pinned, label.NAME, create_time, start_time, "
           "end_time,\n"
           "deadline. Operators: = != < <= > >=, and FIELD:* for jobs that have one.\n"
           "A job that waits for its first worker shows its place in the queue, and about when its turn comes.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddRepeated("state", "STATE", "only jobs in this state; may be given several times", &states_);
    flags->Add("filter", "FILTER", "only jobs for which this holds, see below", &filter_);
    flags->Add("order_by", "FIELD [desc]", "create_time, priority or end_time; default 'create_time desc'", &order_by_);
    flags->Add("show_deleted", "also jobs that are deleted and not yet purged", &show_deleted_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::ListJobsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.Parent());
    for (const std::string& state : states_) {
      const std::optional<int> number = EnumNumber(v1::JobState_descriptor(), state);
      if (!number.has_value()) {
        return UsageError(Name(), absl::StrCat("--state: there is no '", state, "'",
                                               SuggestName(state, EnumNames(v1::JobState_descriptor()))));
      }
      request.add_states(static_cast<v1::JobState>(*number));
    }
    request.set_filter(filter_);
    request.set_order_by(order_by_);
    request.set_show_deleted(show_deleted_);
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(RenameField(Print(*client, std::move(request), env.out), FlagOf));
    return ExitCode::kOk;
  }

 private:
  absl::Status Print(ServiceClient& client, v1::ListJobsRequest request, std::ostream& out) const {
    using Align = TextTable::Align;
    TextTable table(out, {{"job", Align::kRight},
                          {"state"},
                          {"owner"},
                          {"queue", Align::kRight},
                          {"workload"},
                          {"template"},
                          {"done", Align::kRight},
                          {"points", Align::kRight},
                          {"front", Align::kRight},
                          {"best EDP", Align::kRight},
                          {"gap", Align::kRight},
                          {"created (UTC)"}});
    std::optional<JsonListWriter> json;
    bool first_page = true;
    do {
      ASSIGN_OR_RETURN(const v1::ListJobsResponse response, client.ListJobs(request));
      if (format_.get() == OutputFormat::kJson && first_page) json.emplace(out, "jobs");
      if (format_.get() == OutputFormat::kCsv && first_page) out << CsvLine(JobCsvHeader());
      for (const v1::Job& job : response.jobs()) {
        if (json.has_value()) {
          json->Add(job);
        } else if (format_.get() == OutputFormat::kCsv) {
          out << CsvLine(JobCsvRow(job));
        } else {
          table.AddRow(TableRow(job));
        }
      }
      if (format_.get() == OutputFormat::kTable) table.Flush();
      RETURN_IF_ERROR(FlushOutput(out));
      first_page = false;
      request.set_page_token(response.next_page_token());
    } while (!request.page_token().empty());
    if (json.has_value()) json->End();
    return absl::OkStatus();
  }

  std::vector<std::string> states_;
  std::string filter_;
  std::string order_by_;
  bool show_deleted_ = false;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeJobsCommand() { return std::make_unique<JobsCommand>(); }

}  // namespace oneloop
