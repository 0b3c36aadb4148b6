#ifndef ONELOOP_SERVER_STORE_CALIBRATION_STORE_H_
#define ONELOOP_SERVER_STORE_CALIBRATION_STORE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace oneloop {

// The numbers are stored: never reuse one.
enum class CalibrationState { kTraining = 1, kReady = 2, kFailed = 3, kCancelled = 4 };

// Where those calibrations belong that are older than projects of their own.
inline constexpr char kDefaultProject[] = "default";

struct NewCalibration {
  std::string name;     // unique in its project
  std::string summary;  // opaque: what lists show
  std::string request;  // opaque: what it is trained from
  std::string project = kDefaultProject;
  std::string owner;      // who has it trained; "" for one older than owners
  std::int64_t rows = 0;  // measurements, from which the time of the training is estimated
};

// How a training ended.
struct CalibrationOutcome {
  std::int64_t id = 0;
  CalibrationState state = CalibrationState::kReady;  // not kTraining
  std::string message;
  std::string summary;  // opaque: takes the place of the one before
  std::string model;    // opaque: what was trained; "" when it failed
};

struct CalibrationRecord {
  std::int64_t id = 0;  // never reused, also when the name is
  NewCalibration calibration;
  CalibrationState state = CalibrationState::kTraining;
  std::string message;
  std::string model;
  absl::Time create_time;
  std::optional<absl::Time> end_time;  // of the training
  int attempts = 0;                    // trainings that began and that no stop or end has been noted of
};

// Where calibrations live. Thread-safe; every change is one transaction, acknowledged after its commit. Codes as in
// RunStore, and NOT_FOUND for an unknown name.
class CalibrationStore {
 public:
  virtual ~CalibrationStore() = default;

  struct CreateCalibrationResult {
    CalibrationRecord record;
    bool created = false;
  };
  // With a name that is taken in its project, returns the calibration that has it, whatever else is in `calibration`;
  // the caller compares.
  virtual absl::StatusOr<CreateCalibrationResult> CreateCalibration(const NewCalibration& calibration) = 0;
  // NOT_FOUND once it is deleted, FAILED_PRECONDITION unless it is training.
  virtual absl::Status FinishCalibration(const CalibrationOutcome& outcome) = 0;
  // Before a training begins, so that one which brings the daemon down is known by it; 0 once it stopped or ended.
  virtual absl::Status NoteAttempts(std::int64_t id, int attempts) = 0;
  virtual absl::Status DeleteCalibration(const std::string& project, const std::string& name) = 0;

  virtual absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& project, const std::string& name) = 0;
  // Of a project by name, those after `after`, at most `limit`; without requests and models.
  virtual absl::StatusOr<std::vector<CalibrationRecord>> ListCalibrations(const std::string& project,
                                                                          const std::string& after, int limit) = 0;
  // Those that train or are to train, of all projects, the oldest first; without requests and models.
  virtual absl::StatusOr<std::vector<CalibrationRecord>> ListTrainings() = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_CALIBRATION_STORE_H_
