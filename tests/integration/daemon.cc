#include "tests/integration/daemon.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace oneloop {
namespace {

std::vector<std::string> CommandLine(const std::string& data_dir, const Daemon::Options& options) {
  std::vector<std::string> line;
  if (!options.failpoint.empty() || !options.environment.empty()) line = {"/usr/bin/env"};
  if (!options.failpoint.empty()) line.push_back("ONELOOP_FAILPOINT=" + options.failpoint);
  line.insert(line.end(), options.environment.begin(), options.environment.end());
  line.insert(line.end(),
              {BuiltProgram(options.program), "--data_dir", data_dir, "--threads", absl::StrCat(options.threads)});
  line.insert(line.end(), options.flags.begin(), options.flags.end());
  return line;
}

}  // namespace

Daemon::Daemon(const std::string& data_dir, const Options& options)
    : process_(CommandLine(data_dir, options), /*merge_errors=*/false) {
  // The line comes once the daemon serves.
  first_line_ = process_.ReadLine();
  serves_ = first_line_.find("listening on") != std::string::npos;
  grpc::ChannelArguments arguments;
  // Not the connection of a daemon that was here before.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto channel = grpc::CreateCustomChannel(absl::StrCat("unix:", data_dir, "/oneloop.sock"),
                                                 grpc::InsecureChannelCredentials(), arguments);
  stub_ = v1::SearchService::NewStub(channel);
  admin_ = v1::AdminService::NewStub(channel);
}

std::string Daemon::port_address() const {
  const std::size_t begin = first_line_.find("127.0.0.1:");
  if (begin == std::string::npos) return "";
  return first_line_.substr(begin, first_line_.find_first_of(", ", begin) - begin);
}

void Daemon::Kill() {
  process_.Signal(SIGKILL);
  process_.Wait();
}

int Daemon::Stop() {
  process_.Signal(SIGTERM);
  return process_.Wait();
}

std::optional<EvaluatedPoints> Daemon::TryListPoints(const std::string& job, bool pareto_only) {
  EvaluatedPoints points;
  v1::ListPointsRequest request;
  request.set_parent(job);
  request.set_pareto_only(pareto_only);
  request.set_page_size(997);
  do {
    grpc::ClientContext context;
    v1::ListPointsResponse response;
    const grpc::Status status = stub_->ListPoints(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return std::nullopt;
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::EvaluatedPoint& point : response.points()) {
      EXPECT_TRUE(points.emplace(point.number(), point).second) << "point " << point.number() << " twice";
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return points;
}

Watcher::Watcher(Daemon& daemon, const std::string& job, std::int64_t start_revision) {
  v1::WatchRequest request;
  request.set_name(job);
  request.set_start_revision(start_revision);
  reader_ = daemon.stub().Watch(&context_, request);
}

Watcher::~Watcher() {
  context_.TryCancel();
  v1::WatchResponse rest;
  while (reader_->Read(&rest)) {
  }
  reader_->Finish();
}

std::string Figures(const v1::EvaluatedPoint& point) {
  v1::EvaluatedPoint figures = point;
  figures.clear_name();
  figures.clear_revision();
  figures.clear_pareto();
  figures.clear_entered_front_revision();
  figures.clear_left_front_revision();
  std::string parameters;
  const std::map<std::string, double> sorted(figures.parameters().begin(), figures.parameters().end());
  for (const auto& [name, value] : sorted) absl::StrAppend(&parameters, " ", name, "=", value);
  figures.clear_parameters();
  return figures.ShortDebugString() + parameters;
}

std::string CreateJob(Daemon& daemon, const v1::JobSpec& spec) {
  grpc::ClientContext context;
  v1::CreateJobRequest request;
  request.set_parent("projects/default");
  *request.mutable_spec() = spec;
  v1::Job job;
  const grpc::Status status = daemon.stub().CreateJob(&context, request, &job);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return job.name();
}

v1::Job AwaitSuccess(Daemon& daemon, const std::string& job) {
  Watcher watcher(daemon, job, 0);
  v1::Job last;
  v1::WatchResponse message;
  while (watcher.Next(&message)) last = message.job();
  EXPECT_EQ(last.state(), v1::SUCCEEDED) << last.message();
  return last;
}

EvaluatedPoints ListPoints(Daemon& daemon, const std::string& job, bool pareto_only) {
  const auto points = daemon.TryListPoints(job, pareto_only);
  EXPECT_TRUE(points.has_value());
  return points.value_or(EvaluatedPoints());
}

void ExpectSamePoints(const EvaluatedPoints& points, const EvaluatedPoints& expected) {
  ASSERT_EQ(points.size(), expected.size());
  for (const auto& [number, point] : expected) {
    ASSERT_TRUE(points.contains(number)) << "point " << number << " is missing";
    ASSERT_EQ(Figures(points.at(number)), Figures(point));
  }
}

std::uint64_t NumberOf(const char* variable, std::uint64_t by_default) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? by_default : std::strtoull(text, nullptr, 10);
}

}  // namespace oneloop
