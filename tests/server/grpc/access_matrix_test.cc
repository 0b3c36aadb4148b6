// Who may call what, over a real port: every method of every service, with every scope and every kind of wrong token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/access/token_file.h"
#include "server/daemon/server.h"
#include "server/handlers/method_table.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// What the documents promise.
enum class Needs { kNothing, kAnyone, kViewer, kUser, kOwner, kAdmin, kAdminOfAll, kWorker };
const std::map<std::string, Needs> kPromises = {
    {"AdminService.Backup", Needs::kAdminOfAll},
    {"AdminService.Drain", Needs::kAdminOfAll},
    {"CalibrationService.CancelCalibration", Needs::kOwner},
    {"CalibrationService.CreateCalibration", Needs::kUser},
    {"CalibrationService.DeleteCalibration", Needs::kOwner},
    {"CalibrationService.GetCalibration", Needs::kViewer},
    {"CalibrationService.ListCalibrations", Needs::kViewer},
    {"Health.Check", Needs::kNothing},
    {"Health.Watch", Needs::kNothing},
    {"ModelService.EvaluateDesigns", Needs::kViewer},
    {"ModelService.GetServerInfo", Needs::kAnyone},
    {"ModelService.GetTemplate", Needs::kViewer},
    {"ModelService.GetWorkload", Needs::kViewer},
    {"ModelService.ListTemplates", Needs::kViewer},
    {"ModelService.ListWorkloads", Needs::kViewer},
    {"ModelService.ParseTemplate", Needs::kViewer},
    {"ModelService.ParseWorkload", Needs::kViewer},
    {"SearchService.CancelJob", Needs::kOwner},
    {"SearchService.CreateJob", Needs::kUser},
    {"SearchService.DeleteJob", Needs::kOwner},
    {"SearchService.ExplainDesign", Needs::kViewer},
    {"SearchService.GetDesign", Needs::kViewer},
    {"SearchService.GetFront", Needs::kViewer},
    {"SearchService.GetHistory", Needs::kViewer},
    {"SearchService.GetJob", Needs::kViewer},
    {"SearchService.GetPoint", Needs::kViewer},
    {"SearchService.ListJobs", Needs::kViewer},
    {"SearchService.ListPoints", Needs::kViewer},
    {"SearchService.PauseJob", Needs::kOwner},
    {"SearchService.ResumeJob", Needs::kOwner},
    {"SearchService.SamplePoints", Needs::kViewer},
    {"SearchService.UndeleteJob", Needs::kOwner},
    {"SearchService.UpdateJob", Needs::kOwner},
    {"SearchService.Watch", Needs::kViewer},
    {"ServerReflection.ServerReflectionInfo", Needs::kViewer},
    {"WorkerService.EndLease", Needs::kWorker},
    {"WorkerService.EndSession", Needs::kWorker},
    {"WorkerService.GetLeasedJob", Needs::kWorker},
    {"WorkerService.ListWorkers", Needs::kViewer},
    {"WorkerService.RenewLeases", Needs::kWorker},
    {"WorkerService.ReportPoints", Needs::kWorker},
    {"WorkerService.StartSession", Needs::kWorker},
    {"WorkerService.TakeLeases", Needs::kWorker},
};

// Every method that needs to know who calls.
std::vector<const Method*> GuardedMethods() {
  std::vector<const Method*> methods;
  for (const Method& method : Methods()) {
    if (kPromises.at(method.name) != Needs::kNothing) methods.push_back(&method);
  }
  return methods;
}

class AccessMatrixTest : public testing::Test {
 protected:
  void SetUp() override {
    OneLoopServer::Options options;
    options.data_dir = directory_.path();
    options.listen = {ParseListenAddress("127.0.0.1:0").value()};
    options.num_threads = 1;
    options.enable_admin = true;
    options.run_start = [this](const SearchSpec& spec, int start, PointSink& sink) {
      return runner_.Run(spec, start, sink);
    };
    absl::StatusOr<std::unique_ptr<OneLoopServer>> server = OneLoopServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel(server_->addresses()[0], grpc::InsecureChannelCredentials());
    owner_ = Token("owner", Scope::kUser, "chip");
  }
  void TearDown() override { runner_.Open(); }

