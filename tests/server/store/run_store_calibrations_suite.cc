// What every RunStore promises of calibrations.

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "tests/server/store/run_store_suite.h"

namespace oneloop {
namespace {

using ::testing::ElementsAre;

constexpr char kProject[] = "team";

NewCalibration TestCalibration(const std::string& name) {
  return {name, "summary of " + name, "request of " + name, kProject, "ada", 70};
}

TEST_P(RunStoreSuite, CalibrationKeepsWhatItWasGivenAndWhatWasTrained) {
  const auto created = store_->CreateCalibration(TestCalibration("chip"));
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_TRUE(created->created);
  EXPECT_EQ(created->record.state, CalibrationState::kTraining);
  EXPECT_EQ(created->record.create_time, clock_.Now());
  EXPECT_EQ(created->record.calibration.project, kProject);
  EXPECT_EQ(created->record.calibration.owner, "ada");
  EXPECT_EQ(created->record.calibration.rows, 70);
  EXPECT_EQ(store_->GetCalibration(kProject, "chip")->calibration.request, "request of chip");
  const CalibrationOutcome outcome{created->record.id, CalibrationState::kReady, "fine", "report", "model"};
  ASSERT_EQ(store_->FinishCalibration(outcome), absl::OkStatus());
  const auto record = store_->GetCalibration(kProject, "chip");
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->state, CalibrationState::kReady);
  EXPECT_EQ(record->message, "fine");
  EXPECT_EQ(record->calibration.summary, "report");
  EXPECT_EQ(record->calibration.request, "request of chip");
  EXPECT_EQ(record->model, "model");
  EXPECT_TRUE(record->end_time.has_value());
  EXPECT_EQ(store_->FinishCalibration(outcome).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_P(RunStoreSuite, TakenNameReturnsTheCalibrationThatHasIt) {
  const auto first = store_->CreateCalibration(TestCalibration("chip"));
  NewCalibration other = TestCalibration("chip");
  other.request = "another request";
  const auto second = store_->CreateCalibration(other);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_FALSE(second->created);
  EXPECT_EQ(second->record.id, first->record.id);
  EXPECT_EQ(second->record.calibration.request, "request of chip");
}

TEST_P(RunStoreSuite, CalibrationBelongsToItsProject) {
  ASSERT_TRUE(store_->CreateCalibration(TestCalibration("chip")).ok());
  NewCalibration other = TestCalibration("chip");
  other.project = "another team";
  other.request = "another request";
  EXPECT_TRUE(store_->CreateCalibration(other)->created);
  EXPECT_EQ(store_->GetCalibration("another team", "chip")->calibration.request, "another request");
  EXPECT_EQ(store_->ListCalibrations("another team", "", 10)->size(), 1u);
  ASSERT_EQ(store_->DeleteCalibration("another team", "chip"), absl::OkStatus());
  EXPECT_EQ(store_->GetCalibration("another team", "chip").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetCalibration(kProject, "chip")->calibration.request, "request of chip");
}

TEST_P(RunStoreSuite, TrainingsOfAllProjectsAreListedInTheOrderInWhichTheyCame) {
  for (const char* name : {"b", "c", "a"}) {
    NewCalibration calibration = TestCalibration(name);
    calibration.project = std::string("project of ") + name;
    ASSERT_TRUE(store_->CreateCalibration(calibration).ok());
  }
  ASSERT_EQ(store_->FinishCalibration({2, CalibrationState::kCancelled, "cancelled on request", "", ""}),
            absl::OkStatus());
  ASSERT_EQ(store_->NoteAttempts(3, 2), absl::OkStatus());
  EXPECT_EQ(store_->NoteAttempts(9, 2).code(), absl::StatusCode::kNotFound);
  const auto trainings = store_->ListTrainings();
  ASSERT_EQ(trainings->size(), 2u);
  EXPECT_EQ(trainings->at(0).calibration.name, "b");
  EXPECT_EQ(trainings->at(0).attempts, 0);
  EXPECT_EQ(trainings->at(1).calibration.name, "a");
  EXPECT_EQ(trainings->at(1).attempts, 2);
  EXPECT_EQ(trainings->at(1).calibration.request, "");
}

TEST_P(RunStoreSuite, CalibrationsAreListedByNameWithoutWhatIsLong) {
  for (const char* name : {"b", "c", "a"}) ASSERT_TRUE(store_->CreateCalibration(TestCalibration(name)).ok());
  const auto names = [](const std::vector<CalibrationRecord>& records) {
    std::vector<std::string> all;
    for (const CalibrationRecord& record : records) {
      all.push_back(record.calibration.name);
      EXPECT_EQ(record.calibration.summary, "summary of " + record.calibration.name);
      EXPECT_EQ(record.calibration.request, "");
    }
    return all;
  };
  EXPECT_THAT(names(*store_->ListCalibrations(kProject, "", 2)), ElementsAre("a", "b"));
  EXPECT_THAT(names(*store_->ListCalibrations(kProject, "b", 10)), ElementsAre("c"));
  EXPECT_EQ(store_->ListCalibrations(kProject, "", 0).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_P(RunStoreSuite, DeletedCalibrationIsGoneAndItsTrainingComesTooLate) {
  const auto old = store_->CreateCalibration(TestCalibration("chip"));
  ASSERT_EQ(store_->DeleteCalibration(kProject, "chip"), absl::OkStatus());
  EXPECT_EQ(store_->DeleteCalibration(kProject, "chip").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetCalibration(kProject, "chip").status().code(), absl::StatusCode::kNotFound);
  const auto anew = store_->CreateCalibration(TestCalibration("chip"));
  EXPECT_NE(anew->record.id, old->record.id);
  EXPECT_EQ(store_->FinishCalibration({old->record.id, CalibrationState::kReady, "", "old", "old"}).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(store_->GetCalibration(kProject, "chip")->state, CalibrationState::kTraining);
}

}  // namespace
}  // namespace oneloop
