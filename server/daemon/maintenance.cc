#include "server/daemon/maintenance.h"

#include "common/base/flush_output.h"
#include "common/base/status.h"
#include "server/store/store_backup.h"
#include "server/store/store_check.h"

namespace oneloop {
namespace {

constexpr int kExitFailure = 1;

int Fail(const absl::Status& status, std::ostream& errors) {
  errors << "oneloopd: " << Message(status) << '\n';
  return kExitFailure;
}

}  // namespace

int RunFsck(const std::string& data_dir, std::ostream& out, std::ostream& errors) {
  const absl::StatusOr<StoreReport> report = CheckStore(data_dir);
  if (!report.ok()) return Fail(report.status(), errors);
  for (const std::string& finding : report->findings) out << finding << '\n';
  if (report->omitted != 0) out << "and " << report->omitted << " more\n";
  const std::int64_t findings = static_cast<std::int64_t>(report->findings.size()) + report->omitted;
  out << data_dir << ": " << report->jobs << " jobs, " << report->points << " points, revision " << report->revision
      << ": " << (findings == 0 ? "sound" : std::to_string(findings) + " findings") << '\n';
  if (const absl::Status written = FlushOutput(out); !written.ok()) return Fail(written, errors);
  return findings == 0 ? 0 : kExitFindings;
}

int RunRestore(const std::string& backup_path, const std::string& data_dir, std::ostream& out, std::ostream& errors) {
  if (const absl::Status status = RestoreStore(backup_path, data_dir); !status.ok()) return Fail(status, errors);
  out << "restored " << backup_path << " to " << data_dir << '\n';
  if (const absl::Status written = FlushOutput(out); !written.ok()) return Fail(written, errors);
  return 0;
}

}  // namespace oneloop