  std::string Token(const std::string& user, Scope scope, const std::string& project,
                    absl::Duration life = absl::Hours(1)) const {
    TokenRequest request;
    request.user = user;
    request.scope = scope;
    request.projects = {project};
    const absl::Time made = absl::Now() - absl::Hours(2);
    request.expires = made + absl::Hours(2) + life;
    return CreateToken(directory_.path(), request, made)->text;
  }

  std::string CreateJob() {
    v1::CreateJobRequest request;
    request.set_parent("projects/chip");
    request.mutable_spec()->set_workload_name("alexnet");
    request.mutable_spec()->set_template_name("gemmini");
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + owner_);
    v1::Job job;
    const grpc::Status status = v1::SearchService::NewStub(channel_)->CreateJob(&context, request, &job);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return job.name();
  }

  // A request of the method for this project: about `job`, a name in it.
  static grpc::ByteBuffer RequestFor(const Method& method, const std::string& job) {
    const std::unique_ptr<google::protobuf::Message> request(method.request->New());
    const google::protobuf::Descriptor& type = *request->GetDescriptor();
    const auto set = [&](const char* field, const std::string& value) {
      if (const auto* descriptor = type.FindFieldByName(field)) {
        request->GetReflection()->SetString(request.get(), descriptor, value);
      }
    };
    if (const auto* descriptor = type.FindFieldByName("job")) {
      google::protobuf::Message* const part = request->GetReflection()->MutableMessage(request.get(), descriptor);
      part->GetReflection()->SetString(part, part->GetDescriptor()->FindFieldByName("name"), job);
    }
    const std::string project = job.substr(0, job.find("/jobs"));
    const std::set<std::string> of_job = {"SearchService.GetFront", "SearchService.GetHistory",
                                          "SearchService.ListPoints", "SearchService.SamplePoints"};
    set("parent", of_job.contains(method.name) ? job : project);
    set("name", method.name == "SearchService.GetPoint" ? job + "/points/0"
                : method.name.ends_with("Design")       ? job + "/designs/best"
                                                        : job);
    set("list_services", "all");
    const std::string bytes = request->SerializeAsString();
    const grpc::Slice slice(bytes);
    return {&slice, 1};
  }

  // The code of one call. One that got a message, and one that was refused for another reason, was let in.
  grpc::Status Call(const Method& method, const std::string& token, const std::string& job) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    grpc::CompletionQueue queue;
    const auto await = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call = stub.PrepareCall(&context, method.path, &queue);
    call->StartCall(nullptr);
    await();
    call->WriteLast(RequestFor(method, job), grpc::WriteOptions(), nullptr);
    await();
    grpc::ByteBuffer response;
    call->Read(&response, nullptr);
    const bool answered = await();
    if (answered) context.TryCancel();
    grpc::Status status;
    call->Finish(&status, nullptr);
    await();
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
    return answered ? grpc::Status::OK : status;
  }

  void ExpectAllowed(const Method& method, const std::string& token, const std::string& who) {
    const grpc::Status status = Call(method, token, CreateJob());
    EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << who << ": " << status.error_message();
    EXPECT_NE(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << who << ": " << status.error_message();
  }
  void ExpectRefused(const Method& method, const std::string& token, grpc::StatusCode code, const std::string& who) {
    const grpc::Status status = Call(method, token, CreateJob());
    EXPECT_EQ(status.error_code(), code) << who << ": " << status.error_message();
    EXPECT_THAT(status.error_message(),
                testing::HasSubstr(code == grpc::StatusCode::UNAUTHENTICATED ? "token" : "needs"));
  }

  const TempDirectory directory_;
  GatedRunner runner_{0};
  std::unique_ptr<OneLoopServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string owner_;
};

