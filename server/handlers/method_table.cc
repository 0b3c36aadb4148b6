#include "server/handlers/method_table.h"

#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "grpc/health/v1/health.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "server/handlers/admin_handlers.h"
#include "server/handlers/calibration_handlers.h"
#include "server/handlers/health_handlers.h"
#include "server/handlers/model_handlers.h"
#include "server/handlers/search_handlers.h"
#include "server/handlers/worker_handlers.h"

namespace oneloop {
namespace {

using google::protobuf::Message;

// A handler takes the request, what it needs to know of the call, if anything, and what to fill.
template <class Handler>
struct HandlerTraits;
template <class C, class Req, class Resp>
struct HandlerTraits<absl::Status (C::*)(const Req&, Resp*) const> {
  using Class = C;
  using Request = Req;
  using Response = Resp;
  using Context = void;
};
template <class C, class Req, class Ctx, class Resp>
struct HandlerTraits<absl::Status (C::*)(const Req&, const Ctx&, Resp*) const> {
  using Class = C;
  using Request = Req;
  using Response = Resp;
  using Context = Ctx;
};

// The whole context, who calls, or the name of their user.
template <class Context>
const Context& PartOf(const CallContext& call) {
  if constexpr (std::is_same_v<Context, CallContext>) {
    return call;
  } else if constexpr (std::is_same_v<Context, Caller>) {
    return call.caller;
  } else {
    static_assert(std::is_same_v<Context, std::string>);
    return call.caller.user;
  }
}

struct Costs {
  CallCost cost = CallCost::kRead;
  RequestSize size = RequestSize::kSmall;
};
constexpr Costs kReads = {};
constexpr Costs kChanges = {CallCost::kChange, RequestSize::kSmall};
constexpr Costs kChangesLarge = {CallCost::kChange, RequestSize::kLarge};
constexpr Costs kHeavy = {CallCost::kHeavy, RequestSize::kSmall};
constexpr Costs kReadsLarge = {CallCost::kRead, RequestSize::kLarge};
constexpr Costs kWorks = {CallCost::kWork, RequestSize::kSmall};
constexpr Costs kWorksLarge = {CallCost::kWork, RequestSize::kLarge};
constexpr Costs kHeavyLarge = {CallCost::kHeavy, RequestSize::kLarge};

constexpr MethodRule View(std::string_view resource = "") { return {Scope::kViewer, resource}; }
constexpr MethodRule Create(std::string_view resource) { return {Scope::kUser, resource, /*changes=*/true}; }
constexpr MethodRule ChangeOwn(std::string_view resource) {
  return {Scope::kUser, resource, /*changes=*/true, /*own_only=*/true};
}
constexpr MethodRule Administer() {
  return {Scope::kAdmin, "", /*changes=*/true, /*own_only=*/false, /*all_projects=*/true};
}
constexpr MethodRule Work() {
  return {Scope::kWorker, "", /*changes=*/false, /*own_only=*/false, /*all_projects=*/true};
}
constexpr MethodRule Known() {
  MethodRule rule = View();
  rule.any_scope = true;
  return rule;
}
constexpr MethodRule Everyone() { return {}; }

constexpr char kSearch[] = "oneloop.v1.SearchService";
constexpr char kModel[] = "oneloop.v1.ModelService";
constexpr char kCalibration[] = "oneloop.v1.CalibrationService";
constexpr char kAdmin[] = "oneloop.v1.AdminService";
constexpr char kWorker[] = "oneloop.v1.WorkerService";
constexpr char kHealth[] = "grpc.health.v1.Health";
constexpr char kReflection[] = "grpc.reflection.v1alpha.ServerReflection";

namespace health = grpc::health::v1;
namespace reflection = grpc::reflection::v1alpha;

Method Named(const std::string& service, const std::string& name, const MethodRule& rule) {
  Method method;
  method.service = service;
  method.name = absl::StrCat(service.substr(service.rfind('.') + 1), ".", name);
  method.path = absl::StrCat("/", service, "/", name);
  method.rule = rule;
  return method;
}

template <auto kHandler>
Method Unary(const std::string& service, const std::string& name, const MethodRule& rule, const Costs& costs) {
  using Traits = HandlerTraits<decltype(kHandler)>;
  using Class = typename Traits::Class;
  using Request = typename Traits::Request;
  using Response = typename Traits::Response;
  Method method = Named(service, name, rule);
  method.request = &Request::default_instance();
  method.response = &Response::default_instance();
  method.size = costs.size;
  method.cost = costs.cost;
  method.is_served = [](const Handlers& handlers) { return std::get<const Class*>(handlers) != nullptr; };
  method.run = [](const Handlers& handlers, const CallContext& call, const Message& request, Message* response) {
    const Class* const part = std::get<const Class*>(handlers);
    if (part == nullptr) return absl::UnimplementedError("this service is not enabled");
    const auto& typed_request = static_cast<const Request&>(request);
    auto* const typed_response = static_cast<Response*>(response);
    if constexpr (std::is_void_v<typename Traits::Context>) {
      return (part->*kHandler)(typed_request, typed_response);
    } else {
      return (part->*kHandler)(typed_request, PartOf<typename Traits::Context>(call), typed_response);
    }
  };
  return method;
}

template <class Request, class Response>
Method Stream(CallKind kind, const std::string& service, const std::string& name, const MethodRule& rule) {
  Method method = Named(service, name, rule);
  method.kind = kind;
  method.request = &Request::default_instance();
  method.response = &Response::default_instance();
  method.is_served = [](const Handlers&) { return true; };
  return method;
}

HttpRoute Get(std::string path) { return {HttpVerb::kGet, std::move(path), ""}; }
HttpRoute Delete(std::string path) { return {HttpVerb::kDelete, std::move(path), ""}; }
HttpRoute Post(std::string path) { return {HttpVerb::kPost, std::move(path), "*"}; }
HttpRoute Patch(std::string path, std::string body) { return {HttpVerb::kPatch, std::move(path), std::move(body)}; }

Method Over(std::vector<HttpRoute> routes, Method method) {
  method.http = std::move(routes);
  return method;
}
Method Over(HttpRoute route, News news, Method method) {
  method.news = news;
  return Over({std::move(route)}, std::move(method));
}

std::vector<Method> MakeMethods() {
  return {
      Over({Post("/v1/admin/backups")}, Unary<&AdminHandlers::Backup>(kAdmin, "Backup", Administer(), kHeavy)),
      Over({Post("/v1/admin:drain")}, Unary<&AdminHandlers::Drain>(kAdmin, "Drain", Administer(), kReads)),
      Over({Post("/v1/{parent=projects/*}/calibrations")},
           Unary<&CalibrationHandlers::CreateCalibration>(kCalibration, "CreateCalibration", Create("parent"),
                                                          kHeavyLarge)),
      // Names of calibrations may lack their project, which the handlers know: they check project and owner.
      Over({Post("/v1/{name=projects/*/calibrations/*}:cancel"), Post("/v1/{name=calibrations/*}:cancel")},
           Unary<&CalibrationHandlers::CancelCalibration>(kCalibration, "CancelCalibration", ChangeOwn("name"),
                                                          kChanges)),
      Over({Delete("/v1/{name=projects/*/calibrations/*}"), Delete("/v1/{name=calibrations/*}")},
           Unary<&CalibrationHandlers::DeleteCalibration>(kCalibration, "DeleteCalibration", ChangeOwn("name"),
                                                          kChanges)),
      Over({Get("/v1/{name=projects/*/calibrations/*}"), Get("/v1/{name=calibrations/*}")},
           Unary<&CalibrationHandlers::GetCalibration>(kCalibration, "GetCalibration", View("name"), kReads)),
      Over({Get("/v1/{parent=projects/*}/calibrations")},
           Unary<&CalibrationHandlers::ListCalibrations>(kCalibration, "ListCalibrations", View("parent"), kReads)),
      Over({Post("/v1/designs:evaluate")},
           Unary<&ModelHandlers::EvaluateDesigns>(kModel, "EvaluateDesigns", View(), kHeavyLarge)),
      Over({Get("/v1/server")}, Unary<&ModelHandlers::GetServerInfo>(kModel, "GetServerInfo", Known(), kReads)),
      Over(Get("/v1/{name=templates/*}"), News::kOfDaemon,
           Unary<&ModelHandlers::GetTemplate>(kModel, "GetTemplate", View(), kReads)),
      Over(Get("/v1/{name=workloads/*}"), News::kOfDaemon,
           Unary<&ModelHandlers::GetWorkload>(kModel, "GetWorkload", View(), kReads)),
      Over(Get("/v1/templates"), News::kOfDaemon,
           Unary<&ModelHandlers::ListTemplates>(kModel, "ListTemplates", View(), kReads)),
      Over(Get("/v1/workloads"), News::kOfDaemon,
           Unary<&ModelHandlers::ListWorkloads>(kModel, "ListWorkloads", View(), kReads)),
      Over({Post("/v1/templates:parse")},
           Unary<&ModelHandlers::ParseTemplate>(kModel, "ParseTemplate", View(), kHeavyLarge)),
      Over({Post("/v1/workloads:parse")},
           Unary<&ModelHandlers::ParseWorkload>(kModel, "ParseWorkload", View(), kHeavyLarge)),
      Over({Post("/v1/{name=projects/*/jobs/*}:cancel")},
           Unary<&SearchHandlers::CancelJob>(kSearch, "CancelJob", ChangeOwn("name"), kChanges)),
      Over({Post("/v1/{parent=projects/*}/jobs")},
           Unary<&SearchHandlers::CreateJob>(kSearch, "CreateJob", Create("parent"), kChangesLarge)),
      Over({Delete("/v1/{name=projects/*/jobs/*}")},
           Unary<&SearchHandlers::DeleteJob>(kSearch, "DeleteJob", ChangeOwn("name"), kChanges)),
      Over(Get("/v1/{name=projects/*/jobs/*/designs/*}:explain"), News::kOfJob,
           Unary<&SearchHandlers::ExplainDesign>(kSearch, "ExplainDesign", View("name"), kHeavy)),
      Over(Get("/v1/{name=projects/*/jobs/*/designs/*}"), News::kOfJob,
           Unary<&SearchHandlers::GetDesign>(kSearch, "GetDesign", View("name"), kReads)),
      Over(Get("/v1/{parent=projects/*/jobs/*}/front"), News::kOfJob,
           Unary<&SearchHandlers::GetFront>(kSearch, "GetFront", View("parent"), kReads)),
      Over(Get("/v1/{parent=projects/*/jobs/*}/history"), News::kOfJob,
           Unary<&SearchHandlers::GetHistory>(kSearch, "GetHistory", View("parent"), kReads)),
      Over(Get("/v1/{name=projects/*/jobs/*}"), News::kOfJob,
           Unary<&SearchHandlers::GetJob>(kSearch, "GetJob", View("name"), kReads)),
      Over(Get("/v1/{name=projects/*/jobs/*/points/*}"), News::kOfJob,
           Unary<&SearchHandlers::GetPoint>(kSearch, "GetPoint", View("name"), kReads)),
      Over(Get("/v1/{parent=projects/*}/jobs"), News::kOfStore,
           Unary<&SearchHandlers::ListJobs>(kSearch, "ListJobs", View("parent"), kReads)),
      Over(Get("/v1/{parent=projects/*/jobs/*}/points"), News::kOfJob,
           Unary<&SearchHandlers::ListPoints>(kSearch, "ListPoints", View("parent"), kReads)),
      Over(Get("/v1/{parent=projects/*/jobs/*}/points:sample"), News::kOfJob,
           Unary<&SearchHandlers::SamplePoints>(kSearch, "SamplePoints", View("parent"), kReads)),
      Over({Post("/v1/{name=projects/*/jobs/*}:pause")},
           Unary<&SearchHandlers::PauseJob>(kSearch, "PauseJob", ChangeOwn("name"), kChanges)),
      Over({Post("/v1/{name=projects/*/jobs/*}:resume")},
           Unary<&SearchHandlers::ResumeJob>(kSearch, "ResumeJob", ChangeOwn("name"), kChanges)),
      Over({Post("/v1/{name=projects/*/jobs/*}:undelete")},
           Unary<&SearchHandlers::UndeleteJob>(kSearch, "UndeleteJob", ChangeOwn("name"), kChanges)),
      Over({Patch("/v1/{job.name=projects/*/jobs/*}", "job")},
           Unary<&SearchHandlers::UpdateJob>(kSearch, "UpdateJob", ChangeOwn("job.name"), kChanges)),
      Stream<v1::WatchRequest, v1::WatchResponse>(CallKind::kWatch, kSearch, "Watch", View("name")),
      Unary<&WorkerHandlers::StartSession>(kWorker, "StartSession", Work(), kReads),
      Unary<&WorkerHandlers::TakeLeases>(kWorker, "TakeLeases", Work(), kReads),
      Unary<&WorkerHandlers::GetLeasedJob>(kWorker, "GetLeasedJob", Work(), kReads),
      Unary<&WorkerHandlers::ReportPoints>(kWorker, "ReportPoints", Work(), kWorksLarge),
      Unary<&WorkerHandlers::EndLease>(kWorker, "EndLease", Work(), kWorks),
      Unary<&WorkerHandlers::RenewLeases>(kWorker, "RenewLeases", Work(), kReadsLarge),
      Unary<&WorkerHandlers::EndSession>(kWorker, "EndSession", Work(), kReads),
      Over({Get("/v1/workers")}, Unary<&WorkerHandlers::ListWorkers>(kWorker, "ListWorkers", View(), kReads)),
      Unary<&HealthHandlers::Check>(kHealth, "Check", Everyone(), kReads),
      Stream<health::HealthCheckRequest, health::HealthCheckResponse>(CallKind::kHealthWatch, kHealth, "Watch",
                                                                      Everyone()),
      Stream<reflection::ServerReflectionRequest, reflection::ServerReflectionResponse>(
          CallKind::kReflection, kReflection, "ServerReflectionInfo", View()),
  };
}

}  // namespace

const std::vector<Method>& Methods() {
  static const auto* const methods = new std::vector<Method>(MakeMethods());
  return *methods;
}

const Method* FindMethod(std::string_view path) {
  static const auto* const by_path = [] {
    auto* const map = new std::unordered_map<std::string_view, const Method*>;
    for (const Method& method : Methods()) map->emplace(method.path, &method);
    return map;
  }();
  const auto found = by_path->find(path);
  return found == by_path->end() ? nullptr : found->second;
}

}  // namespace oneloop
