#include "server/store/sqlite_schema.h"

#include "absl/strings/str_cat.h"
#include "common/base/failpoint.h"
#include "common/base/log.h"
#include "common/base/status.h"
#include "server/store/sqlite_points_view.h"

namespace oneloop {
namespace {

// Points in rows of their own have no index but their key, and three partial ones that hold only what was ever on a
// front. Steps of the descent are packed, as server/store/point_pack.h says. Designs and packs are long, so theirs are
// tables with rowid: a table without one would move most of each to an overflow page.
constexpr char kCreateTables[] = R"sql(
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  revision INTEGER NOT NULL  -- of the last commit
) STRICT;
INSERT INTO store VALUES (1, 0);

CREATE TABLE jobs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  project TEXT NOT NULL,
  request_id TEXT,           -- NULL for none
  workload_name TEXT NOT NULL,
  template_name TEXT NOT NULL,
  state INTEGER NOT NULL,    -- 1 pending, 2 running, 3 paused, 4 cancelled, 5 succeeded, 6 failed
  message TEXT NOT NULL,
  create_time_us INTEGER NOT NULL,  -- microseconds since 1970
  start_time_us INTEGER,
  end_time_us INTEGER,
  num_starts INTEGER NOT NULL,
  samples_total INTEGER NOT NULL,
  starts_done INTEGER NOT NULL,
  samples_done INTEGER NOT NULL,
  points INTEGER NOT NULL,
  front_size INTEGER NOT NULL,
  best_point INTEGER,        -- number of the exact point of smallest score
  best_score REAL,
  stop_gap REAL,             -- distance from the bound at which a start ends; NULL for none
  bound_boxes INTEGER,       -- that the proof of the bound looked at; NULL until it is computed
  bound_exhausted INTEGER,   -- 1: more boxes would not raise the bound
  lower_bound REAL,          -- of the objective; NULL, as in the next two, also for infinity
  energy_uj_bound REAL,
  latency_cycles_bound REAL,
  revision INTEGER NOT NULL,  -- of the last commit that changed the job or its points
  owner TEXT NOT NULL DEFAULT ''  -- the user who submitted it
) STRICT;
CREATE UNIQUE INDEX jobs_by_request ON jobs (project, owner, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX jobs_by_project ON jobs (project);
CREATE INDEX jobs_unfinished_by_owner ON jobs (owner) WHERE state <= 3;

CREATE TABLE job_specs (
  job_id INTEGER PRIMARY KEY REFERENCES jobs (id),
  spec BLOB NOT NULL,        -- as submitted, with defaults
  resolved BLOB NOT NULL     -- workload and template, frozen at submission
) STRICT;

CREATE TABLE job_parameters (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  position INTEGER NOT NULL,  -- in points.parameters
  name TEXT NOT NULL,
  PRIMARY KEY (job_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE job_states (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  revision INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,  -- within the revision
  state INTEGER NOT NULL,
  message TEXT NOT NULL,
  time_us INTEGER NOT NULL,
  PRIMARY KEY (job_id, revision, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE starts (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  start INTEGER NOT NULL,
  points INTEGER NOT NULL,   -- stored: sequences 0 to points - 1
  samples_done INTEGER NOT NULL,
  done INTEGER NOT NULL,
  within_stop_gap INTEGER NOT NULL,  -- 1: done because its best is near enough to the job's bound
  PRIMARY KEY (job_id, start)
) STRICT, WITHOUT ROWID;

-- How many points a job had after each commit that added some.
CREATE TABLE point_counts (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  revision INTEGER NOT NULL,
  points INTEGER NOT NULL,
  PRIMARY KEY (job_id, revision)
) STRICT, WITHOUT ROWID;

-- Points in rows of their own: all that are exact. The view 'points' has these and the packed ones.
CREATE TABLE point_rows (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  number INTEGER NOT NULL,   -- sequence in the start * num_starts + start
  start INTEGER NOT NULL,
  sample INTEGER NOT NULL,
  origin INTEGER NOT NULL,   -- 1 descent, 2 rounded, 3 polish, 4 random, 5 bayesian, 6 heuristic
  energy_uj REAL,            -- NULL: infinite, as are the next three
  latency_cycles REAL,
  area_mm2 REAL,
  score REAL,
  parameters TEXT NOT NULL,  -- JSON array in the order of job_parameters
  revision INTEGER NOT NULL,
  entered_front_revision INTEGER,
  left_front_revision INTEGER,
  PRIMARY KEY (job_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX point_rows_entered_front ON point_rows (job_id, entered_front_revision)
  WHERE entered_front_revision IS NOT NULL;
CREATE INDEX point_rows_left_front ON point_rows (job_id, left_front_revision)
  WHERE left_front_revision IS NOT NULL;
CREATE INDEX point_rows_on_front ON point_rows (job_id, number)
  WHERE entered_front_revision IS NOT NULL AND left_front_revision IS NULL;

-- Steps of the descent, many to a row.
CREATE TABLE point_packs (
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  start INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  first_sample INTEGER NOT NULL,
  sample_step INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  data BLOB NOT NULL         -- one byte version, 8 of checksum; columns of doubles, big-endian
) STRICT;
CREATE INDEX point_packs_by_sequence ON point_packs (job_id, start, last_sequence, first_sequence);

CREATE TABLE designs (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  number INTEGER NOT NULL,
  design BLOB NOT NULL,
  UNIQUE (job_id, number)
) STRICT;

-- Deleted jobs whose points are still to be removed.
CREATE TABLE deleted_jobs (
  job_id INTEGER PRIMARY KEY
) STRICT;

CREATE VIEW job_overview AS
SELECT id, project, workload_name, template_name,
  CASE state WHEN 1 THEN 'pending' WHEN 2 THEN 'running' WHEN 3 THEN 'paused' WHEN 4 THEN 'cancelled'
             WHEN 5 THEN 'succeeded' WHEN 6 THEN 'failed' END AS state,
  message, samples_done, samples_total, points, front_size, best_score,
  lower_bound, best_score / lower_bound - 1 AS gap,
  datetime(create_time_us / 1000000, 'unixepoch') AS created,
  datetime(end_time_us / 1000000, 'unixepoch') AS ended
FROM jobs;

CREATE VIEW pareto AS
SELECT points.job_id, points.number, points.start, points.energy_uj, points.latency_cycles, points.area_mm2,
  points.energy_uj * points.latency_cycles AS edp, points.score,
  (SELECT json_group_object(job_parameters.name, value.value)
   FROM json_each(points.parameters) AS value
   JOIN job_parameters ON job_parameters.job_id = points.job_id AND job_parameters.position = value.key) AS parameters
FROM point_rows AS points INDEXED BY point_rows_on_front JOIN jobs ON jobs.id = points.job_id
WHERE points.entered_front_revision IS NOT NULL AND points.left_front_revision IS NULL;
)sql";

constexpr char kCreateCalibrations[] = R"sql(
CREATE TABLE calibrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state INTEGER NOT NULL,    -- 1 training, 2 ready, 3 failed, 4 cancelled
  message TEXT NOT NULL,
  summary BLOB NOT NULL,     -- what lists show
  request BLOB NOT NULL,     -- the measurements
  model BLOB NOT NULL,       -- empty until it is ready
  create_time_us INTEGER NOT NULL,
  end_time_us INTEGER,
  project TEXT NOT NULL,
  owner TEXT NOT NULL,       -- the user who has it trained
  rows INTEGER NOT NULL DEFAULT 0,      -- of the measurements
  attempts INTEGER NOT NULL DEFAULT 0,  -- trainings that began, and neither ended nor were stopped
  UNIQUE (project, name)
) STRICT;
)sql";

// Of jobs that are not over: what a death of the daemon would be taken for, and those that were.
constexpr char kCreateCrashes[] = R"sql(
CREATE TABLE job_crashes (
  job_id INTEGER PRIMARY KEY REFERENCES jobs (id),
  activity INTEGER NOT NULL,                  -- 0 idle, 1 running, 2 running and not heard of for a while
  crashes INTEGER NOT NULL DEFAULT 0,         -- in a row while it ran, with no point stored between them
  crash_points INTEGER NOT NULL DEFAULT 0,    -- points of the job at the last of these
  silent_crashes INTEGER NOT NULL DEFAULT 0,  -- in a row while it was not heard of, with no unit done between them
  crash_units INTEGER NOT NULL DEFAULT 0      -- starts and bounds done at the last of these
) STRICT;
)sql";

// Version 2 brought calibrations.
constexpr char kCreateCalibrationsOfAll[] = R"sql(
CREATE TABLE calibrations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,    -- 1 training, 2 ready, 3 failed
  message TEXT NOT NULL,
  summary BLOB NOT NULL,     -- what lists show
  request BLOB NOT NULL,     -- the measurements
  model BLOB NOT NULL,       -- empty until it is ready
  create_time_us INTEGER NOT NULL,
  end_time_us INTEGER
) STRICT;
)sql";

// And jobs have owners. Those of before belong to nobody.
constexpr char kAddOwners[] = R"sql(
ALTER TABLE jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
CREATE INDEX jobs_unfinished_by_owner ON jobs (owner) WHERE state <= 3;
)sql";

