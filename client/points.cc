#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "client/command.h"
#include "client/common_flags.h"
#include "client/errors.h"
#include "client/point_printer.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class PointsCommand : public Command {
 public:
  std::string Name() const override { return "points"; }
  std::string Summary() const override { return "lists every evaluated point of a job"; }
  std::string Notes() const override {
    return "Points come by number, page by page: a long list starts at once. Numbers in csv and json are exact.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("pareto", "only points on the front now", &pareto_only_);
    flags->Add("exact", "only points scored by the exact model, no steps of the descent", &exact_only_);
    flags->Add("start", "N", "only points that start N found, from 0", &start_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    v1::ListPointsRequest request;
    ASSIGN_OR_RETURN(*request.mutable_parent(), project_.JobName(job_));
    request.set_pareto_only(pareto_only_);
    request.set_exact_only(exact_only_);
    if (start_.has_value()) request.set_start(*start_);
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    RETURN_IF_ERROR(RenameField(PrintPoints(*client, request, format_.get(), env.out),
                                [](const std::string& field) { return field == "start" ? "--start" : ""; }));
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  bool pareto_only_ = false;
  bool exact_only_ = false;
  std::optional<std::int32_t> start_;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakePointsCommand() { return std::make_unique<PointsCommand>(); }

}  // namespace oneloop
