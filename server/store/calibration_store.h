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
enum class CalibrationState { kTraining = 1, kReady = 2, kFailed = 3 };

struct NewCalibration {
  std::string name;     // unique
  std::string summary;  // opaque: what lists show
  std::string request;  // opaque: what it is trained from
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
  // With a name that is taken, returns the calibration that has it, whatever else is in `calibration`; the caller
  // compares.
  virtual absl::StatusOr<CreateCalibrationResult> CreateCalibration(const NewCalibration& calibration) = 0;
  // NOT_FOUND once it is deleted, FAILED_PRECONDITION unless it is training.
  virtual absl::Status FinishCalibration(const CalibrationOutcome& outcome) = 0;
  virtual absl::Status DeleteCalibration(const std::string& name) = 0;

  virtual absl::StatusOr<CalibrationRecord> GetCalibration(const std::string& name) = 0;
  // By name, those after `after`, at most `limit`; without requests and models.
  virtual absl::StatusOr<std::vector<CalibrationRecord>> ListCalibrations(const std::string& after, int limit) = 0;
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_STORE_CALIBRATION_STORE_H_