// What may change of a job besides its progress, and what the turns of its starts depend on.
constexpr char kAddJobSettings[] = R"sql(
ALTER TABLE jobs ADD COLUMN num_layers INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN deadline_us INTEGER;       -- NULL for none
ALTER TABLE jobs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN delete_time_us INTEGER;    -- NULL unless deleted; then
ALTER TABLE jobs ADD COLUMN purge_time_us INTEGER;     -- when the rest of it goes
ALTER TABLE jobs ADD COLUMN undelete_time_us INTEGER;  -- the last time
CREATE INDEX jobs_to_purge ON jobs (purge_time_us) WHERE purge_time_us IS NOT NULL;
CREATE INDEX jobs_by_end ON jobs (end_time_us) WHERE end_time_us IS NOT NULL AND delete_time_us IS NULL;
CREATE TABLE job_labels (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job_id, name)
) STRICT, WITHOUT ROWID;
)sql";

// Since version 3 jobs know how much they take.
constexpr char kAddBytes[] = R"sql(
ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;  -- of its spec and its designs
)sql";
constexpr char kCountBytes[] = R"sql(
UPDATE jobs SET bytes =
  (SELECT length(spec) + length(resolved) FROM job_specs WHERE job_id = jobs.id) +
  (SELECT coalesce(sum(length(design)), 0) FROM designs WHERE job_id = jobs.id);
)sql";

