#include "client/slurm/worker_list.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/json_object.h"
#include "client/numbers.h"
#include "client/output.h"

namespace oneloop {
namespace {

std::string SecondsText(absl::Duration duration) {
  return duration == absl::InfiniteDuration() ? "" : absl::StrCat(absl::ToInt64Seconds(duration));
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : OneLine(text); }

// All that is known, as CSV has it.
std::vector<std::string> Cells(const WorkerRow& row) {
  std::vector<std::string> cells;
  if (row.pilot.has_value()) {
    const Pilot& pilot = *row.pilot;
    cells = {pilot.id,
             pilot.state,
             pilot.node,
             SecondsText(pilot.run_time),
             SecondsText(pilot.time_left),
             absl::StrCat(pilot.cpus),
             pilot.reason,
             pilot.name,
             pilot.server};
  } else {
    cells.resize(9);
  }
  if (row.worker.has_value()) {
    const DaemonWorker& worker = *row.worker;
    cells.insert(cells.end(), {worker.name, absl::StrCat(worker.leases), ExactNumber(worker.points_per_second),
                               SecondsText(worker.unheard)});
  } else {
    cells.resize(cells.size() + 4);
  }
  return cells;
}

void PrintCsv(const std::vector<WorkerRow>& rows, std::ostream& out) {
  out << CsvLine({"pilot", "state", "node", "run_time_s", "time_left_s", "cpus", "reason", "name", "server", "worker",
                  "leases", "points_per_second", "unheard_s"});
  for (const WorkerRow& row : rows) out << CsvLine(Cells(row));
}

void PrintJson(const std::vector<WorkerRow>& rows, std::ostream& out) {
  JsonListWriter list(out, "workers");
  for (const WorkerRow& row : rows) {
    JsonObject object;
    if (row.pilot.has_value()) {
      const Pilot& pilot = *row.pilot;
      for (const auto& [name, value] : {std::pair{"pilot", &pilot.id},
                                        {"state", &pilot.state},
                                        {"node", &pilot.node},
                                        {"reason", &pilot.reason},
                                        {"name", &pilot.name},
                                        {"server", &pilot.server}}) {
        SetText(name, *value, &object);
      }
      SetNumber("run_time_s", absl::ToDoubleSeconds(pilot.run_time), &object);
      SetNumber("time_left_s", absl::ToDoubleSeconds(pilot.time_left), &object);
      SetNumber("cpus", pilot.cpus, &object);
    }
    if (row.worker.has_value()) {
      SetText("worker", row.worker->name, &object);
      SetNumber("leases", row.worker->leases, &object);
      SetNumber("points_per_second", row.worker->points_per_second, &object);
      SetNumber("unheard_s", absl::ToDoubleSeconds(row.worker->unheard), &object);
    }
    list.Add(object);
  }
  list.End();
}

void PrintTable(const std::vector<WorkerRow>& rows, std::ostream& out) {
  using Align = TextTable::Align;
  const bool has_leases =
      std::any_of(rows.begin(), rows.end(), [](const WorkerRow& row) { return row.worker.has_value(); });
  std::vector<TextTable::Column> columns = {
      {"worker"}, {"state"}, {"node"}, {"time", Align::kRight}, {"left", Align::kRight}, {"cpus", Align::kRight},
      {"reason"}, {"daemon"}};
  if (has_leases) columns.insert(columns.end(), {{"leases", Align::kRight}, {"points/s", Align::kRight}, {"heard"}});
  TextTable table(out, std::move(columns));
  for (const WorkerRow& row : rows) {
    const Pilot pilot = row.pilot.value_or(Pilot());
    const bool is_pilot = row.pilot.has_value();
    std::vector<std::string> cells = {OrDash(is_pilot ? pilot.id : row.worker->name),
                                      OrDash(pilot.state),
                                      OrDash(pilot.node),
                                      is_pilot ? ShortDuration(pilot.run_time) : "-",
                                      is_pilot ? ShortDuration(pilot.time_left) : "-",
                                      is_pilot ? absl::StrCat(pilot.cpus) : "-",
                                      OrDash(pilot.reason),
                                      OrDash(pilot.server)};
    if (has_leases && row.worker.has_value()) {
      cells.insert(cells.end(), {absl::StrCat(row.worker->leases), SiNumber(row.worker->points_per_second),
                                 absl::StrCat(ShortDuration(row.worker->unheard), " ago")});
    } else if (has_leases) {
      cells.insert(cells.end(), {"-", "-", "never"});
    }
    table.AddRow(std::move(cells));
  }
  table.Flush();
}

std::map<std::string, const DaemonWorker*> ByName(const std::vector<DaemonWorker>& workers) {
  std::map<std::string, const DaemonWorker*> by_name;
  for (const DaemonWorker& worker : workers) by_name.emplace(worker.name, &worker);
  return by_name;
}

}  // namespace

std::vector<WorkerRow> WorkerRows(const std::vector<Pilot>& pilots, const std::vector<DaemonWorker>& workers) {
  std::map<std::string, const DaemonWorker*> left = ByName(workers);
  std::vector<WorkerRow> rows;
  for (const Pilot& pilot : pilots) {
    const auto worker = left.find(PilotWorkerName(pilot.id));
    if (worker == left.end() && !pilot.is_active() && !pilot.has_failed()) continue;
    rows.push_back({pilot, std::nullopt});
    if (worker == left.end()) continue;
    rows.back().worker = *worker->second;
    left.erase(worker);
  }
  for (const DaemonWorker& worker : workers) {
    if (left.contains(worker.name)) rows.push_back({std::nullopt, worker});
  }
  return rows;
}

std::set<std::string> IdlePilots(const std::vector<Pilot>& pilots, const std::vector<DaemonWorker>& workers) {
  const std::map<std::string, const DaemonWorker*> by_name = ByName(workers);
  std::set<std::string> idle;
  for (const Pilot& pilot : pilots) {
    const auto worker = by_name.find(PilotWorkerName(pilot.id));
    if (worker != by_name.end() && worker->second->leases == 0) idle.insert(pilot.id);
  }
  return idle;
}

void PrintWorkers(const std::vector<WorkerRow>& rows, OutputFormat format, std::ostream& out) {
  if (format == OutputFormat::kJson) return PrintJson(rows, out);
  if (format == OutputFormat::kCsv) return PrintCsv(rows, out);
  PrintTable(rows, out);
}

}  // namespace oneloop
