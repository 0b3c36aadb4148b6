#include "server/handlers/calibration_handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <thread>

#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/library.h"
#include "server/handlers/calibration_convert.h"
#include "server/handlers/job_convert.h"
#include "server/wire/predictor.h"
#include "tests/common/latency/synthetic.h"
#include "tests/server/store/memory_run_store.h"
#include "tests/testing/shipped.h"

namespace oneloop {
namespace {

using ::testing::HasSubstr;

class CalibrationHandlersTest : public testing::Test {
 protected:
  static v1::CreateCalibrationRequest Request(int rows = 60) {
    const CostModel model{std::shared_ptr<const Template>(ShippedTemplate("gemmini"))};
    v1::CreateCalibrationRequest request;
    request.set_calibration_id("chip");
    request.set_template_name("gemmini");
    (*request.mutable_fixed_parameters())["pe_dim"] = 16;
    for (const LatencySample& sample : SyntheticSamples(model, rows)) {
      v1::Measurement* const row = request.add_rows();
      *row->mutable_bounds() = LayerShapeToProto(sample.shape);
      row->set_mapping(FormatMapping(model.hardware_template(), sample.mapping));
      row->set_cycles(sample.cycles);
    }
    return request;
  }

  // The error of a request that is wrong in one respect; nothing may be stored.
  std::string ErrorOf(const std::function<void(v1::CreateCalibrationRequest&)>& spoil) {
    v1::CreateCalibrationRequest request = Request();
    spoil(request);
    v1::Calibration response;
    const absl::Status status = handlers_.CreateCalibration(request, caller_, &response);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_TRUE(store_.ListCalibrations(kDefaultProject, "", 10)->empty());
    return Message(status);
  }

  v1::Calibration AwaitEnd(const std::string& name, const std::string& project = "") {
    v1::GetCalibrationRequest request;
    request.set_name(project + "calibrations/" + name);
    for (;;) {
      v1::Calibration calibration;
      const absl::Status status = handlers_.GetCalibration(request, caller_, &calibration);
      EXPECT_EQ(status, absl::OkStatus());
      if (!status.ok() || calibration.state() != v1::TRAINING) return calibration;
      std::this_thread::yield();
    }
  }

  static v1::JobSpec Spec(const std::string& calibration) {
    v1::JobSpec spec;
    spec.set_workload_name("bert");
    spec.set_template_name("gemmini");
    spec.set_calibration_name(calibration);
    (*spec.mutable_fixed_parameters())["pe_dim"] = 16;
    return spec;
  }