// Version 4: a request_id is its user's, and a calibration its project's. Measurements take 100 bytes or more each.
constexpr char kRequestsOfOwners[] = R"sql(
DROP INDEX jobs_by_request;
CREATE UNIQUE INDEX jobs_by_request ON jobs (project, owner, request_id) WHERE request_id IS NOT NULL;
)sql";
// And lists of jobs do without what is large of a spec.
constexpr char kAddSpecSummaries[] = R"sql(
ALTER TABLE job_specs ADD COLUMN summary BLOB;  -- for lists, of a spec that is too large for them
)sql";
// Version 5 brought jobs of several networks, and the area in bounds: of an earlier bound nothing is known.
constexpr char kAddOwnBests[] = R"sql(
ALTER TABLE jobs ADD COLUMN starts_wait_for_bound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN own_bests TEXT NOT NULL DEFAULT '[]';  -- objectives by network, null for infinity
ALTER TABLE jobs ADD COLUMN area_mm2_bound REAL DEFAULT 0;  -- NULL for infinity
)sql";
// Version 6: what polls ask for. A purge leaves nothing else by which to tell it.
constexpr char kAddRevisions[] = R"sql(
CREATE INDEX jobs_by_revision ON jobs (revision);
CREATE TABLE purges (
  project TEXT PRIMARY KEY,
  revision INTEGER NOT NULL  -- of the last commit that purged a job of it
) STRICT, WITHOUT ROWID;
)sql";
// And what overviews of large jobs show, of results: exact points with a score.
constexpr char kAddOverviews[] = R"sql(
ALTER TABLE jobs ADD COLUMN results INTEGER NOT NULL DEFAULT 0;