// The services as the proto files have them: what is missing in the table would be nobody's to call.
TEST_F(AccessMatrixTest, EveryMethodOfTheProtosIsInTheTableAndHasAPromise) {
  std::set<std::string> services;
  for (const Method& method : Methods()) services.insert(method.service);
  EXPECT_THAT(services, testing::IsSupersetOf({"oneloop.v1.SearchService", "oneloop.v1.ModelService",
                                               "oneloop.v1.CalibrationService", "oneloop.v1.AdminService"}));
  std::size_t count = 0;
  for (const std::string& name : services) {
    const ServiceDescriptor* const service = DescriptorPool::generated_pool()->FindServiceByName(name);
    ASSERT_NE(service, nullptr) << name;
    for (int i = 0; i < service->method_count(); ++i, ++count) {
      const MethodDescriptor& descriptor = *service->method(i);
      const Method* const method = FindMethod(absl::StrCat("/", name, "/", descriptor.name()));
      ASSERT_NE(method, nullptr) << descriptor.full_name();
      EXPECT_EQ(method->request->GetDescriptor(), descriptor.input_type());
      EXPECT_EQ(method->response->GetDescriptor(), descriptor.output_type());
      EXPECT_EQ(method->kind == CallKind::kUnary, !descriptor.server_streaming()) << method->name;
      EXPECT_EQ(kPromises.count(method->name), 1u) << method->name << " is not in this test's table";
    }
  }
  EXPECT_EQ(Methods().size(), count);
  EXPECT_EQ(kPromises.size(), count);
}

TEST_F(AccessMatrixTest, RulesFitTheirRequests) {
  for (const Method& method : Methods()) {
    const MethodRule& rule = method.rule;
    const google::protobuf::Descriptor& type = *method.request->GetDescriptor();
    if (!rule.resource.empty()) {
      const std::string field(rule.resource.substr(0, rule.resource.find('.')));
      EXPECT_NE(type.FindFieldByName(field), nullptr) << method.name;
    } else {
      // Whatever names a resource is checked by it.
      EXPECT_EQ(type.FindFieldByName("parent"), nullptr) << method.name;
    }
    EXPECT_EQ(rule.changes, rule.scope == Scope::kUser || rule.scope == Scope::kAdmin) << method.name;
    EXPECT_TRUE(!rule.own_only || (rule.changes && !rule.resource.empty())) << method.name;
  }
}

TEST_F(AccessMatrixTest, CallsWithoutAValidTokenAreRefused) {
  std::string wrong = owner_;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const Method* const method : GuardedMethods()) {
    const std::string& name = method->name;
    for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin, Scope::kWorker}) {
      const std::string expired = Token("ada", scope, kAllProjects, -absl::Seconds(1));
      ExpectRefused(*method, expired, grpc::StatusCode::UNAUTHENTICATED, name + ", expired token");
    }
    ExpectRefused(*method, "", grpc::StatusCode::UNAUTHENTICATED, name + ", no token");
    ExpectRefused(*method, wrong, grpc::StatusCode::UNAUTHENTICATED, name + ", wrong token");
    ExpectRefused(*method, "secret", grpc::StatusCode::UNAUTHENTICATED, name + ", no token's form");
  }
}