  Caller caller_{"ada", Scope::kUser, {kAllProjects}, ""};
  const Catalog catalog_{&ShippedLibrary()};
  MemoryRunStore store_;
  const std::unique_ptr<CalibrationManager> manager_ = CalibrationManager::Create(&store_, TrainCalibration).value();
  const CalibrationCatalog calibrations_{&catalog_, &store_, manager_.get()};
  const CalibrationHandlers handlers_{{&catalog_, manager_.get(), &calibrations_}};
};

TEST_F(CalibrationHandlersTest, SeveralWrongRowsAreToldAtOnce) {
  v1::CreateCalibrationRequest request = Request();
  request.mutable_rows(3)->set_cycles(-1);
  request.mutable_rows(5)->set_mapping("nonsense");
  request.mutable_rows(7)->mutable_bounds()->set_k(0);
  v1::Calibration response;
  const absl::Status status = handlers_.CreateCalibration(request, caller_, &response);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> fields;
  for (const absl::Status& error : ErrorsOf(status)) fields.push_back(FieldOf(error));
  EXPECT_THAT(fields, testing::ElementsAre("rows[3].cycles", "rows[5].mapping", "rows[7].bounds.K"));
  for (v1::Measurement& row : *request.mutable_rows()) row.set_cycles(-1);
  EXPECT_EQ(ErrorsOf(handlers_.CreateCalibration(request, caller_, &response)).size(), 20u);
}

TEST_F(CalibrationHandlersTest, TrainsReportsAndServesJobs) {
  v1::Calibration created;
  ASSERT_EQ(handlers_.CreateCalibration(Request(), caller_, &created), absl::OkStatus());
  EXPECT_EQ(created.name(), "chip");
  EXPECT_EQ(created.measurements(), 60);
  EXPECT_EQ(created.fixed_parameters().at("pe_dim"), 16);
  EXPECT_THAT(created.measurements_checksum(), testing::MatchesRegex("fnv1a64:[0-9a-f]{16}"));
  // The same request again is the same calibration; other measurements under its name are not.
  ASSERT_EQ(handlers_.CreateCalibration(Request(), caller_, &created), absl::OkStatus());
  EXPECT_EQ(handlers_.CreateCalibration(Request(70), caller_, &created).code(), absl::StatusCode::kAlreadyExists);

  const v1::Calibration ready = AwaitEnd("chip");
  ASSERT_EQ(ready.state(), v1::READY) << ready.message();
  EXPECT_THAT(ready.model(), testing::StartsWith("oneloop-latency-model 1\n"));
  EXPECT_FALSE(ready.held_out().empty());
  EXPECT_EQ(ready.measurements_checksum(), created.measurements_checksum());

  const auto job = PrepareJob(Spec("chip"), catalog_, calibrations_);
  ASSERT_TRUE(job.ok()) << job.status();
  EXPECT_EQ(job->spec.predictor(), v1::COMBINED);
  ASSERT_NE(job->search->latency, nullptr);
  v1::DeleteCalibrationRequest remove;
  remove.set_name("calibrations/chip");
  google::protobuf::Empty empty;
  ASSERT_EQ(handlers_.DeleteCalibration(remove, caller_, &empty), absl::OkStatus());
  EXPECT_EQ(handlers_.DeleteCalibration(remove, caller_, &empty).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(FieldOf(PrepareJob(Spec("chip"), catalog_, calibrations_).status()), "calibration_name");
  // The job has a copy.
  JobRecord record;
  record.job = job->job;
  EXPECT_NE(DecodeSearch(record).value()->latency, nullptr);
}

// Users of two projects, and one of each who is none of the trainers.
TEST_F(CalibrationHandlersTest, CalibrationBelongsToItsProjectAndItsTrainer) {
  const Caller ada{"ada", Scope::kUser, {"chip"}, ""};
  const Caller otto{"otto", Scope::kUser, {"chip"}, ""};
  const Caller admin{"eve", Scope::kAdmin, {"chip"}, ""};
  const Caller stranger{"mallory", Scope::kAdmin, {"other"}, ""};
  v1::CreateCalibrationRequest create = Request();
  create.set_parent("projects/chip");
  v1::Calibration calibration;
  EXPECT_EQ(handlers_.CreateCalibration(create, stranger, &calibration).code(), absl::StatusCode::kNotFound);
  ASSERT_EQ(handlers_.CreateCalibration(create, ada, &calibration), absl::OkStatus());
  EXPECT_EQ(calibration.project(), "chip");
  EXPECT_EQ(calibration.owner(), "ada");

  v1::GetCalibrationRequest get;
  get.set_name("projects/chip/calibrations/chip");
  EXPECT_EQ(handlers_.GetCalibration(get, otto, &calibration), absl::OkStatus());
  const absl::Status hidden = handlers_.GetCalibration(get, stranger, &calibration);
  EXPECT_EQ(hidden.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(hidden), testing::Not(HasSubstr("ada")));
  // Without a project it is the default one's.
  get.set_name("calibrations/chip");
  EXPECT_EQ(handlers_.GetCalibration(get, caller_, &calibration).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(handlers_.GetCalibration(get, ada, &calibration).code(), absl::StatusCode::kNotFound);
  // A shipped one is everywhere.
  for (const char* name : {"calibrations/gemmini_rtl", "projects/other/calibrations/gemmini_rtl"}) {
    get.set_name(name);
    EXPECT_EQ(handlers_.GetCalibration(get, stranger, &calibration), absl::OkStatus());
  }

  v1::CancelCalibrationRequest cancel;
  cancel.set_name("projects/chip/calibrations/chip");
  EXPECT_EQ(handlers_.CancelCalibration(cancel, stranger, &calibration).code(), absl::StatusCode::kNotFound);
  const absl::Status refused = handlers_.CancelCalibration(cancel, otto, &calibration);
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(Message(refused), HasSubstr("ada, or an admin of project chip; user otto is neither"));
  v1::DeleteCalibrationRequest remove;
  remove.set_name(cancel.name());
  google::protobuf::Empty empty;
  EXPECT_EQ(handlers_.DeleteCalibration(remove, stranger, &empty).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(handlers_.DeleteCalibration(remove, otto, &empty).code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(handlers_.DeleteCalibration(remove, ada, &empty), absl::OkStatus());
  ASSERT_EQ(handlers_.CreateCalibration(create, ada, &calibration), absl::OkStatus());
  EXPECT_EQ(handlers_.DeleteCalibration(remove, admin, &empty), absl::OkStatus());
}

TEST_F(CalibrationHandlersTest, JobMayUseThoseOfItsProjectAndTheShippedOnes) {
  v1::CreateCalibrationRequest create = Request();
  create.set_parent("projects/chip");
  v1::Calibration calibration;
  ASSERT_EQ(handlers_.CreateCalibration(create, caller_, &calibration), absl::OkStatus());
  AwaitEnd("chip", "projects/chip/");
  EXPECT_TRUE(PrepareJob(Spec("chip"), catalog_, calibrations_, "chip").ok());
  EXPECT_TRUE(PrepareJob(Spec("projects/chip/calibrations/chip"), catalog_, calibrations_, "chip").ok());
  EXPECT_TRUE(PrepareJob(Spec("gemmini_rtl"), catalog_, calibrations_, "chip").ok());
  EXPECT_EQ(FieldOf(PrepareJob(Spec("chip"), catalog_, calibrations_, "other").status()), "calibration_name");
  const absl::Status others =
      PrepareJob(Spec("projects/chip/calibrations/chip"), catalog_, calibrations_, "other").status();
  EXPECT_EQ(FieldOf(others), "calibration_name");
  EXPECT_THAT(Message(others), HasSubstr("those of its own project, other"));
  // Evaluations are in no project.
  const Caller stranger{"mallory", Scope::kUser, {"other"}, ""};
  EXPECT_TRUE(calibrations_.GetReady(caller_, "projects/chip/calibrations/chip").ok());
  EXPECT_EQ(FieldOf(calibrations_.GetReady(stranger, "projects/chip/calibrations/chip").status()), "calibration_name");
  EXPECT_TRUE(calibrations_.GetReady(stranger, "gemmini_rtl").ok());
}

TEST_F(CalibrationHandlersTest, CancelledTrainingIsShownAsSuch) {
  v1::CreateCalibrationRequest create = Request();
  v1::Calibration calibration;
  ASSERT_EQ(handlers_.CreateCalibration(create, caller_, &calibration), absl::OkStatus());
  v1::CancelCalibrationRequest cancel;
  cancel.set_name("calibrations/chip");
  ASSERT_EQ(handlers_.CancelCalibration(cancel, caller_, &calibration), absl::OkStatus());
  EXPECT_EQ(calibration.state(), v1::TRAINING_CANCELLED);
  EXPECT_EQ(calibration.message(), "cancelled on request");
  EXPECT_EQ(calibration.measurements(), 60);
  EXPECT_EQ(handlers_.CancelCalibration(cancel, caller_, &calibration).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(CalibrationHandlersTest, WrongMeasurementsAreNamedWithTheirRowAndNothingIsStored) {
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(3)->set_cycles(-1); }), HasSubstr("rows[3].cycles"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(3)->set_cycles(0); }), HasSubstr("rows[3].cycles"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(3)->set_cycles(std::numeric_limits<double>::quiet_NaN()); }),
              HasSubstr("rows[3].cycles"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(5)->mutable_bounds()->set_c(13); }), HasSubstr("rows[5]"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(5)->mutable_bounds()->clear_c(); }), HasSubstr("rows[5].bounds.C"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows(5)->set_mapping("L9 what"); }), HasSubstr("rows[5].mapping"));
  EXPECT_THAT(ErrorOf([](auto& r) { (*r.mutable_rows(5)->mutable_parameters())["pe_dim"] = 32; }),
              HasSubstr("rows[5].parameters.pe_dim"));
  EXPECT_THAT(ErrorOf([](auto& r) {
                *r.add_rows() = r.rows(0);
                r.mutable_rows(60)->set_cycles(r.rows(0).cycles() + 1);
              }),
              HasSubstr("rows[60].cycles"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.mutable_rows()->DeleteSubrange(10, 50); }), HasSubstr("rows: has 10"));
  EXPECT_THAT(ErrorOf([](auto& r) {
                for (v1::Measurement& row : *r.mutable_rows()) row.set_cycles(7);
              }),
              HasSubstr("rows: has the same cycles everywhere"));
}