-- Results of a lower score than all of their start before them.
CREATE TABLE improvements (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  start INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,  -- from 0 without gaps
  number INTEGER NOT NULL,   -- this and the rest as in point_rows
  sample INTEGER NOT NULL,
  energy_uj REAL NOT NULL,
  latency_cycles REAL NOT NULL,
  area_mm2 REAL NOT NULL,
  score REAL NOT NULL,
  revision INTEGER NOT NULL,
  PRIMARY KEY (job_id, start, ordinal)
) STRICT, WITHOUT ROWID;

-- The result of the greatest figure, the lowest number among equals.
CREATE TABLE greatest_points (
  job_id INTEGER NOT NULL REFERENCES jobs (id),
  figure INTEGER NOT NULL,   -- 1 energy, 2 latency, 3 area, 4 energy * latency
  number INTEGER NOT NULL,
  PRIMARY KEY (job_id, figure)
) STRICT, WITHOUT ROWID;
)sql";
// In five passes over all exact points; what one of them sorts is in a temporary file.
constexpr char kFillOverviews[] = R"sql(
CREATE TEMP VIEW results AS
SELECT job_id, number, start, sample, energy_uj, latency_cycles, area_mm2, energy_uj * latency_cycles AS edp, score,
  revision
FROM main.point_rows
WHERE origin <> 1 AND score IS NOT NULL AND energy_uj IS NOT NULL AND latency_cycles IS NOT NULL
  AND area_mm2 IS NOT NULL AND job_id IN (SELECT id FROM main.jobs);

UPDATE jobs SET results = (SELECT count(*) FROM temp.results WHERE job_id = jobs.id);

INSERT INTO improvements
SELECT job_id, start, row_number() OVER (PARTITION BY job_id, start ORDER BY number) - 1, number, sample, energy_uj,
  latency_cycles, area_mm2, score, revision
FROM (SELECT *, min(score) OVER (PARTITION BY job_id, start ORDER BY number
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM temp.results)
WHERE before IS NULL OR score < before;

CREATE TEMP TABLE greatest AS
SELECT job_id, max(energy_uj) AS energy_uj, max(latency_cycles) AS latency_cycles, max(area_mm2) AS area_mm2,
  max(edp) AS edp
FROM temp.results GROUP BY job_id;
INSERT INTO greatest_points
SELECT job_id, figure, min(number)
FROM temp.results JOIN temp.greatest AS most USING (job_id)
  JOIN (SELECT 1 AS figure UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4)
WHERE CASE figure WHEN 1 THEN results.energy_uj = most.energy_uj
                  WHEN 2 THEN results.latency_cycles = most.latency_cycles
                  WHEN 3 THEN results.area_mm2 = most.area_mm2 ELSE results.edp = most.edp END
GROUP BY job_id, figure;
DROP TABLE temp.greatest;
DROP VIEW temp.results;
)sql";
constexpr char kSetCalibrationsAside[] = "ALTER TABLE calibrations RENAME TO calibrations_of_all;";
constexpr char kTakeCalibrationsOver[] = R"sql(
INSERT INTO calibrations (id, name, state, message, summary, request, model, create_time_us, end_time_us, project,
                          owner, rows)
  SELECT id, name, state, message, summary, request, model, create_time_us, end_time_us, 'default', '',
         length(request) / 100
  FROM calibrations_of_all;
DELETE FROM sqlite_sequence WHERE name = 'calibrations';
UPDATE sqlite_sequence SET name = 'calibrations' WHERE name = 'calibrations_of_all';
DROP TABLE calibrations_of_all;
)sql";

absl::Status RunStep(SqliteConnection* connection, const std::string& script, int version) {
  ASSIGN_OR_RETURN(SqliteTransaction transaction,
                   SqliteTransaction::Begin(connection, SqliteTransaction::Kind::kWrite));
  RETURN_IF_ERROR(connection->Execute(script));
  RETURN_IF_ERROR(connection->Execute(absl::StrCat("PRAGMA application_id = ", kStoreApplicationId)));
  RETURN_IF_ERROR(connection->Execute(absl::StrCat("PRAGMA user_version = ", version)));
  Failpoint("schema.before_step_commit");
  RETURN_IF_ERROR(transaction.Commit());
  Failpoint("schema.after_step_commit");
  return absl::OkStatus();
}

