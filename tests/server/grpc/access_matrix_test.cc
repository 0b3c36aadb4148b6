// Who may call what, over a real port: every method of every service, with every scope and every kind of wrong token.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "oneloop/v1/admin_service.grpc.pb.h"
#include "oneloop/v1/calibration_service.grpc.pb.h"
#include "oneloop/v1/model_service.grpc.pb.h"
#include "oneloop/v1/search_service.grpc.pb.h"
#include "server/access/method_rules.h"
#include "server/access/token_file.h"
#include "server/daemon/server.h"
#include "tests/server/jobs/jobs_test_util.h"
#include "tests/server/store/store_test_util.h"

namespace oneloop {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// What the documents promise.
enum class Needs { kViewer, kUser, kOwner, kAdmin };
const std::map<std::string, Needs> kPromises = {
    {"AdminService.Backup", Needs::kAdmin},
    {"AdminService.Drain", Needs::kAdmin},
    {"CalibrationService.CancelCalibration", Needs::kOwner},
    {"CalibrationService.CreateCalibration", Needs::kUser},
    {"CalibrationService.DeleteCalibration", Needs::kOwner},
    {"CalibrationService.GetCalibration", Needs::kViewer},
    {"CalibrationService.ListCalibrations", Needs::kViewer},
    {"ModelService.EvaluateDesigns", Needs::kViewer},
    {"ModelService.GetServerInfo", Needs::kViewer},
    {"ModelService.GetTemplate", Needs::kViewer},
    {"ModelService.GetWorkload", Needs::kViewer},
    {"ModelService.ListTemplates", Needs::kViewer},
    {"ModelService.ListWorkloads", Needs::kViewer},
    {"SearchService.CancelJob", Needs::kOwner},
    {"SearchService.CreateJob", Needs::kUser},
    {"SearchService.DeleteJob", Needs::kOwner},
    {"SearchService.GetDesign", Needs::kViewer},
    {"SearchService.GetJob", Needs::kViewer},
    {"SearchService.GetPoint", Needs::kViewer},
    {"SearchService.ListJobs", Needs::kViewer},
    {"SearchService.ListPoints", Needs::kViewer},
    {"SearchService.PauseJob", Needs::kOwner},
    {"SearchService.ResumeJob", Needs::kOwner},
    {"SearchService.UndeleteJob", Needs::kOwner},
    {"SearchService.UpdateJob", Needs::kOwner},
    {"SearchService.Watch", Needs::kViewer},
    {"ServerReflection.ServerReflectionInfo", Needs::kViewer},
};

std::string NameOf(const MethodDescriptor& method) { return method.service()->name() + "." + method.name(); }

std::vector<const MethodDescriptor*> AllMethods() {
  std::vector<const MethodDescriptor*> methods;
  for (const std::string& name :
       {std::string(v1::SearchService::service_full_name()), std::string(v1::ModelService::service_full_name()),
        std::string(v1::CalibrationService::service_full_name()), std::string(v1::AdminService::service_full_name()),
        std::string(grpc::reflection::v1alpha::ServerReflection::service_full_name())}) {
    const ServiceDescriptor* const service = DescriptorPool::generated_pool()->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) methods.push_back(service->method(i));
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
  static grpc::ByteBuffer RequestFor(const MethodDescriptor& method, const std::string& job) {
    google::protobuf::DynamicMessageFactory factory;
    const std::unique_ptr<google::protobuf::Message> request(factory.GetPrototype(method.input_type())->New());
    const auto set = [&](const char* field, const std::string& value) {
      if (const auto* descriptor = method.input_type()->FindFieldByName(field)) {
        request->GetReflection()->SetString(request.get(), descriptor, value);
      }
    };
    if (const auto* descriptor = method.input_type()->FindFieldByName("job")) {
      google::protobuf::Message* const part =
          request->GetReflection()->MutableMessage(request.get(), descriptor, &factory);
      part->GetReflection()->SetString(part, part->GetDescriptor()->FindFieldByName("name"), job);
    }
    const std::string project = job.substr(0, job.find("/jobs"));
    set("parent", method.name() == "ListPoints" ? job : project);
    set("name", method.name() == "GetPoint"    ? job + "/points/0"
                : method.name() == "GetDesign" ? job + "/designs/best"
                                               : job);
    set("list_services", "all");
    const std::string bytes = request->SerializeAsString();
    const grpc::Slice slice(bytes);
    return {&slice, 1};
  }

  // The code of one call. One that got a message, and one that was refused for another reason, was let in.
  grpc::Status Call(const MethodDescriptor& method, const std::string& token, const std::string& job) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    grpc::CompletionQueue queue;
    const auto await = [&queue] {
      void* tag = nullptr;
      bool ok = false;
      return queue.Next(&tag, &ok) && ok;
    };
    const auto call =
        stub.PrepareCall(&context, absl::StrCat("/", method.service()->full_name(), "/", method.name()), &queue);
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

  void ExpectAllowed(const MethodDescriptor& method, const std::string& token, const std::string& who) {
    const grpc::Status status = Call(method, token, CreateJob());
    EXPECT_NE(status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << who << ": " << status.error_message();
    EXPECT_NE(status.error_code(), grpc::StatusCode::PERMISSION_DENIED) << who << ": " << status.error_message();
  }
  void ExpectRefused(const MethodDescriptor& method, const std::string& token, grpc::StatusCode code,
                     const std::string& who) {
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

TEST_F(AccessMatrixTest, EveryMethodHasARuleAndAPromise) {
  for (const MethodDescriptor* const method : AllMethods()) {
    const std::string name = NameOf(*method);
    EXPECT_EQ(kPromises.count(name), 1u) << name << " is not in this test's table";
    const MethodRule* const rule = FindMethodRule(name);
    ASSERT_NE(rule, nullptr) << name << " is not in MethodRules";
    if (!rule->resource.empty()) {
      const std::string field(rule->resource.substr(0, rule->resource.find('.')));
      EXPECT_NE(method->input_type()->FindFieldByName(field), nullptr) << name;
    } else {
      // Whatever names a resource is checked by it.
      EXPECT_EQ(method->input_type()->FindFieldByName("parent"), nullptr) << name;
    }
  }
  EXPECT_EQ(MethodRules().size(), AllMethods().size());
}

TEST_F(AccessMatrixTest, CallsWithoutAValidTokenAreRefused) {
  std::string wrong = owner_;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  for (const MethodDescriptor* const method : AllMethods()) {
    const std::string name = NameOf(*method);
    for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin}) {
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
  for (const MethodDescriptor* const method : AllMethods()) {
    const std::string name = NameOf(*method);
    const Needs needs = kPromises.at(name);
    if (needs == Needs::kViewer) {
      ExpectAllowed(*method, viewer, name + ", viewer");
    } else {
      ExpectRefused(*method, viewer, grpc::StatusCode::PERMISSION_DENIED, name + ", viewer");
    }
    if (needs == Needs::kOwner || needs == Needs::kAdmin) {
      ExpectRefused(*method, other_user, grpc::StatusCode::PERMISSION_DENIED, name + ", another user");
    } else {
      ExpectAllowed(*method, other_user, name + ", another user");
    }
    if (needs == Needs::kAdmin) {
      ExpectRefused(*method, owner_, grpc::StatusCode::PERMISSION_DENIED, name + ", owner of a job");
    } else {
      ExpectAllowed(*method, owner_, name + ", owner");
    }
    ExpectAllowed(*method, admin, name + ", admin");
  }
}

TEST_F(AccessMatrixTest, OtherProjectsAreOutOfReachForEveryScope) {
  for (const MethodDescriptor* const method : AllMethods()) {
    const std::string name = NameOf(*method);
    if (FindMethodRule(name)->resource.empty()) continue;
    for (const Scope scope : {Scope::kViewer, Scope::kUser, Scope::kAdmin}) {
      ExpectRefused(*method, Token("owner", scope, "soc"), grpc::StatusCode::PERMISSION_DENIED,
                    absl::StrCat(name, ", ", ToAbsl(ScopeName(scope)), " of another project"));
    }
  }
}

TEST_F(AccessMatrixTest, AnyProjectStandsForAllOfThem) {
  const std::string admin = Token("anna", Scope::kAdmin, "chip");
  const std::string admin_of_all = Token("anna", Scope::kAdmin, kAllProjects);
  const std::string job = CreateJob();
  const std::string any = "projects/-" + job.substr(job.find("/jobs"));
  for (const MethodDescriptor* const method : AllMethods()) {
    if (FindMethodRule(NameOf(*method))->resource.empty()) continue;
    EXPECT_EQ(Call(*method, admin, any).error_code(), grpc::StatusCode::PERMISSION_DENIED) << method->full_name();
    EXPECT_NE(Call(*method, admin_of_all, any).error_code(), grpc::StatusCode::PERMISSION_DENIED)
        << method->full_name();
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