TEST_F(CalibrationHandlersTest, WrongRequestsAreNamedWithTheirField) {
  EXPECT_THAT(ErrorOf([](auto& r) { r.clear_fixed_parameters(); }), HasSubstr("fixed_parameters.pe_dim: is missing"));
  EXPECT_THAT(ErrorOf([](auto& r) { (*r.mutable_fixed_parameters())["pe_dimm"] = 1; }), HasSubstr("did you mean"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.set_template_name("gemmin"); }), HasSubstr("did you mean 'gemmini'"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.clear_template_name(); }), HasSubstr("template_name: is missing"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.set_calibration_id("no spaces"); }), HasSubstr("calibration_id"));
  EXPECT_THAT(ErrorOf([](auto& r) { r.set_description(std::string(5000, 'x')); }), HasSubstr("description"));
  v1::CreateCalibrationRequest taken = Request();
  taken.set_calibration_id("gemmini_rtl");
  v1::Calibration response;
  EXPECT_EQ(handlers_.CreateCalibration(taken, caller_, &response).code(), absl::StatusCode::kAlreadyExists);
  v1::CreateCalibrationRequest preview = Request();
  preview.set_validate_only(true);
  EXPECT_EQ(handlers_.CreateCalibration(preview, caller_, &response), absl::OkStatus());
  EXPECT_TRUE(store_.ListCalibrations(kDefaultProject, "", 10)->empty());
}

