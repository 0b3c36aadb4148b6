#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/command.h"
#include "client/common_flags.h"
#include "client/explanation_output.h"
#include "client/output.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

class ExplainCommand : public Command {
 public:
  std::string Name() const override { return "explain"; }
  std::string Summary() const override {
    return "says why a design costs what it costs, what sizes it, and what a little more or less would buy";
  }
  std::string Notes() const override {
    return "Of each layer: the component that bounds its latency, how far it is ahead of the next, and how many of "
           "the\n"
           "multiply-accumulate units are used. Of each parameter: the layers that size it and the next largest. Then\n"
           "what 10 % less and more of each parameter (whole steps of it, at least one, all others kept) and of each\n"
           "limit (hardware free) change of the objective, below 0 for the better: predicted, each layer re-tiled by\n"
           "itself along the gradient, and checked by a search of that neighbourhood. The daemon searches for that,\n"
           "seconds for a large network; --no_sensitivities leaves it out. csv has a row per layer.\n";
  }

  void Declare(FlagSet* flags) override {
    flags->AddArgument("JOB", "its number or its name", &job_);
    flags->Add("point", "N", "the design of exact point N; default the best", &point_);
    flags->Add("no_sensitivities", "only what the design's own figures say", &no_sensitivities_);
    flags->Add("samples", "N", "of each search near the design; default 400", &samples_);
    flags->Add("all", "show all layers, not the ten largest", &all_);
    format_.Declare(flags);
    project_.Declare(flags);
    server_.Declare(flags);
  }

  absl::StatusOr<ExitCode> Run(Environment& env) override {
    ASSIGN_OR_RETURN(const std::string job_name, project_.JobName(job_));
    v1::ExplainDesignRequest request;
    request.set_name(absl::StrCat(job_name, "/designs/", point_.has_value() ? absl::StrCat(*point_) : "best"));
    request.set_no_sensitivities(no_sensitivities_);
    if (samples_.has_value()) request.set_samples(*samples_);
    ASSIGN_OR_RETURN(const auto client, server_.Connect(env));
    ASSIGN_OR_RETURN(const v1::DesignExplanation explanation, client->ExplainDesign(request));
    switch (format_.get()) {
      case OutputFormat::kTable:
        PrintExplanation(explanation, all_, env.out);
        break;
      case OutputFormat::kJson:
        env.out << JsonPrinter().Pretty(explanation);
        break;
      case OutputFormat::kCsv:
        PrintLayersCsv(explanation, env.out);
        break;
    }
    return ExitCode::kOk;
  }

 private:
  std::string job_;
  std::optional<std::int64_t> point_;
  bool no_sensitivities_ = false;
  std::optional<std::int32_t> samples_;
  bool all_ = false;
  FormatFlag format_;
  ProjectFlag project_;
  ServerFlag server_;
};

}  // namespace

std::unique_ptr<Command> MakeExplainCommand() { return std::make_unique<ExplainCommand>(); }

}  // namespace oneloop