TEST_F(AccessMatrixTest, EveryScopeMayDoWhatIsPromisedAndNoMore) {
  // Viewers change nothing, not even what is theirs.
  const std::string viewer = Token("owner", Scope::kViewer, "chip");
  const std::string other_user = Token("otto", Scope::kUser, "chip");
  const std::string admin = Token("anna", Scope::kAdmin, "chip");
  const std::string admin_of_all = Token("anna", Scope::kAdmin, kAllProjects);
  const std::string worker = Token("slurm", Scope::kWorker, kAllProjects);
  const std::string worker_of_one = Token("slurm", Scope::kWorker, "chip");
  for (const Method* const method : GuardedMethods()) {
    const std::string& name = method->name;
    const Needs needs = kPromises.at(name);
    // Workers work, and do nothing else.
    if (needs == Needs::kWorker || needs == Needs::kAnyone) {
      ExpectAllowed(*method, worker, name + ", worker");
    } else {
      ExpectRefused(*method, worker, grpc::StatusCode::PERMISSION_DENIED, name + ", worker");
    }
    if (needs != Needs::kAnyone) {
      ExpectRefused(*method, worker_of_one, grpc::StatusCode::PERMISSION_DENIED, name + ", worker of one project");
    }
    if (needs == Needs::kViewer || needs == Needs::kAnyone) {
      ExpectAllowed(*method, viewer, name + ", viewer");
    } else {
      ExpectRefused(*method, viewer, grpc::StatusCode::PERMISSION_DENIED, name + ", viewer");
    }
    if (needs >= Needs::kOwner) {
      ExpectRefused(*method, other_user, grpc::StatusCode::PERMISSION_DENIED, name + ", another user");
    } else {
      ExpectAllowed(*method, other_user, name + ", another user");
    }
    if (needs >= Needs::kAdmin) {
      ExpectRefused(*method, owner_, grpc::StatusCode::PERMISSION_DENIED, name + ", owner of a job");
    } else {
      ExpectAllowed(*method, owner_, name + ", owner");
    }
    if (needs >= Needs::kAdminOfAll) {
      ExpectRefused(*method, admin, grpc::StatusCode::PERMISSION_DENIED, name + ", admin of a project");
    } else {
      ExpectAllowed(*method, admin, name + ", admin");
    }
    ExpectAllowed(*method, admin_of_all, name + ", admin of all projects");
  }
}

TEST_F(AccessMatrixTest, OtherProjectsAreOutOfReachForEveryScope) {
  for (const Method* const method : GuardedMethods()) {
    const std::string& name = method->name;
    if (method->rule.resource.empty()) continue;
    for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin}) {
      ExpectRefused(*method, Token("owner", scope, "soc"), grpc::StatusCode::PERMISSION_DENIED,
                    absl::StrCat(name, ", ", ToAbsl(ScopeName(scope)), " of another project"));
    }
  }
}

// S11: a job's owner is nobody else's business.
TEST_F(AccessMatrixTest, AJobOfAnotherProjectIsNotFoundByEveryMethod) {
  const std::string job = CreateJob();
  const std::string under_own_project = "projects/soc" + job.substr(job.find("/jobs"));
  for (const Method* const method : GuardedMethods()) {
    if (method->rule.resource.empty() || method->name == "SearchService.CreateJob" ||
        method->name == "SearchService.ListJobs" || method->service == "oneloop.v1.CalibrationService") {
      continue;
    }
    for (const Scope scope : {Scope::kUser, Scope::kAdmin}) {
      const grpc::Status status = Call(*method, Token("ada", scope, "soc"), under_own_project);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << method->name << ": " << status.error_message();
      EXPECT_THAT(status.error_message(), testing::Not(testing::HasSubstr("owner"))) << method->name;
    }
  }
}

TEST_F(AccessMatrixTest, AnyProjectStandsForAllOfThem) {
  const std::string admin = Token("anna", Scope::kAdmin, "chip");
  const std::string admin_of_all = Token("anna", Scope::kAdmin, kAllProjects);
  const std::string job = CreateJob();
  const std::string any = "projects/-" + job.substr(job.find("/jobs"));
  for (const Method* const method : GuardedMethods()) {
    if (method->rule.resource.empty()) continue;
    EXPECT_EQ(Call(*method, admin, any).error_code(), grpc::StatusCode::PERMISSION_DENIED) << method->name;
    EXPECT_NE(Call(*method, admin_of_all, any).error_code(), grpc::StatusCode::PERMISSION_DENIED) << method->name;
  }
}

TEST_F(AccessMatrixTest, HealthIsOpen) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::ByteBuffer response;
  grpc::Status status;
  const grpc::Slice all_services("");
  const auto call =
      stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(&all_services, 1), &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace oneloop