TEST_F(CalibrationHandlersTest, ShippedCalibrationIsListedUsableAndStays) {
  v1::ListCalibrationsResponse list;
  ASSERT_EQ(handlers_.ListCalibrations({}, caller_, &list), absl::OkStatus());
  ASSERT_EQ(list.calibrations_size(), 1);
  EXPECT_EQ(list.calibrations(0).name(), "gemmini_rtl");
  EXPECT_EQ(list.calibrations(0).state(), v1::READY);
  EXPECT_EQ(list.calibrations(0).model(), "");
  v1::DeleteCalibrationRequest remove;
  remove.set_name("calibrations/gemmini_rtl");
  google::protobuf::Empty empty;
  EXPECT_EQ(handlers_.DeleteCalibration(remove, caller_, &empty).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(PrepareJob(Spec("gemmini_rtl"), catalog_, calibrations_).ok());
}

TEST_F(CalibrationHandlersTest, JobsThatACalibrationDoesNotFitAreRefused) {
  const auto error = [this](const std::function<void(v1::JobSpec&)>& spoil) {
    v1::JobSpec spec = Spec("gemmini_rtl");
    spoil(spec);
    const absl::Status status = PrepareJob(spec, catalog_, calibrations_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return Message(status);
  };
  EXPECT_THAT(error([](auto& s) { s.set_calibration_name("gemini_rtl"); }), HasSubstr("did you mean 'gemmini_rtl'"));
  EXPECT_THAT(error([](auto& s) { s.clear_fixed_parameters(); }),
              HasSubstr("fixed_parameters.pe_dim: is not fixed; the calibration was measured at 16"));
  EXPECT_THAT(error([](auto& s) { (*s.mutable_fixed_parameters())["pe_dim"] = 32; }), HasSubstr("is 32"));
  EXPECT_THAT(error([](auto& s) { s.set_stop_gap(0.1); }), HasSubstr("stop_gap"));
  EXPECT_THAT(error([](auto& s) {
                s.clear_calibration_name();
                s.set_predictor(v1::COMBINED);
              }),
              HasSubstr("predictor: COMBINED needs a calibration"));
  EXPECT_THAT(error([](auto& s) { s.set_predictor(static_cast<v1::Predictor>(9)); }), HasSubstr("predictor: is 9"));
  EXPECT_THAT(error([](auto& s) {
                v1::Template other = *Catalog(&ShippedLibrary()).FindTemplate("gemmini");
                other.mutable_levels(3)->set_words_per_cycle("16");
                *s.mutable_template_() = other;
              }),
              HasSubstr("is for another template"));
}

TEST_F(CalibrationHandlersTest, DamagedAndNewerModelsAreRefused) {
  const std::shared_ptr<const Template> hardware_template = ShippedTemplate("gemmini");
  const std::vector<ParameterRange> ranges = {{16, 16}, {1, 8192}, {1, 8192}};
  v1::Calibration calibration = ShippedLibrary().calibrations(0);
  EXPECT_TRUE(MakePredictor(&calibration, v1::COMBINED, hardware_template, ranges).ok());
  EXPECT_EQ(*MakePredictor(&calibration, v1::ANALYTICAL, hardware_template, ranges), nullptr);
  std::string damaged = calibration.model();
  damaged[damaged.size() / 2] = damaged[damaged.size() / 2] == '1' ? '2' : '1';
  calibration.set_model(damaged);
  EXPECT_EQ(MakePredictor(&calibration, v1::COMBINED, hardware_template, ranges).status().code(),
            absl::StatusCode::kDataLoss);
  calibration.set_model("oneloop-latency-model 99\n");
  EXPECT_EQ(MakePredictor(&calibration, v1::COMBINED, hardware_template, ranges).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace oneloop