absl::Status Migrate(SqliteConnection* connection, const Schema& schema, int version) {
  const std::string backup_path = BackupPath(connection->path(), version);
  SqliteConnection::BackUpOptions options;
  // The copy of a migration that was cut off before its first step.
  options.replace = true;
  if (const absl::Status status = connection->BackUp(backup_path, options); !status.ok()) {
    return PrefixField(absl::StrCat("cannot back the store up before its migration to version ", schema.version()),
                       status);
  }
  Log(LogLevel::kInfo, absl::StrCat("store ", connection->path(), ": migrating from version ", version, " to ",
                                    schema.version(), "; the file as it was is kept in ", backup_path));
  for (int step = version; step < schema.version(); ++step) {
    const absl::Status status = RunStep(connection, schema.steps[static_cast<std::size_t>(step - 1)], step + 1);
    if (!status.ok()) {
      return PrefixField(
          absl::StrCat("migration from version ", step, " to ", step + 1, " failed (backup: ", backup_path, ")"),
          status);
    }
  }
  return absl::OkStatus();
}

}  // namespace

// To change the schema: write the present version's fixture (tests/server/store/schema_migration_test.cc says how),
// change kCreateTables, and append here the script that brings a file from the present version there. New columns of a
// table come last in both.
const Schema& StoreSchema() {
  static const Schema& schema =
      *new Schema{absl::StrCat(kCreateTables, CreatePointsView(), kCreateCalibrations, kAddJobSettings, kAddBytes,
                               kCreateCrashes, kAddSpecSummaries, kAddOwnBests, kAddRevisions, kAddOverviews),
                  /*steps=*/{absl::StrCat(kCreateCalibrationsOfAll, kAddOwners, kAddJobSettings),
                             absl::StrCat(kAddBytes, kCountBytes),
                             absl::StrCat(kRequestsOfOwners, kSetCalibrationsAside, kCreateCalibrations,
                                          kTakeCalibrationsOver, kCreateCrashes, kAddSpecSummaries),
                             kAddOwnBests, absl::StrCat(kAddRevisions, kAddOverviews, kFillOverviews)}};
  return schema;
}

std::string BackupPath(const std::string& database_path, int version) {
  return absl::StrCat(database_path, ".v", version, ".bak");
}

absl::StatusOr<std::int64_t> ReadSchemaVersion(SqliteConnection& connection, const Schema& schema) {
  ASSIGN_OR_RETURN(const std::int64_t application_id, connection.QueryInt("PRAGMA application_id"));
  ASSIGN_OR_RETURN(const std::int64_t version, connection.QueryInt("PRAGMA user_version"));
  ASSIGN_OR_RETURN(const std::int64_t objects, connection.QueryInt("SELECT count(*) FROM sqlite_master"));
  if (application_id == 0 && version == 0 && objects == 0) return 0;
  if (application_id != kStoreApplicationId || version < 1) {
    return absl::FailedPreconditionError(
        absl::StrCat(connection.path(), " is a SQLite database, but not a OneLoop store; move it away"));
  }
  if (version > schema.version()) {
    return absl::FailedPreconditionError(absl::StrCat(connection.path(), " has schema version ", version,
                                                      "; this program knows versions up to ", schema.version(),
                                                      ". Use the program that wrote it, or a newer one"));
  }
  return version;
}

absl::Status CheckSchemaVersion(SqliteConnection& connection, const Schema& schema) {
  ASSIGN_OR_RETURN(const std::int64_t version, ReadSchemaVersion(connection, schema));
  if (version == schema.version()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(connection.path(), version == 0 ? " is empty" : absl::StrCat(" has schema version ", version),
                   ", and this program works on version ", schema.version(),
                   "; start the daemon on it once, which brings it up to date"));
}

absl::Status PrepareSchema(SqliteConnection* connection, const Schema& schema) {
  ASSIGN_OR_RETURN(const std::int64_t version, ReadSchemaVersion(*connection, schema));
  if (version == 0) return RunStep(connection, schema.create, schema.version());
  return version < schema.version() ? Migrate(connection, schema, static_cast<int>(version)) : absl::OkStatus();
}

}  // namespace oneloop
