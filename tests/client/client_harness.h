#ifndef ONELOOP_TESTS_CLIENT_CLIENT_HARNESS_H_
#define ONELOOP_TESTS_CLIENT_CLIENT_HARNESS_H_

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/environment.h"
#include "client/run_client.h"
#include "common/base/mutex.h"
#include "tests/client/fake_daemon.h"

namespace oneloop {

// Runs `oneloop ARGS` in this process: own streams, a clock that moves only when the client sleeps, and Ctrl-C on
// demand.
class ClientHarness {
 public:
  explicit ClientHarness(const std::string& server = "") {
    if (!server.empty()) variables["ONELOOP_SERVER"] = server;
  }

  struct Result {
    ExitCode code;
    std::string out;
    std::string err;
  };
  Result Run(const std::vector<std::string>& args) {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    FakeInterrupts interrupts(interrupted);
    Environment env{
        .in = in,
        .out = out,
        .err = err,
        .interrupts = interrupts,
        .out_is_terminal = terminal,
        .err_is_terminal = terminal,
        .output_error = [] { return 0; },
        .terminal_columns = [] { return 120; },
        .variable = [this](const std::string& name) -> std::optional<std::string> {
          const auto value = variables.find(name);
          return value == variables.end() ? std::nullopt : std::optional<std::string>(value->second);
        },
        .variables =
            [this] {
              std::vector<std::string> all;
              for (const auto& [name, value] : variables) all.push_back(absl::StrCat(name, "=", value));
              return all;
            },
        .now = [this] { return now; },
        .steady_now = [this] { return SteadyTime() + absl::Hours(1) + slept; },
        .sleep =
            [this](absl::Duration duration) {
              MutexLock lock(&sleep_mutex);
              now += duration;
              slept += duration;
              if (on_sleep) on_sleep();
            },
        .random_id = [this] { return "id-" + std::to_string(++ids); },
    };
    const ExitCode code = RunClient(args, env);
    return {code, out.str(), err.str()};
  }

  std::string input;
  bool terminal = false;
  std::function<bool()> interrupted = [] { return false; };
  std::function<void()> on_sleep;
  std::map<std::string, std::string> variables;
  absl::Time now = absl::FromUnixSeconds(1800000000);
  absl::Duration slept;
  Mutex sleep_mutex;  // calls that run at once may all wait for a daemon
  int ids = 0;

 private:
  class FakeInterrupts : public InterruptSource {
   public:
    explicit FakeInterrupts(std::function<bool()>& interrupted) : interrupted_(interrupted) {}
    void Arm() override { armed_ = true; }
    void Disarm() override { armed_ = false; }
    bool Pending() override { return armed_ && interrupted_(); }

   private:
    std::function<bool()>& interrupted_;
    bool armed_ = false;
  };
};

// A job as the daemon would show it, with `samples` of 1000 done.
inline v1::Job MakeJob(int id, v1::JobState state, int samples) {
  v1::Job job;
  job.set_name("projects/default/jobs/" + std::to_string(id));
  job.set_state(state);
  job.set_workload_display_name("resnet50");
  job.set_template_display_name("gemmini");
  job.mutable_spec()->set_workload_name("resnet50");
  job.mutable_spec()->set_algorithm(v1::GRADIENT);
  job.mutable_spec()->set_objective(v1::EDP);
  job.mutable_spec()->set_order_strategy(v1::ITERATE);
  job.mutable_spec()->set_starts(2);
  job.mutable_spec()->set_steps(500);
  job.mutable_progress()->set_samples_done(samples);
  job.mutable_progress()->set_samples_total(1000);
  job.mutable_progress()->set_starts_total(2);
  return job;
}

inline v1::Certificate MakeCertificate(double lower_bound, double gap) {
  v1::Certificate certificate;
  certificate.set_objective(v1::EDP);
  certificate.set_lower_bound(lower_bound);
  certificate.set_energy_uj_bound(99999.6);
  certificate.set_latency_cycles_bound(7e5);
  certificate.set_gap(gap);
  certificate.set_boxes(417);
  certificate.set_exhausted(true);
  return certificate;
}

inline v1::EvaluatedPoint MakePoint(int number, double energy_uj, double latency_cycles) {
  v1::EvaluatedPoint point;
  point.set_name("projects/default/jobs/12/points/" + std::to_string(number));
  point.set_number(number);
  point.set_start(number % 2);
  point.set_sample(number / 2 + 1);
  point.set_origin(v1::ROUNDED);
  point.set_energy_uj(energy_uj);
  point.set_latency_cycles(latency_cycles);
  point.set_area_mm2(3.25);
  point.set_edp(energy_uj * latency_cycles);
  (*point.mutable_parameters())["pe_dim"] = 16;
  (*point.mutable_parameters())["accumulator_kib"] = 32;
  point.set_pareto(true);
  return point;
}

}  // namespace oneloop

#endif  // ONELOOP_TESTS_CLIENT_CLIENT_HARNESS_H_
