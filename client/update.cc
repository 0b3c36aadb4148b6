#include <memory>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/job_settings_flags.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

// "job.labels.chip" is --label chip.
std::string FlagOf(const std::string& field) {
  if (field == "job.priority") return "--priority";
  if (field == "job.deadline" || field == "deadline_after") return "--deadline";
  if (field.starts_with("job.labels.")) return "--label " + field.substr(std::string("job.labels.").size());
  return field == "job.labels" ? "--label" : "";
}

class UpdateCommand : public Command {
 public:
  std::string Name() const override { return "update"; }
  std::string Summary() const override { return "changes a job's priority, labels, deadline, or pins it"; }
  std::string Notes() const override {
    return "Only what is given changes; the labels that are given replace all that the job has. --deadline none takes\n"
           "the deadline away. A pinned job is kept, however old it gets. With --etag, nothing changes if the job has\n"
           "changed since that etag was read.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    settings_.Declare(flags);
    flags->Add("no_labels", "take all labels away", &no_labels_);
    flags->Add("pin", "keep the job, whatever the daemon's retention", &pin_);
    flags->Add("unpin", "keep it no longer than others", &unpin_);
    flags->Add("etag", "ETAG", "the job's, from `get --format json`", &etag_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::UpdateJobRequest request;
    ASSIGN_OR_RETURN(*request.mutable_job()->mutable_name(), project_.JobName(job_));
    RETURN_IF_ERROR(Fill(&request));
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    const absl::StatusOr<v1::Job> job = client->UpdateJob(request);
    if (!job.ok()) return RenameField(job.status(), FlagOf);
    PrintJob(*job, format_.get(), env.out);
    return ExitCode::kOk;
  }

 private:
  absl::Status Fill(v1::UpdateJobRequest* request) const {
    RETURN_IF_ERROR(settings_.Fill(request));
    request->mutable_job()->set_etag(etag_);
    google::protobuf::FieldMask* const mask = request->mutable_update_mask();
    if (no_labels_ && !request->job().labels().empty()) {
      return UsageError(Name(), "--label and --no_labels exclude each other");
    }
    if (no_labels_) mask->add_paths("labels");
    if (pin_ && unpin_) return UsageError(Name(), "--pin and --unpin exclude each other");
    if (pin_ || unpin_) mask->add_paths("pinned");
    request->mutable_job()->set_pinned(pin_);
    if (mask->paths_size() != 0 || request->has_deadline_after()) return absl::OkStatus();
    return UsageError(Name(), "nothing to change: give --priority, --label, --deadline, --pin or --unpin");
  }

  std::string job_;
  JobSettingsFlags settings_{"update"};
  bool no_labels_ = false;
  bool pin_ = false;
  bool unpin_ = false;
  std::string etag_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeUpdateCommand() { return std::make_unique<UpdateCommand>(); }

}  // namespace oneloop
