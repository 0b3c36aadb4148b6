#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/front_output.h"
#include "client/job_output.h"
#include "client/job_watcher.h"
#include "client/output.h"
#include "client/point_printer.h"
#include "client/progress_bar.h"
#include "client/submit_request.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class SubmitCommand : public Command {
 public:
  std::string Name() const override { return "submit"; }
  std::string Summary() const override { return "submits a search job and prints its name"; }
  std::string Notes() const override {
    return "A file is a NAME|FILE with a / or ending in .yaml, .yml, .json, .onnx, .csv or .m; it is read here and "
           "sent\n"
           "along.\n"
           "--wait follows the job to its end, with a bar on a terminal, and prints the best design and the front;\n"
           "json and csv then print only the job as it ended. Ctrl-C ends the waiting, not the job. Exit code 6 when\n"
           "the job failed or was cancelled.\n";
  }

  void Declare(FlagSet* flags) override {
    request_.Declare(flags);
    flags->Add("wait", "wait for the end of the job", &wait_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::CreateJobRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.Parent());
    RETURN_IF_ERROR(request_.Fill(env, &request));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    const absl::StatusOr<v1::Job> job = client->CreateJob(request);
    if (!job.ok()) return request_.Locate(job.status());
    for (const std::string& warning : job->warnings()) env.err << "oneloop: warning: " << OneLine(warning) << std::endl;
    if (request.validate_only()) return PrintValid(*job, env.out);
    if (wait_) return WaitForEnd(*client, job->name(), env);
    if (format_.get() == OutputFormat::kTable) {
      env.out << OneLine(job->name()) << '\n';
    } else {
      PrintJob(*job, format_.get(), env.out);
    }
    return ExitCode::kOk;
  }

 private:
  ExitCode PrintValid(const v1::Job& job, std::ostream& out) const {
    if (format_.get() == OutputFormat::kTable) {
      out << "the job is valid; nothing was submitted\n";
    } else {
      PrintJob(job, format_.get(), out);
    }
    return ExitCode::kOk;
  }

  absl::StatusOr<ExitCode> WaitForEnd(ServiceClient& client, const std::string& job_name, Environment& env) const {
    if (format_.get() == OutputFormat::kTable) env.out << OneLine(job_name) << std::endl;
    WatchOptions options;
    options.job_name = job_name;
    options.daemon_seen = true;
    absl::StatusOr<WatchResult> result;
    {
      ProgressBar bar(env);
      result = WatchJob(client, options, env, bar);
    }
    RETURN_IF_ERROR(result.status());
    if (result->interrupted) {
      env.err << "oneloop: " << OneLine(InterruptedText(job_name, result->resume_revision)) << std::endl;
      return ExitCode::kInterrupted;
    }
    v1::GetJobRequest get;
    get.set_name(job_name);
    ASSIGN_OR_RETURN(const v1::Job job, client.GetJob(get));
    RETURN_IF_ERROR(PrintEnd(client, job, env.out));
    if (job.state() == v1::SUCCEEDED) return ExitCode::kOk;
    env.err << "oneloop: " << OneLine(job.name()) << (job.state() == v1::FAILED ? " failed" : " was cancelled")
            << (job.message().empty() ? "" : ": ") << OneLine(job.message()) << std::endl;
    return ExitCode::kJobFailed;
  }

  absl::Status PrintEnd(ServiceClient& client, const v1::Job& job, std::ostream& out) const {
    if (format_.get() != OutputFormat::kTable) {
      PrintJob(job, format_.get(), out);
      return absl::OkStatus();
    }
    if (!job.has_best()) {
      out << "\nno feasible design was found\n" << CertificateDetails(job);
      return absl::OkStatus();
    }
    out << '\n' << PointDetails(job.best()) << CertificateDetails(job) << FrontDetails(job);
    if (job.state() == v1::SUCCEEDED && !job.message().empty()) out << DetailLine("message", job.message());
    if (job.spec().objective() == v1::FRONT) {
      ASSIGN_OR_RETURN(const JobFront front, ReadJobFront(client, job.name()));
      out << "\nPareto front over " << absl::StrReplaceAll(job.spec().objective_front(), {{",", ", "}}) << ":\n";
      PrintJobFront(front, OutputFormat::kTable, out);
      return absl::OkStatus();
    }
    out << "\nPareto front over energy, latency and area:\n";
    return PrintFrontTable(client, job.name(), out);
  }

  SubmitRequest request_;
  bool wait_ = false;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeSubmitCommand() { return std::make_unique<SubmitCommand>(); }

}  // namespace oneloop
