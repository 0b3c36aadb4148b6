-- A store of schema version 5; written by schema_migration_test.
BEGIN;

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

CREATE TABLE double_heads (
  head INTEGER PRIMARY KEY,  -- the first 12 bits
  base REAL NOT NULL,        -- the double of this head whose other bits are 0
  unit REAL NOT NULL         -- what its last bit is worth
) STRICT;
WITH RECURSIVE
  rising (head, base) AS (SELECT 1023, 1.0 UNION ALL SELECT head + 1, base * 2.0 FROM rising WHERE head < 2046),
  falling (head, base) AS (SELECT 1022, 0.5 UNION ALL SELECT head - 1, base * 0.5 FROM falling WHERE head > 1)
INSERT INTO double_heads SELECT head, base, base / 4503599627370496.0 FROM rising
  UNION ALL SELECT head, base, base / 4503599627370496.0 FROM falling;
INSERT INTO double_heads SELECT 0, 0.0, unit FROM double_heads WHERE head = 1;
INSERT INTO double_heads SELECT head + 2048, -base, -unit FROM double_heads;

CREATE TABLE all_bytes (
  bytes BLOB NOT NULL  -- 0 to 255, in one row
) STRICT;
INSERT INTO all_bytes VALUES (X'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff');

CREATE TABLE pack_slots (
  slot INTEGER PRIMARY KEY  -- place in a pack, from 0
) STRICT;
WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot < 256 - 1)
INSERT INTO pack_slots SELECT slot FROM slots;

CREATE VIEW points AS
SELECT jobs.id AS job_id,
  iif(packed, (pack.first_sequence + place.slot) * jobs.num_starts + pack.start, point.number) AS number,
  iif(packed, pack.start, point.start) AS start,
  iif(packed, pack.first_sample + place.slot * pack.sample_step, point.sample) AS sample,
  iif(packed, 1, point.origin) AS origin,
  iif(packed, (SELECT base + unit * ((((instr(bytes, substr(double, 2, 1)) - 1) & 15) << 48) + ((instr(bytes, substr(double, 3, 1)) - 1) << 40) + ((instr(bytes, substr(double, 4, 1)) - 1) << 32) + ((instr(bytes, substr(double, 5, 1)) - 1) << 24) + ((instr(bytes, substr(double, 6, 1)) - 1) << 16) + ((instr(bytes, substr(double, 7, 1)) - 1) << 8) + ((instr(bytes, substr(double, 8, 1)) - 1) << 0)) FROM (SELECT substr(pack.data, 10 + 8 * ((0) * (pack.last_sequence - pack.first_sequence + 1) + place.slot), 8) AS double) CROSS JOIN all_bytes CROSS JOIN double_heads WHERE head = ((instr(bytes, substr(double, 1, 1)) - 1) << 4) + ((instr(bytes, substr(double, 2, 1)) - 1) >> 4)), point.energy_uj) AS energy_uj,
  iif(packed, (SELECT base + unit * ((((instr(bytes, substr(double, 2, 1)) - 1) & 15) << 48) + ((instr(bytes, substr(double, 3, 1)) - 1) << 40) + ((instr(bytes, substr(double, 4, 1)) - 1) << 32) + ((instr(bytes, substr(double, 5, 1)) - 1) << 24) + ((instr(bytes, substr(double, 6, 1)) - 1) << 16) + ((instr(bytes, substr(double, 7, 1)) - 1) << 8) + ((instr(bytes, substr(double, 8, 1)) - 1) << 0)) FROM (SELECT substr(pack.data, 10 + 8 * ((1) * (pack.last_sequence - pack.first_sequence + 1) + place.slot), 8) AS double) CROSS JOIN all_bytes CROSS JOIN double_heads WHERE head = ((instr(bytes, substr(double, 1, 1)) - 1) << 4) + ((instr(bytes, substr(double, 2, 1)) - 1) >> 4)), point.latency_cycles) AS latency_cycles,
  iif(packed, (SELECT base + unit * ((((instr(bytes, substr(double, 2, 1)) - 1) & 15) << 48) + ((instr(bytes, substr(double, 3, 1)) - 1) << 40) + ((instr(bytes, substr(double, 4, 1)) - 1) << 32) + ((instr(bytes, substr(double, 5, 1)) - 1) << 24) + ((instr(bytes, substr(double, 6, 1)) - 1) << 16) + ((instr(bytes, substr(double, 7, 1)) - 1) << 8) + ((instr(bytes, substr(double, 8, 1)) - 1) << 0)) FROM (SELECT substr(pack.data, 10 + 8 * ((2) * (pack.last_sequence - pack.first_sequence + 1) + place.slot), 8) AS double) CROSS JOIN all_bytes CROSS JOIN double_heads WHERE head = ((instr(bytes, substr(double, 1, 1)) - 1) << 4) + ((instr(bytes, substr(double, 2, 1)) - 1) >> 4)), point.area_mm2) AS area_mm2,
  point.score AS score,
  iif(packed,
    (SELECT '[' || ifnull(group_concat(ifnull((SELECT printf('%!.17g', base + unit * ((((instr(bytes, substr(double, 2, 1)) - 1) & 15) << 48) + ((instr(bytes, substr(double, 3, 1)) - 1) << 40) + ((instr(bytes, substr(double, 4, 1)) - 1) << 32) + ((instr(bytes, substr(double, 5, 1)) - 1) << 24) + ((instr(bytes, substr(double, 6, 1)) - 1) << 16) + ((instr(bytes, substr(double, 7, 1)) - 1) << 8) + ((instr(bytes, substr(double, 8, 1)) - 1) << 0))) FROM (SELECT substr(pack.data, 10 + 8 * ((3 + parameter.position) * (pack.last_sequence - pack.first_sequence + 1) + place.slot), 8) AS double) CROSS JOIN all_bytes CROSS JOIN double_heads WHERE head = ((instr(bytes, substr(double, 1, 1)) - 1) << 4) + ((instr(bytes, substr(double, 2, 1)) - 1) >> 4)), 'null')), '') || ']'
     FROM (SELECT position FROM job_parameters WHERE job_id = jobs.id ORDER BY position) AS parameter),
    point.parameters) AS parameters,
  iif(packed, pack.revision, point.revision) AS revision,
  point.entered_front_revision AS entered_front_revision,
  point.left_front_revision AS left_front_revision
FROM jobs
CROSS JOIN (SELECT 0 AS packed UNION ALL SELECT 1)
LEFT JOIN point_rows AS point ON point.job_id = iif(packed, NULL, jobs.id)
LEFT JOIN point_packs AS pack ON pack.job_id = iif(packed, jobs.id, NULL)
LEFT JOIN pack_slots AS place ON place.slot <= pack.last_sequence - pack.first_sequence
WHERE packed = (pack.id IS NOT NULL) AND (packed OR point.number IS NOT NULL);

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

ALTER TABLE jobs ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;  -- of its spec and its designs

CREATE TABLE job_crashes (
  job_id INTEGER PRIMARY KEY REFERENCES jobs (id),
  activity INTEGER NOT NULL,                  -- 0 idle, 1 running, 2 running and not heard of for a while
  crashes INTEGER NOT NULL DEFAULT 0,         -- in a row while it ran, with no point stored between them
  crash_points INTEGER NOT NULL DEFAULT 0,    -- points of the job at the last of these
  silent_crashes INTEGER NOT NULL DEFAULT 0,  -- in a row while it was not heard of, with no unit done between them
  crash_units INTEGER NOT NULL DEFAULT 0      -- starts and bounds done at the last of these
) STRICT;

ALTER TABLE job_specs ADD COLUMN summary BLOB;  -- for lists, of a spec that is too large for them

ALTER TABLE jobs ADD COLUMN starts_wait_for_bound INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN own_bests TEXT NOT NULL DEFAULT '[]';  -- objectives by network, null for infinity
ALTER TABLE jobs ADD COLUMN area_mm2_bound REAL DEFAULT 0;  -- NULL for infinity
PRAGMA application_id = 1330401104;
PRAGMA user_version = 5;
INSERT INTO jobs VALUES (1, 'team', 'request-1', 'resnet50', 'gemmini', 5, 'converged', 1795755675496666, 1795755675543969, 1795755675544481, 2, 1000, 2, 48, 24, 4, 5, 240.0, NULL, 4, 1, 1.0, 2.0, 3.0, 10, 'ada', 1, 0, NULL, 0, NULL, NULL, NULL, 142, 0, '[]', 0.0);
INSERT INTO jobs VALUES (2, 'team', 'request-2', 'resnet50', 'gemmini', 2, '', 1795755675497743, 1795755675544899, NULL, 2, 1000, 0, 660, 330, 8, 222, 120.0, NULL, NULL, NULL, NULL, NULL, NULL, 11, 'ada', 1, 0, NULL, 0, NULL, NULL, NULL, 1695, 0, '[]', 0.0);
INSERT INTO jobs VALUES (3, 'team', 'request-3', 'resnet50', 'gemmini', 3, 'paused on request', 1795755675498172, NULL, NULL, 2, 1000, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 12, 'ada', 1, 0, NULL, 0, NULL, NULL, NULL, 29, 0, '[]', 0.0);
INSERT INTO job_specs VALUES (1, X'7370656300776974682061207A65726F2062797465', X'7265736F6C766564', NULL);
INSERT INTO job_specs VALUES (2, X'7370656300776974682061207A65726F2062797465', X'7265736F6C766564', NULL);
INSERT INTO job_specs VALUES (3, X'7370656300776974682061207A65726F2062797465', X'7265736F6C766564', NULL);
INSERT INTO job_parameters VALUES (1, 0, 'pe_dim');
INSERT INTO job_parameters VALUES (1, 1, 'scratchpad_kib');
INSERT INTO job_parameters VALUES (2, 0, 'pe_dim');
INSERT INTO job_parameters VALUES (2, 1, 'scratchpad_kib');
INSERT INTO job_parameters VALUES (3, 0, 'pe_dim');
INSERT INTO job_parameters VALUES (3, 1, 'scratchpad_kib');
INSERT INTO job_states VALUES (1, 1, 0, 1, '', 1795755675496737);
INSERT INTO job_states VALUES (1, 9, 0, 2, '', 1795755675544018);
INSERT INTO job_states VALUES (1, 10, 0, 5, 'converged', 1795755675544493);
INSERT INTO job_states VALUES (2, 2, 0, 1, '', 1795755675497757);
INSERT INTO job_states VALUES (2, 11, 0, 2, '', 1795755675544906);
INSERT INTO job_states VALUES (3, 3, 0, 1, '', 1795755675498184);
INSERT INTO job_states VALUES (3, 12, 0, 3, 'paused on request', 1795755675545235);
INSERT INTO starts VALUES (1, 0, 12, 24, 1, 0);
INSERT INTO starts VALUES (1, 1, 12, 24, 1, 0);
INSERT INTO starts VALUES (2, 0, 165, 330, 0, 0);
INSERT INTO starts VALUES (2, 1, 165, 330, 0, 0);
INSERT INTO point_counts VALUES (1, 4, 12);
INSERT INTO point_counts VALUES (1, 6, 24);
INSERT INTO point_counts VALUES (2, 5, 165);
INSERT INTO point_counts VALUES (2, 7, 330);
INSERT INTO point_rows VALUES (1, 1, 1, 1, 2, 11.0, 43.0, 3.0, 473.0, '[60,16.58734824174879]', 6, 6, NULL);
INSERT INTO point_rows VALUES (1, 2, 0, 3, 2, NULL, NULL, NULL, NULL, '[47,94.26050287951247]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 4, 0, 5, 2, NULL, NULL, NULL, NULL, '[47,74.83229969176605]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 5, 1, 5, 2, 15.0, 16.0, 8.0, 240.0, '[67,77.7334975929975]', 6, 6, NULL);
INSERT INTO point_rows VALUES (1, 6, 0, 7, 2, NULL, NULL, NULL, NULL, '[121,23.100304571470296]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 7, 1, 7, 2, 43.0, 20.0, 7.0, 860.0, '[122,42.38544717757632]', 6, 6, NULL);
INSERT INTO point_rows VALUES (1, 8, 0, 9, 2, 34.0, 27.0, 8.0, 918.0, '[6,41.8052758295519]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 9, 1, 9, 3, 29.0, 48.0, 8.0, NULL, '[125,52.82226962487708]', 6, NULL, NULL);
INSERT INTO point_rows VALUES (1, 12, 0, 13, 2, NULL, NULL, NULL, NULL, '[15,83.58700745906619]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 13, 1, 13, 2, 48.0, 15.0, 6.0, 720.0, '[34,76.62789769236592]', 6, 6, NULL);
INSERT INTO point_rows VALUES (1, 14, 0, 15, 2, 31.0, 19.0, 8.0, 589.0, '[48,84.0358187948622]', 4, 4, 6);
INSERT INTO point_rows VALUES (1, 17, 1, 17, 3, 33.0, 21.0, 5.0, NULL, '[105,86.55896607641948]', 6, NULL, NULL);
INSERT INTO point_rows VALUES (1, 18, 0, 19, 3, 45.0, 11.0, 1.0, NULL, '[94,83.93026274260467]', 4, NULL, NULL);
INSERT INTO point_rows VALUES (1, 20, 0, 21, 2, 15.0, 26.0, 8.0, 390.0, '[42,16.05759951145108]', 4, 4, 6);
INSERT INTO point_rows VALUES (2, 1, 1, 1, 2, 11.0, 43.0, 3.0, 473.0, '[60,16.58734824174879]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 2, 0, 3, 2, NULL, NULL, NULL, NULL, '[47,94.26050287951247]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 4, 0, 5, 2, NULL, NULL, NULL, NULL, '[47,74.83229969176605]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 5, 1, 5, 2, 15.0, 16.0, 8.0, 240.0, '[67,77.7334975929975]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 6, 0, 7, 2, NULL, NULL, NULL, NULL, '[121,23.100304571470296]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 7, 1, 7, 2, 43.0, 20.0, 7.0, 860.0, '[122,42.38544717757632]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 8, 0, 9, 2, 34.0, 27.0, 8.0, 918.0, '[6,41.8052758295519]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 9, 1, 9, 3, 29.0, 48.0, 8.0, NULL, '[125,52.82226962487708]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 12, 0, 13, 2, NULL, NULL, NULL, NULL, '[15,83.58700745906619]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 13, 1, 13, 2, 48.0, 15.0, 6.0, 720.0, '[34,76.62789769236592]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 14, 0, 15, 2, 31.0, 19.0, 8.0, 589.0, '[48,84.0358187948622]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 17, 1, 17, 3, 33.0, 21.0, 5.0, NULL, '[105,86.55896607641948]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 18, 0, 19, 3, 45.0, 11.0, 1.0, NULL, '[94,83.93026274260467]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 20, 0, 21, 2, 15.0, 26.0, 8.0, 390.0, '[42,16.05759951145108]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 24, 0, 25, 2, 12.0, 16.0, 9.0, 192.0, '[36,47.23195394940173]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 25, 1, 25, 2, 34.0, 10.0, 6.0, 340.0, '[43,66.06715895724166]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 31, 1, 31, 3, 10.0, 38.0, 9.0, NULL, '[122,30.96599766425343]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 33, 1, 33, 2, 41.0, 36.0, 6.0, 1476.0, '[57,76.9146686127685]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 36, 0, 37, 2, 24.0, 45.0, 8.0, 1080.0, '[9,65.51002435040296]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 37, 1, 37, 2, 24.0, 47.0, 7.0, 1128.0, '[1,39.65948035155894]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 38, 0, 39, 2, 39.0, 41.0, 2.0, 1599.0, '[112,15.385400635715884]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 42, 0, 43, 2, 48.0, 31.0, 6.0, 1488.0, '[18,56.25084927537115]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 44, 0, 45, 3, 34.0, 23.0, 2.0, NULL, '[55,37.49169696445399]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 45, 1, 45, 2, 38.0, 44.0, 7.0, 1672.0, '[25,72.23754563554348]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 48, 0, 49, 3, 40.0, 20.0, 6.0, NULL, '[9,99.40480423124065]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 49, 1, 49, 2, 38.0, 25.0, 6.0, 950.0, '[7,32.04768168909155]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 50, 0, 51, 2, NULL, NULL, NULL, NULL, '[36,53.76965882351221]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 52, 0, 53, 2, NULL, NULL, NULL, NULL, '[44,26.84920957110237]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 55, 1, 55, 2, 35.0, 49.0, 1.0, 1715.0, '[107,53.71001608195649]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 56, 0, 57, 3, 37.0, 26.0, 9.0, NULL, '[97,50.1789689337318]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 58, 0, 59, 2, 46.0, 12.0, 2.0, 552.0, '[27,51.37318393493068]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 59, 1, 59, 2, 26.0, 23.0, 1.0, 598.0, '[94,93.9141206284092]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 60, 0, 61, 2, 41.0, 20.0, 7.0, 820.0, '[24,10.54733622852132]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 62, 0, 63, 2, 47.0, 16.0, 8.0, 752.0, '[102,98.4624612144605]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 63, 1, 63, 2, 43.0, 48.0, 7.0, 2064.0, '[61,6.043117088390371]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 64, 0, 65, 2, 24.0, 24.0, 3.0, 576.0, '[43,52.5739216947808]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 65, 1, 65, 2, 13.0, 30.0, 1.0, 390.0, '[105,33.07700621757378]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 66, 0, 67, 2, 29.0, 44.0, 2.0, 1276.0, '[29,26.518201442466406]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 67, 1, 67, 2, 29.0, 48.0, 9.0, 1392.0, '[112,12.766563539819508]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 68, 0, 69, 2, 38.0, 21.0, 4.0, 798.0, '[70,76.93929624207591]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 69, 1, 69, 3, 12.0, 34.0, 4.0, NULL, '[90,45.5553612131079]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 70, 0, 71, 2, 40.0, 42.0, 2.0, 1680.0, '[117,63.17493604011136]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 72, 0, 73, 3, 10.0, 26.0, 4.0, NULL, '[29,40.13346246602516]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 75, 1, 75, 2, 17.0, 31.0, 1.0, 527.0, '[112,96.5749083112778]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 76, 0, 77, 2, NULL, NULL, NULL, NULL, '[104,33.076085267107835]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 77, 1, 77, 2, 20.0, 47.0, 7.0, 940.0, '[24,0.9190513324340621]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 78, 0, 79, 2, 10.0, 41.0, 5.0, 410.0, '[19,4.2727258004322195]', 5, 5, NULL);
INSERT INTO point_rows VALUES (2, 80, 0, 81, 2, 13.0, 34.0, 3.0, 442.0, '[12,4.092376561123256]', 5, 5, 7);
INSERT INTO point_rows VALUES (2, 81, 1, 81, 2, 49.0, 17.0, 7.0, 833.0, '[95,99.40244264741584]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 82, 0, 83, 2, 25.0, 32.0, 7.0, 800.0, '[102,58.55150790799512]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 83, 1, 83, 3, 40.0, 33.0, 6.0, NULL, '[80,95.28660667068317]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 84, 0, 85, 2, 27.0, 41.0, 7.0, 1107.0, '[30,45.15872382792132]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 86, 0, 87, 2, 23.0, 31.0, 7.0, 713.0, '[56,72.81675572764132]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 87, 1, 87, 2, NULL, NULL, NULL, NULL, '[0,12.696637032301183]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 88, 0, 89, 2, 36.0, 27.0, 5.0, 972.0, '[63,63.2358171147237]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 89, 1, 89, 2, NULL, NULL, NULL, NULL, '[64,45.37146336492788]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 90, 0, 91, 2, 11.0, 41.0, 2.0, 451.0, '[102,88.11083306068672]', 5, 5, 7);
INSERT INTO point_rows VALUES (2, 92, 0, 93, 3, 47.0, 33.0, 6.0, NULL, '[41,94.42134846425527]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 96, 0, 97, 2, 15.0, 43.0, 7.0, 645.0, '[43,95.8101444080445]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 99, 1, 99, 2, 36.0, 13.0, 1.0, 468.0, '[83,91.93197005853798]', 7, 7, NULL);
INSERT INTO point_rows VALUES (2, 104, 0, 105, 2, 33.0, 40.0, 7.0, 1320.0, '[126,42.4939186366686]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 108, 0, 109, 2, NULL, NULL, NULL, NULL, '[123,0.8252733082396158]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 109, 1, 109, 2, 33.0, 32.0, 4.0, 1056.0, '[98,33.20575048423967]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 111, 1, 111, 2, NULL, NULL, NULL, NULL, '[124,24.602561251651245]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 112, 0, 113, 2, 44.0, 42.0, 7.0, 1848.0, '[123,70.88490743659442]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 114, 0, 115, 2, 12.0, 40.0, 6.0, 480.0, '[121,72.3678289311157]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 115, 1, 115, 2, NULL, NULL, NULL, NULL, '[75,51.535841253872505]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 117, 1, 117, 2, 35.0, 35.0, 1.0, 1225.0, '[17,87.1786685793817]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 118, 0, 119, 2, NULL, NULL, NULL, NULL, '[22,5.24470382096095]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 121, 1, 121, 3, 46.0, 18.0, 1.0, NULL, '[64,85.47371684680427]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 123, 1, 123, 2, 15.0, 33.0, 2.0, 495.0, '[76,42.3294312887207]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 124, 0, 125, 2, 33.0, 28.0, 1.0, 924.0, '[82,52.64940171704821]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 126, 0, 127, 2, NULL, NULL, NULL, NULL, '[67,71.70098534779892]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 128, 0, 129, 2, 17.0, 34.0, 9.0, 578.0, '[78,23.11016011090915]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 129, 1, 129, 2, 18.0, 13.0, 7.0, 234.0, '[17,33.09469372800754]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 130, 0, 131, 2, NULL, NULL, NULL, NULL, '[109,35.414629768682936]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 131, 1, 131, 2, 31.0, 17.0, 9.0, 527.0, '[17,51.72969539262281]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 132, 0, 133, 2, 28.0, 26.0, 8.0, 728.0, '[4,73.90981370249777]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 133, 1, 133, 2, NULL, NULL, NULL, NULL, '[58,28.31610817427791]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 138, 0, 139, 2, 13.0, 39.0, 1.0, 507.0, '[100,29.001707062507688]', 5, 5, 7);
INSERT INTO point_rows VALUES (2, 140, 0, 141, 2, NULL, NULL, NULL, NULL, '[29,96.48210741372057]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 141, 1, 141, 2, 24.0, 22.0, 1.0, 528.0, '[72,14.516812018435433]', 7, 7, NULL);
INSERT INTO point_rows VALUES (2, 142, 0, 143, 2, 12.0, 33.0, 7.0, 396.0, '[30,55.34111355473268]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 143, 1, 143, 2, 17.0, 43.0, 9.0, 731.0, '[90,41.87501984236521]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 144, 0, 145, 2, 12.0, 33.0, 4.0, 396.0, '[107,50.77050425676892]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 147, 1, 147, 2, NULL, NULL, NULL, NULL, '[28,2.6232640217218828]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 148, 0, 149, 3, 42.0, 21.0, 5.0, NULL, '[48,49.71645935366998]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 149, 1, 149, 2, 11.0, 23.0, 1.0, 253.0, '[84,9.195755485953717]', 7, 7, NULL);
INSERT INTO point_rows VALUES (2, 153, 1, 153, 2, 39.0, 17.0, 3.0, 663.0, '[125,26.70960567202019]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 156, 0, 157, 2, 18.0, 22.0, 7.0, 396.0, '[90,43.30413355290374]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 158, 0, 159, 2, 16.0, 36.0, 5.0, 576.0, '[121,93.07414907431676]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 159, 1, 159, 3, 44.0, 25.0, 5.0, NULL, '[121,64.55375430659866]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 160, 0, 161, 2, 24.0, 45.0, 5.0, 1080.0, '[67,28.06662776450448]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 161, 1, 161, 2, NULL, NULL, NULL, NULL, '[68,87.35379424998705]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 162, 0, 163, 2, NULL, NULL, NULL, NULL, '[17,82.29006857399182]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 163, 1, 163, 2, 45.0, 38.0, 3.0, 1710.0, '[65,71.33629246374309]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 164, 0, 165, 2, 13.0, 43.0, 7.0, 559.0, '[34,86.82073328769813]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 165, 1, 165, 3, 28.0, 34.0, 8.0, NULL, '[109,3.770008608543296]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 166, 0, 167, 2, 49.0, 29.0, 4.0, 1421.0, '[33,22.21048035920312]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 168, 0, 169, 2, 38.0, 49.0, 8.0, 1862.0, '[118,34.41887598602508]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 170, 0, 171, 3, 16.0, 41.0, 1.0, NULL, '[43,27.873002148574834]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 171, 1, 171, 3, 43.0, 25.0, 9.0, NULL, '[64,16.563184721837775]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 172, 0, 173, 2, 14.0, 17.0, 2.0, 238.0, '[27,59.842966040311964]', 5, 5, NULL);
INSERT INTO point_rows VALUES (2, 175, 1, 175, 2, 31.0, 31.0, 7.0, 961.0, '[21,62.56020756191646]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 177, 1, 177, 2, 12.0, 22.0, 6.0, 264.0, '[3,20.390258426741457]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 178, 0, 179, 2, 36.0, 11.0, 8.0, 396.0, '[121,89.50532310767663]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 180, 0, 181, 2, 39.0, 27.0, 7.0, 1053.0, '[112,6.0281550575728815]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 182, 0, 183, 2, NULL, NULL, NULL, NULL, '[25,89.86001617593628]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 183, 1, 183, 2, NULL, NULL, NULL, NULL, '[21,13.607531241878378]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 184, 0, 185, 2, NULL, NULL, NULL, NULL, '[101,94.1074795159811]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 185, 1, 185, 2, 15.0, 23.0, 6.0, 345.0, '[59,30.665400346100945]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 187, 1, 187, 3, 36.0, 49.0, 8.0, NULL, '[120,40.623483918270274]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 189, 1, 189, 2, NULL, NULL, NULL, NULL, '[72,21.467494968748813]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 191, 1, 191, 2, 48.0, 33.0, 1.0, 1584.0, '[111,6.055843010442552]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 192, 0, 193, 3, 42.0, 11.0, 2.0, NULL, '[46,87.3849217069595]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 193, 1, 193, 2, 32.0, 19.0, 3.0, 608.0, '[36,53.42944596421224]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 195, 1, 195, 2, 30.0, 34.0, 7.0, 1020.0, '[5,10.397580102471249]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 196, 0, 197, 2, 40.0, 18.0, 9.0, 720.0, '[99,63.827554576054546]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 197, 1, 197, 2, 25.0, 25.0, 7.0, 625.0, '[59,57.16363175690128]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 198, 0, 199, 3, 34.0, 22.0, 2.0, NULL, '[7,31.458615535587832]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 199, 1, 199, 2, 22.0, 45.0, 8.0, 990.0, '[11,39.01459000738227]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 200, 0, 201, 2, 35.0, 20.0, 9.0, 700.0, '[107,27.409160799381404]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 201, 1, 201, 2, 23.0, 17.0, 6.0, 391.0, '[32,53.463300784146604]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 206, 0, 207, 3, 24.0, 31.0, 8.0, NULL, '[5,83.55586129163147]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 207, 1, 207, 3, 21.0, 27.0, 6.0, NULL, '[111,49.48308986715211]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 208, 0, 209, 2, NULL, NULL, NULL, NULL, '[123,14.920618768304884]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 209, 1, 209, 3, 37.0, 49.0, 4.0, NULL, '[17,11.287544434792862]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 210, 0, 211, 2, NULL, NULL, NULL, NULL, '[36,37.20670335335223]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 211, 1, 211, 2, 28.0, 47.0, 3.0, 1316.0, '[43,41.70495790608059]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 212, 0, 213, 3, 13.0, 38.0, 1.0, NULL, '[14,72.76116458065137]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 214, 0, 215, 3, 21.0, 33.0, 4.0, NULL, '[51,25.802035070076634]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 215, 1, 215, 2, 11.0, 15.0, 4.0, 165.0, '[77,18.13219136947466]', 7, 7, NULL);
INSERT INTO point_rows VALUES (2, 216, 0, 217, 2, NULL, NULL, NULL, NULL, '[22,35.99339325889511]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 217, 1, 217, 2, NULL, NULL, NULL, NULL, '[95,29.90163711413114]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 218, 0, 219, 2, 22.0, 20.0, 6.0, 440.0, '[86,42.975726108983196]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 219, 1, 219, 2, 12.0, 49.0, 6.0, 588.0, '[0,91.43790967005788]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 221, 1, 221, 2, 48.0, 48.0, 1.0, 2304.0, '[118,43.36331246179348]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 222, 0, 223, 2, 12.0, 10.0, 4.0, 120.0, '[106,18.230039514349482]', 5, 5, NULL);
INSERT INTO point_rows VALUES (2, 223, 1, 223, 2, 30.0, 26.0, 5.0, 780.0, '[26,46.62356025471418]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 224, 0, 225, 2, 44.0, 21.0, 7.0, 924.0, '[118,42.13637624296589]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 227, 1, 227, 2, 27.0, 42.0, 8.0, 1134.0, '[111,21.69261890487596]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 228, 0, 229, 2, 19.0, 33.0, 6.0, 627.0, '[67,40.5495440357014]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 232, 0, 233, 2, NULL, NULL, NULL, NULL, '[27,20.11126806522516]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 234, 0, 235, 2, 17.0, 29.0, 4.0, 493.0, '[45,93.39010806418796]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 236, 0, 237, 2, 42.0, 27.0, 9.0, 1134.0, '[58,97.91084552079722]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 238, 0, 239, 3, 41.0, 25.0, 9.0, NULL, '[82,44.60009113463086]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 245, 1, 245, 2, 36.0, 37.0, 1.0, 1332.0, '[19,74.79778776617485]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 246, 0, 247, 2, 44.0, 37.0, 9.0, 1628.0, '[123,81.94766545278594]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 247, 1, 247, 3, 40.0, 44.0, 9.0, NULL, '[93,41.337836174469714]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 249, 1, 249, 2, 42.0, 17.0, 8.0, 714.0, '[31,41.50268057700677]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 250, 0, 251, 3, 23.0, 30.0, 8.0, NULL, '[97,3.5992403473507184]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 251, 1, 251, 3, 40.0, 19.0, 7.0, NULL, '[53,76.16349706910906]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 253, 1, 253, 2, 43.0, 34.0, 1.0, 1462.0, '[47,62.142360122205474]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 255, 1, 255, 2, NULL, NULL, NULL, NULL, '[125,40.26910730264554]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 259, 1, 259, 2, 25.0, 36.0, 6.0, 900.0, '[75,24.105325365337272]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 260, 0, 261, 2, 23.0, 24.0, 1.0, 552.0, '[58,41.979145276956345]', 5, 5, 7);
INSERT INTO point_rows VALUES (2, 261, 1, 261, 2, 32.0, 33.0, 2.0, 1056.0, '[20,57.43145688870147]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 263, 1, 263, 2, 12.0, 34.0, 2.0, 408.0, '[125,63.73914261507381]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 266, 0, 267, 2, 14.0, 19.0, 9.0, 266.0, '[94,91.79626328032032]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 268, 0, 269, 2, 45.0, 15.0, 9.0, 675.0, '[43,16.851490496124654]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 270, 0, 271, 3, 49.0, 17.0, 6.0, NULL, '[44,61.21025822527567]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 271, 1, 271, 2, 28.0, 49.0, 3.0, 1372.0, '[75,37.23444171164007]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 272, 0, 273, 2, 13.0, 25.0, 4.0, 325.0, '[114,21.39665703226592]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 273, 1, 273, 3, 33.0, 16.0, 5.0, NULL, '[47,47.17012646523605]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 277, 1, 277, 2, 22.0, 33.0, 5.0, 726.0, '[99,29.03884262681823]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 279, 1, 279, 2, NULL, NULL, NULL, NULL, '[55,18.418230064637285]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 281, 1, 281, 2, 31.0, 41.0, 6.0, 1271.0, '[50,2.6230589591158093]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 283, 1, 283, 2, 39.0, 40.0, 4.0, 1560.0, '[1,54.631518249781976]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 285, 1, 285, 2, 18.0, 48.0, 8.0, 864.0, '[64,41.08909816687187]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 286, 0, 287, 2, 48.0, 25.0, 5.0, 1200.0, '[90,18.98785321616925]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 287, 1, 287, 2, 32.0, 33.0, 9.0, 1056.0, '[118,62.13256630476256]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 288, 0, 289, 2, 22.0, 17.0, 5.0, 374.0, '[30,17.754838950085905]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 289, 1, 289, 3, 21.0, 20.0, 5.0, NULL, '[32,15.833006271662974]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 291, 1, 291, 2, 36.0, 33.0, 2.0, 1188.0, '[7,29.286460388442247]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 293, 1, 293, 2, 27.0, 43.0, 5.0, 1161.0, '[12,91.96656902232444]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 294, 0, 295, 2, 35.0, 12.0, 2.0, 420.0, '[25,72.11563511246263]', 5, 5, NULL);
INSERT INTO point_rows VALUES (2, 295, 1, 295, 2, 23.0, 39.0, 8.0, 897.0, '[63,66.38692010604336]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 296, 0, 297, 2, 12.0, 17.0, 7.0, 204.0, '[19,13.179619974003366]', 5, NULL, NULL);
INSERT INTO point_rows VALUES (2, 297, 1, 297, 2, NULL, NULL, NULL, NULL, '[23,56.28831313289949]', 7, NULL, NULL);
INSERT INTO point_rows VALUES (2, 299, 1, 299, 2, 26.0, 28.0, 9.0, 728.0, '[86,18.78901333521985]', 7, NULL, NULL);
INSERT INTO point_packs VALUES (1, 1, 0, 0, 0, 1, 0, 4, X'01FFAC1C34D83A6B394026203120F7E5DA402A0000000000004022000000000000404C0000000000004032DABC4EA1BC6E');
INSERT INTO point_packs VALUES (2, 1, 0, 5, 5, 11, 0, 4, X'01800674DA825306814026E05E5EF74B0440460000000000004022000000000000405CC00000000000404BE4BFF4EB05C0');
INSERT INTO point_packs VALUES (3, 1, 0, 8, 8, 17, 0, 4, X'0155AE33DBA18E75E2403621844BD01510404300000000000040080000000000000000000000000000403AC2D7D42E7B73');
INSERT INTO point_packs VALUES (4, 1, 0, 11, 11, 23, 0, 4, X'018C91978DDE93EE16404592AD8E5390B24039000000000000401C000000000000405D8000000000004049E3DB6B8063FF');
INSERT INTO point_packs VALUES (5, 2, 0, 0, 0, 1, 0, 5, X'01FFAC1C34D83A6B394026203120F7E5DA402A0000000000004022000000000000404C0000000000004032DABC4EA1BC6E');
INSERT INTO point_packs VALUES (6, 2, 0, 5, 5, 11, 0, 5, X'01800674DA825306814026E05E5EF74B0440460000000000004022000000000000405CC00000000000404BE4BFF4EB05C0');
INSERT INTO point_packs VALUES (7, 2, 0, 8, 8, 17, 0, 5, X'0155AE33DBA18E75E2403621844BD01510404300000000000040080000000000000000000000000000403AC2D7D42E7B73');
INSERT INTO point_packs VALUES (8, 2, 0, 11, 11, 23, 0, 5, X'018C91978DDE93EE16404592AD8E5390B24039000000000000401C000000000000405D8000000000004049E3DB6B8063FF');
INSERT INTO point_packs VALUES (9, 2, 0, 13, 17, 27, 2, 5, X'011F7D1B23C38E265640313B596AD49BE5402F93FBE3FE13783FD2DB6ED23D55164014670E95A178DD40374D35EE0A290B4047000000000000404680000000000040478000000000004045000000000000403D000000000000401C00000000000040140000000000004018000000000000400000000000000040080000000000004051C00000000000404600000000000040470000000000004051C00000000000405140000000000040548A964B35C3054036B4D76310C1A840547EC7F7A2AD87403FEAA206C0ED7B40569F6998CAF2D3');
INSERT INTO point_packs VALUES (10, 2, 0, 20, 20, 41, 0, 5, X'0157D0DAEC3EFE517D401B4D743AA0288A40418000000000004014000000000000405340000000000040535F69089ABCE9');
INSERT INTO point_packs VALUES (11, 2, 0, 23, 23, 47, 0, 5, X'014FBEB06D8E7CC198403ABEE9205C6F7E402400000000000040180000000000004033000000000000404AD6529DADB4BE');
INSERT INTO point_packs VALUES (12, 2, 0, 27, 27, 55, 0, 5, X'01B7048C16F87936DC4008D8C801BD79A74047800000000000400000000000000040514000000000004003F1A6AE2B1196');
INSERT INTO point_packs VALUES (13, 2, 0, 37, 37, 75, 0, 5, X'01B6CB0BF054FA24EA401867046098E80B40380000000000004020000000000000405540000000000040528AE70FE01160');
INSERT INTO point_packs VALUES (14, 2, 0, 47, 47, 95, 0, 5, X'01382D8EF9EE1538FF4035376EFD983D39403D000000000000401C0000000000004055C0000000000040543BDD945B9F4A');
INSERT INTO point_packs VALUES (15, 2, 0, 49, 51, 99, 2, 5, X'01AE707D2EE83B002D402BCAFE53C4A8294023A86BE1FD92204031F55F3D9F376540470000000000004043800000000000403700000000000040140000000000004020000000000000402000000000000040428000000000004058800000000000404800000000000040071FB511C328DF404A6E3667BC23FE40439827441174FD');
INSERT INTO point_packs VALUES (16, 2, 0, 53, 53, 107, 0, 5, X'01E96480B0CD49C05240300DB0B3DADDA4403500000000000040080000000000004054C00000000000403351D68A3063CE');
INSERT INTO point_packs VALUES (17, 2, 0, 55, 55, 111, 0, 5, X'010C9AFE198BB0A0AC4023F2B72921C439403100000000000040220000000000004038000000000000402C19BA5FD36D4B');
INSERT INTO point_packs VALUES (18, 2, 0, 58, 58, 117, 0, 5, X'013E1EC74AF260A1F14011E01F9EA98880403B00000000000040140000000000004056C00000000000401AB3A04EA2D4D8');
INSERT INTO point_packs VALUES (19, 2, 0, 60, 61, 121, 2, 5, X'01B5B7950465ED161040320C9AB8343E93402F5419E2D1E0334033000000000000404680000000000040140000000000004000000000000000405D800000000000405CC00000000000405047E0E6253CEA4050FE6AE9FF71FB');
INSERT INTO point_packs VALUES (20, 2, 0, 67, 68, 135, 2, 5, X'01F74E9243199487DF403E4506B00D1EA13FFAE2E5B8EBE2BC4041800000000000403B000000000000401800000000000040100000000000004042000000000000405CC000000000004039A212F2F56B01404B4A87B8EDD43A');
INSERT INTO point_packs VALUES (21, 2, 0, 73, 73, 147, 0, 5, X'010545FAC8946440F140244A6D3553979E402A0000000000004020000000000000405740000000000040359E03DDA27C9A');
INSERT INTO point_packs VALUES (22, 2, 0, 75, 77, 151, 2, 5, X'016376CCB2708C576D402352588CFB34654026619EA0433ECC402836278098EF7A403F000000000000404780000000000040320000000000004022000000000000401C000000000000402000000000000040260000000000004054000000000000405D0000000000003FF8253DA7D2FDEE404DD6F0B475C8984051421E37E1B111');
INSERT INTO point_packs VALUES (23, 2, 0, 87, 88, 175, 2, 5, X'011EAAC2DA4632065C4017930DA357B5F43FF6596F065CD7D5402E000000000000403D00000000000040080000000000004010000000000000405A400000000000404C0000000000004052DE6CC61E53024036C4E628B66D66');
INSERT INTO point_packs VALUES (24, 2, 0, 93, 95, 187, 2, 5, X'011F725433AC9EC64E40421C4FB09FC72740263161143CB00140371A91625E0808403600000000000040310000000000004046000000000000401400000000000040220000000000004020000000000000404C800000000000402A000000000000400000000000000040348CC1870ADEAC4041BB75B3414A2A40570DFE798222D5');
INSERT INTO point_packs VALUES (25, 2, 0, 97, 97, 195, 0, 5, X'01255D98C5BB78F4074016BDA2F7CF3E50403A0000000000004010000000000000402600000000000040363CAD0C1D4B7E');
INSERT INTO point_packs VALUES (26, 2, 0, 101, 102, 203, 2, 5, X'017A82DF0C2556D71C402095BEFFADEA204041B200B92DE0E7403B000000000000402E000000000000401C000000000000401400000000000040514000000000004044800000000000403C34C7E452410E404C0F78622A0A5A');
INSERT INTO point_packs VALUES (27, 2, 0, 110, 110, 221, 0, 5, X'0194C5CC81A8E7D8684023E36F1C70BDC940420000000000004018000000000000405E8000000000004053597A250B6AA7');
INSERT INTO point_packs VALUES (28, 2, 0, 113, 113, 227, 0, 5, X'016207C9BD5AEE6E874001C0F58951779040400000000000004010000000000000405440000000000040586F617151B5BE');
INSERT INTO point_packs VALUES (29, 2, 0, 115, 115, 231, 0, 5, X'01ABA23CB7065F6F39403C0E8E9BC9418740460000000000004022000000000000405A000000000000404B016D9F7A6BD1');
INSERT INTO point_packs VALUES (30, 2, 0, 120, 122, 241, 2, 5, X'01CFEC3A9317DC14BD40245F65F85B7ED14021210947D86D924012481DC6087AF14044800000000000403A0000000000004048800000000000401000000000000040000000000000004020000000000000405C40000000000040408000000000004043000000000000404181446ACA91484058065B36F2C7384032C007BB40C202');
INSERT INTO point_packs VALUES (31, 2, 0, 124, 124, 249, 0, 5, X'01C3687A7DD210295D403AB4CBEF454C404035000000000000401400000000000040560000000000004050FE850411B320');
INSERT INTO point_packs VALUES (32, 2, 0, 126, 129, 253, 2, 5, X'01465F30628B76FCBD402991751733890D403476BF095AF80E404068392124EDAE40341E76CD4B5B4040280000000000004026000000000000402E00000000000040480000000000004022000000000000402200000000000040080000000000004014000000000000405C400000000000405B800000000000405AC0000000000040450000000000004056F60E362932CC404FFE188E940FA640488C0639B7849940351103DA499EA4');
INSERT INTO point_packs VALUES (33, 2, 0, 131, 132, 263, 2, 5, X'01D71F1BCDCE1B4E3340182D771E3009D6401BCA306A805194402C000000000000403A000000000000401C00000000000040100000000000004049000000000000405040000000000040481D56DFA5956E40451ECEE299EACF');
INSERT INTO point_packs VALUES (34, 2, 0, 137, 142, 275, 2, 5, X'01C88AAF15D1D7E3463FF837DDF2634E6A4037BD68021260334040223CA964A551401C19BB75F84F374011D705B6BB74264021B04D0E92F98640240000000000004042000000000000404200000000000040380000000000004048800000000000404680000000000040180000000000004014000000000000402000000000000040000000000000003FF00000000000004008000000000000404D800000000000403F00000000000040528000000000004050800000000000405DC0000000000040458000000000004054D7FCE09C2D6F4052DEA985EB8B634035414473844BE940486900F9423B8F403E02F5D371541040303507E7670AD1');
INSERT INTO point_packs VALUES (35, 2, 0, 145, 146, 291, 2, 5, X'01A6AF15DB26FDFF41403B29ADD54F6652403D0354D98744DF40478000000000004045800000000000401400000000000040100000000000004039000000000000402E0000000000004037E9DCA21EBB89403D052D91DF6EE0');
INSERT INTO point_packs VALUES (36, 2, 0, 149, 164, 299, 2, 5, X'01F0FF9BC9D63480D7403AAE6794C54F8E2430D97BD7182AC120B93C447DA510135552044CA8C45550182997AD05048991535E614B7E8FCB76143AE63540FCCF024D70616F4CDF282609CDD7DE9B0068524612FA3A655E5FB64816ABC0C31672FD09CABD3289E1D9287B86A91A6999F293202BDA9D965F06675DBE7F4DDBEC8B0112C365EEF835CF66403D000000000000411820A0D666292E411EFEBE757F44944123ADC8C6CE3A53412862EA7BE0921F41132E9C0FFD8C5C4110231C8A0654F540F52E1F4A98866C4128A368A5193539412B20CBACC9BAB641261C1F21747514412ABA63EE78C22A412A418319DAB686412BE3C5F9B22DC2412E48236B4FD29A4127A0BEE62036C240180000000000003FCEAEE1AF32AF943FE70F7D00F20CB23FDA034D65656AF23FDBE6EED9B0B89A3FE7A0675F4BFEF73FE9656F74720C363FDBCDC5D4D3F9023FD8D3CEA67468623FEEAE34ADB1B2443FCF3154D9BFC1043FE8320A90A4815D7FF00000000000003FEDCA56BD3ECFA33FD17D38686FC1083FD6BCE5E0F22A6840598000000000004057ED94C8C7FF6A405A53F1E62B6B2F40364A459B8A2958403F490C52C0069440145344DE8E158040545F32E80A2D154030839715C173EC3FEF989B38D366804051D4E3FB4A7870405BB984ABFE019E401B6183F59AEE0040437D60E998A3284058C473AD8623A2403180BBA44017944039B68C18B4DB54403517ED8C99A75D0198578F72454DD801A2C8C05630C014019E3CA44D4663BF018F7E446AE26C01018C34570E9A0100019FBA46D3C714AB01A144E0E6BE0B5901A27E27319BC3550193D515AE7E132701A15A43CF38D1AC019D2EA2500672420185B731F948DDF6018B7A6D8E816F7D018755B8EE6A1EAA0195376D969205C7');
INSERT INTO point_packs VALUES (37, 1, 1, 1, 1, 3, 0, 6, X'012EA1C7F600CF27FD401A20D392D9B62C40400000000000004014000000000000405040000000000040581D25D07411E8');
INSERT INTO point_packs VALUES (38, 1, 1, 5, 5, 11, 0, 6, X'01FD0487FC49BCD82D403E17ADD1211236403400000000000040180000000000004057800000000000405409D13106E748');
INSERT INTO point_packs VALUES (39, 1, 1, 7, 7, 15, 0, 6, X'011C94D7E8AFD54A3A40386EB35A8DCA9F4033000000000000401400000000000040588000000000004053C9447259151F');
INSERT INTO point_packs VALUES (40, 1, 1, 9, 11, 19, 2, 6, X'0157246D00B7DFE46C40431FA1FA2920C3402841538079C38940441FD9DE51D9FA40370000000000004032000000000000404680000000000040080000000000003FF000000000000040080000000000004054400000000000405C400000000000404B80000000000040290E316F1A9FAC404925B4C4A02737405164ACE780C315');
INSERT INTO point_packs VALUES (41, 2, 1, 1, 1, 3, 0, 7, X'012EA1C7F600CF27FD401A20D392D9B62C40400000000000004014000000000000405040000000000040581D25D07411E8');
INSERT INTO point_packs VALUES (42, 2, 1, 5, 5, 11, 0, 7, X'01FD0487FC49BCD82D403E17ADD1211236403400000000000040180000000000004057800000000000405409D13106E748');
INSERT INTO point_packs VALUES (43, 2, 1, 7, 7, 15, 0, 7, X'011C94D7E8AFD54A3A40386EB35A8DCA9F4033000000000000401400000000000040588000000000004053C9447259151F');
INSERT INTO point_packs VALUES (44, 2, 1, 9, 11, 19, 2, 7, X'0157246D00B7DFE46C40431FA1FA2920C3402841538079C38940441FD9DE51D9FA40370000000000004032000000000000404680000000000040080000000000003FF000000000000040080000000000004054400000000000405C400000000000404B80000000000040290E316F1A9FAC404925B4C4A02737405164ACE780C315');
INSERT INTO point_packs VALUES (45, 2, 1, 13, 14, 27, 2, 7, X'015314D58FCFC16F7B40363C5CF5A37076402E32FB89BA706A404500000000000040418000000000004014000000000000401C000000000000400800000000000040520000000000004046224FA134A36C40410F1DB6E5A63C');
INSERT INTO point_packs VALUES (46, 2, 1, 17, 17, 35, 0, 7, X'018AE2C9B9B7F82750403BB5C564D8F3E04036000000000000401C00000000000040560000000000004035D818A753A000');
INSERT INTO point_packs VALUES (47, 2, 1, 19, 21, 39, 2, 7, X'018885FAC79E220FA24013C15AA0013EC9401C2D368737A3A2402649C59D6E80BA402800000000000040280000000000004048800000000000400000000000000040140000000000004008000000000000401C0000000000003FF0000000000000403A000000000000403669B983D88A16405676E0795456764053650A9979D68E');
INSERT INTO point_packs VALUES (48, 2, 1, 23, 23, 47, 0, 7, X'014A154E80FEA4E5FD4036A9C1D35E3FE5404200000000000040100000000000004057C00000000000403CE06C9FC52708');
INSERT INTO point_packs VALUES (49, 2, 1, 25, 26, 51, 2, 7, X'0148549A3629C23C5F403D41FF9186DFAE4037221F2A868EB540488000000000004047000000000000400000000000000040200000000000004057C000000000004018000000000000404F62C03E36A613404D022F010A38BC');
INSERT INTO point_packs VALUES (50, 2, 1, 28, 28, 57, 0, 7, X'01E3991CFFC6DBC4AD40327800AF9DA29540410000000000004020000000000000403300000000000040587A4562EDE8B3');
INSERT INTO point_packs VALUES (51, 2, 1, 30, 30, 61, 0, 7, X'010FC998AA9FC2069740439EFD480391654039000000000000401C0000000000004020000000000000405657F2CFD54AD1');
INSERT INTO point_packs VALUES (52, 2, 1, 35, 36, 71, 2, 7, X'01F1687D0D75552C8F4032880040E61E474042F08B8D20934F404780000000000040340000000000004008000000000000401C000000000000404C000000000000405C800000000000404955D911547D5140578F175365DCA1');
INSERT INTO point_packs VALUES (53, 2, 1, 39, 39, 79, 0, 7, X'01A421CD08943EC129403BBAB7D8451E9340470000000000004022000000000000405F000000000000404606644CCA5D5B');
INSERT INTO point_packs VALUES (54, 2, 1, 42, 42, 85, 0, 7, X'013CEFCC72FB67F9AF40216C39E8FFC820403E00000000000040200000000000004053C000000000004047D4A6E67B85B4');
INSERT INTO point_packs VALUES (55, 2, 1, 45, 48, 91, 2, 7, X'01C45DD681CB111941402DBD77DC3A00F14038975BCF587A5040041AE6557FAA42403367E21C6ADA584043000000000000402E0000000000004028000000000000403900000000000040200000000000004022000000000000401C000000000000402200000000000040510000000000004053400000000000000000000000000040448000000000004032DFF55A554BD0404B4104EA6204A04020EDCF0D1829A44044E9A432DB6650');
INSERT INTO point_packs VALUES (56, 2, 1, 50, 53, 101, 2, 7, X'01CA9D28981AAC03883FF3EA01B98E1C304012254D475A1D9640435715778DE4BE4029E8EFD11FB45840418000000000004031000000000000403B0000000000004046800000000000400000000000000040140000000000004010000000000000400000000000000040300000000000004000000000000000404F0000000000004036000000000000403E9CF95FCEBEB240471AD985021BD3403C3647C2E77422405148C0C548BE8A');
INSERT INTO point_packs VALUES (57, 2, 1, 56, 56, 113, 0, 7, X'01743A817D2CA5EB03403D0EC2BD629CA94040000000000000401C0000000000004051400000000000401E7722F3BEA432');
INSERT INTO point_packs VALUES (58, 2, 1, 59, 59, 119, 0, 7, X'01AC6C0D01B89D6860402CA9F12C85B620404180000000000040220000000000004051400000000000402961ACC7EACB22');
INSERT INTO point_packs VALUES (59, 2, 1, 62, 63, 125, 2, 7, X'01E2D7E9884E66328B4026CCEF807E5112401385DE31F9460B403A000000000000402A000000000000401800000000000040220000000000004041800000000000403300000000000040434D8CE10146BC4049AEBEF94657EE');
INSERT INTO point_packs VALUES (60, 2, 1, 67, 69, 135, 2, 7, X'01514EF4152E3AEE66403C142F1482BC5240450D3BE8BA0B76403DCDB669A2F92C402E000000000000404380000000000040410000000000004020000000000000401400000000000040180000000000004043000000000000404D000000000000405E000000000000402DEEFF54C096AB403AE565B2600DE04012C842F078E0A4');
INSERT INTO point_packs VALUES (61, 2, 1, 72, 72, 145, 0, 7, X'01BD920C94B7C126024036D47AAB340D9B40420000000000004020000000000000403E00000000000040502D36FB9CA119');
INSERT INTO point_packs VALUES (62, 2, 1, 75, 75, 151, 0, 7, X'01FE103BBFA1D5894740246DFCF6E084C84042800000000000400800000000000040570000000000004051020356AB4D0C');
INSERT INTO point_packs VALUES (63, 2, 1, 77, 78, 155, 2, 7, X'0144A19D412F30BCD04019E4787C06D23540331D61A649A81F403F000000000000403300000000000040000000000000004022000000000000402400000000000040438000000000004031EB0842ECF2394050DE746B3CCFA2');
INSERT INTO point_packs VALUES (64, 2, 1, 83, 84, 167, 2, 7, X'01AC2CD9AC297ADE4E403B5C61766707B4402002AC66B6CE224024000000000000403B0000000000003FF0000000000000402200000000000040594000000000004056400000000000404D2D31D4EBD50A40550ED14612E0FA');
INSERT INTO point_packs VALUES (65, 2, 1, 86, 86, 173, 0, 7, X'0159A4813A2C26170540396DBAEFEC744C404200000000000040100000000000004037000000000000405897AB9D77CC27');
INSERT INTO point_packs VALUES (66, 2, 1, 89, 90, 179, 2, 7, X'01E8D3671AADB3ED5C3FE5FD31F41CC04E4037C70240DD75AE4041800000000000402C00000000000040100000000000004000000000000000404F0000000000004050800000000000401BF3377D94445C4034F66BD3726CE1');
INSERT INTO point_packs VALUES (67, 2, 1, 101, 102, 203, 2, 7, X'0110D9B34162350E0E4018BF73DF911C774035B8178E6EA0044030000000000000402600000000000040140000000000004008000000000000405880000000000040540000000000004054C93675B3F3C9403B745D251DAA2C');
INSERT INTO point_packs VALUES (68, 2, 1, 106, 106, 213, 0, 7, X'01C8B6E7A4A5D710F7402BB859903FA980402800000000000040000000000000004054800000000000403B56A2AF580340');
INSERT INTO point_packs VALUES (69, 2, 1, 112, 112, 225, 0, 7, X'0162EB4DB185EA5569402342077F51B787404480000000000040220000000000004058C00000000000404A876D44C2CFDE');
INSERT INTO point_packs VALUES (70, 2, 1, 114, 121, 229, 2, 7, X'01C46521838E6972753F9E7340AE0A52C0403F3CDB075FC042403F147AF233BED240092B5C5F9496F240278C6E757FFFD4402BB5EBB19D30B4402830A163509897402540898E3A07AA403B000000000000403B000000000000403D000000000000402400000000000040310000000000004041000000000000404200000000000040420000000000004020000000000000400000000000000040200000000000004014000000000000400000000000000040180000000000004000000000000000401C000000000000402C0000000000004058800000000000405780000000000040498000000000004050400000000000405F400000000000405CC000000000004036000000000000405867E6F9DD5FBE405605E80F04B5B2404C71220837C0B6404F89ADC589B5A24042A5F0A1A9D183403E3B5EFD49DFCF4049E8E8B4ABC2EB404D1F88094A3F33');
INSERT INTO point_packs VALUES (71, 2, 1, 128, 128, 257, 0, 7, X'01485A41DCF4A98024402C5CFC38AC2A95403F0000000000003FF0000000000000405F400000000000403C9923D3F8858E');
INSERT INTO point_packs VALUES (72, 2, 1, 132, 134, 265, 2, 7, X'01262EE2551393027F40449B18A5144554402B512151E2953E403C22A80B0849DA40488000000000004045000000000000403C00000000000040080000000000004022000000000000401C0000000000004028000000000000404D8000000000004059400000000000404F6145677BF82E40571AD7DE7E3A14403D5F3A90AF3872');
INSERT INTO point_packs VALUES (73, 2, 1, 137, 137, 275, 0, 7, X'0152A94FA4491895E340348902AA75822140478000000000003FF0000000000000405240000000000040440424966711D0');
INSERT INTO point_packs VALUES (74, 2, 1, 150, 164, 301, 2, 7, X'01218F5DAAA7C30F74721C062E740F46C659FED9976953DDEA080CCD981BFD16042651ECBD43710F7F19BB44BDAA1C87C50BF6765A5D5B4AF3612F18653977D7B81766A128AE17FF541D005EDBABE1F0A272262FE6720ACF365355F1C19B46234253AA33C09C73CAF80A8E95270F5C694C60E6E62124CE79D80EB4A57CBCF64CC541283034D129BA1340C418A8CC735BE941256497374E4C4B40FC2CB5AE276CE041296C48D730453C40D3965E0DB9888541278CAC8C821068411CED892DE13EDE40E1FD546CD02C0F412DFE99624C22EA41222E84B72CAE37411F9A87866433BE41227EF702A566E84116F5397FACFD2341251F40FDA8DF0B3FB2222CC4974E603FCCEC7C1F9532A47FF00000000000003FEBB8C401270A7F3FE617E6CDF8E4D57FF00000000000003FE3BDC631A37FD63FCBB08AE20D0EA43FD94F65398570103FE63CEC3CDB6FB27FF00000000000003FD3F5551DED88123FD11575E4C89EFE3FEDF7830A7C139A3FE580894CEB9497405D50C4C176B6DE405BA8E4C2CD58D4405837D8A7CE85B43FF02D4D9EC80C40404913AEC4E34E204044F6F499641EC8405749C35C262B07404549C77290D22E4054D7FF8C2DBECE4054DCD1D0E2CC984027A2574A8562A0402853D06E26FD4840528118E2C777064054D23987DC7D01405446EB8C546B100191BE783DC4F7FA018B4089DE908213018BFE9D0AB79D570180B6327431E2AD016E4C5BDA03946E019E82C9DF67B73C01A54278C3D3DA14019510155327D3EB01A1D773995F84900185C6F9BF2C470F019D3AC82E03279E0192B077FDDCCDAD01909A1C4D29F4A801A0DC61C7B25138019CFB43B7826F55');
INSERT INTO designs VALUES (1, 2, X'64657369676E2031');
INSERT INTO designs VALUES (1, 4, X'64657369676E2032');
INSERT INTO designs VALUES (1, 6, X'64657369676E2033');
INSERT INTO designs VALUES (1, 8, X'64657369676E2034');
INSERT INTO designs VALUES (1, 12, X'64657369676E2036');
INSERT INTO designs VALUES (1, 14, X'64657369676E2037');
INSERT INTO designs VALUES (1, 18, X'64657369676E2039');
INSERT INTO designs VALUES (1, 20, X'64657369676E203130');
INSERT INTO designs VALUES (2, 2, X'64657369676E2031');
INSERT INTO designs VALUES (2, 4, X'64657369676E2032');
INSERT INTO designs VALUES (2, 6, X'64657369676E2033');
INSERT INTO designs VALUES (2, 8, X'64657369676E2034');
INSERT INTO designs VALUES (2, 12, X'64657369676E2036');
INSERT INTO designs VALUES (2, 14, X'64657369676E2037');
INSERT INTO designs VALUES (2, 18, X'64657369676E2039');
INSERT INTO designs VALUES (2, 20, X'64657369676E203130');
INSERT INTO designs VALUES (2, 24, X'64657369676E203132');
INSERT INTO designs VALUES (2, 36, X'64657369676E203138');
INSERT INTO designs VALUES (2, 38, X'64657369676E203139');
INSERT INTO designs VALUES (2, 42, X'64657369676E203231');
INSERT INTO designs VALUES (2, 44, X'64657369676E203232');
INSERT INTO designs VALUES (2, 48, X'64657369676E203234');
INSERT INTO designs VALUES (2, 50, X'64657369676E203235');
INSERT INTO designs VALUES (2, 52, X'64657369676E203236');
INSERT INTO designs VALUES (2, 56, X'64657369676E203238');
INSERT INTO designs VALUES (2, 58, X'64657369676E203239');
INSERT INTO designs VALUES (2, 60, X'64657369676E203330');
INSERT INTO designs VALUES (2, 62, X'64657369676E203331');
INSERT INTO designs VALUES (2, 64, X'64657369676E203332');
INSERT INTO designs VALUES (2, 66, X'64657369676E203333');
INSERT INTO designs VALUES (2, 68, X'64657369676E203334');
INSERT INTO designs VALUES (2, 70, X'64657369676E203335');
INSERT INTO designs VALUES (2, 72, X'64657369676E203336');
INSERT INTO designs VALUES (2, 76, X'64657369676E203338');
INSERT INTO designs VALUES (2, 78, X'64657369676E203339');
INSERT INTO designs VALUES (2, 80, X'64657369676E203430');
INSERT INTO designs VALUES (2, 82, X'64657369676E203431');
INSERT INTO designs VALUES (2, 84, X'64657369676E203432');
INSERT INTO designs VALUES (2, 86, X'64657369676E203433');
INSERT INTO designs VALUES (2, 88, X'64657369676E203434');
INSERT INTO designs VALUES (2, 90, X'64657369676E203435');
INSERT INTO designs VALUES (2, 92, X'64657369676E203436');
INSERT INTO designs VALUES (2, 96, X'64657369676E203438');
INSERT INTO designs VALUES (2, 104, X'64657369676E203532');
INSERT INTO designs VALUES (2, 108, X'64657369676E203534');
INSERT INTO designs VALUES (2, 112, X'64657369676E203536');
INSERT INTO designs VALUES (2, 114, X'64657369676E203537');
INSERT INTO designs VALUES (2, 118, X'64657369676E203539');
INSERT INTO designs VALUES (2, 124, X'64657369676E203632');
INSERT INTO designs VALUES (2, 126, X'64657369676E203633');
INSERT INTO designs VALUES (2, 128, X'64657369676E203634');
INSERT INTO designs VALUES (2, 130, X'64657369676E203635');
INSERT INTO designs VALUES (2, 132, X'64657369676E203636');
INSERT INTO designs VALUES (2, 138, X'64657369676E203639');
INSERT INTO designs VALUES (2, 140, X'64657369676E203730');
INSERT INTO designs VALUES (2, 142, X'64657369676E203731');
INSERT INTO designs VALUES (2, 144, X'64657369676E203732');
INSERT INTO designs VALUES (2, 148, X'64657369676E203734');
INSERT INTO designs VALUES (2, 156, X'64657369676E203738');
INSERT INTO designs VALUES (2, 158, X'64657369676E203739');
INSERT INTO designs VALUES (2, 160, X'64657369676E203830');
INSERT INTO designs VALUES (2, 162, X'64657369676E203831');
INSERT INTO designs VALUES (2, 164, X'64657369676E203832');
INSERT INTO designs VALUES (2, 166, X'64657369676E203833');
INSERT INTO designs VALUES (2, 168, X'64657369676E203834');
INSERT INTO designs VALUES (2, 170, X'64657369676E203835');
INSERT INTO designs VALUES (2, 172, X'64657369676E203836');
INSERT INTO designs VALUES (2, 178, X'64657369676E203839');
INSERT INTO designs VALUES (2, 180, X'64657369676E203930');
INSERT INTO designs VALUES (2, 182, X'64657369676E203931');
INSERT INTO designs VALUES (2, 184, X'64657369676E203932');
INSERT INTO designs VALUES (2, 192, X'64657369676E203936');
INSERT INTO designs VALUES (2, 196, X'64657369676E203938');
INSERT INTO designs VALUES (2, 198, X'64657369676E203939');
INSERT INTO designs VALUES (2, 200, X'64657369676E20313030');
INSERT INTO designs VALUES (2, 206, X'64657369676E20313033');
INSERT INTO designs VALUES (2, 208, X'64657369676E20313034');
INSERT INTO designs VALUES (2, 210, X'64657369676E20313035');
INSERT INTO designs VALUES (2, 212, X'64657369676E20313036');
INSERT INTO designs VALUES (2, 214, X'64657369676E20313037');
INSERT INTO designs VALUES (2, 216, X'64657369676E20313038');
INSERT INTO designs VALUES (2, 218, X'64657369676E20313039');
INSERT INTO designs VALUES (2, 222, X'64657369676E20313131');
INSERT INTO designs VALUES (2, 224, X'64657369676E20313132');
INSERT INTO designs VALUES (2, 228, X'64657369676E20313134');
INSERT INTO designs VALUES (2, 232, X'64657369676E20313136');
INSERT INTO designs VALUES (2, 234, X'64657369676E20313137');
INSERT INTO designs VALUES (2, 236, X'64657369676E20313138');
INSERT INTO designs VALUES (2, 238, X'64657369676E20313139');
INSERT INTO designs VALUES (2, 246, X'64657369676E20313233');
INSERT INTO designs VALUES (2, 250, X'64657369676E20313235');
INSERT INTO designs VALUES (2, 260, X'64657369676E20313330');
INSERT INTO designs VALUES (2, 266, X'64657369676E20313333');
INSERT INTO designs VALUES (2, 268, X'64657369676E20313334');
INSERT INTO designs VALUES (2, 270, X'64657369676E20313335');
INSERT INTO designs VALUES (2, 272, X'64657369676E20313336');
INSERT INTO designs VALUES (2, 286, X'64657369676E20313433');
INSERT INTO designs VALUES (2, 288, X'64657369676E20313434');
INSERT INTO designs VALUES (2, 294, X'64657369676E20313437');
INSERT INTO designs VALUES (2, 296, X'64657369676E20313438');
INSERT INTO designs VALUES (1, 1, X'64657369676E2030');
INSERT INTO designs VALUES (1, 5, X'64657369676E2032');
INSERT INTO designs VALUES (1, 7, X'64657369676E2033');
INSERT INTO designs VALUES (1, 9, X'64657369676E2034');
INSERT INTO designs VALUES (1, 13, X'64657369676E2036');
INSERT INTO designs VALUES (1, 17, X'64657369676E2038');
INSERT INTO designs VALUES (2, 1, X'64657369676E2030');
INSERT INTO designs VALUES (2, 5, X'64657369676E2032');
INSERT INTO designs VALUES (2, 7, X'64657369676E2033');
INSERT INTO designs VALUES (2, 9, X'64657369676E2034');
INSERT INTO designs VALUES (2, 13, X'64657369676E2036');
INSERT INTO designs VALUES (2, 17, X'64657369676E2038');
INSERT INTO designs VALUES (2, 25, X'64657369676E203132');
INSERT INTO designs VALUES (2, 31, X'64657369676E203135');
INSERT INTO designs VALUES (2, 33, X'64657369676E203136');
INSERT INTO designs VALUES (2, 37, X'64657369676E203138');
INSERT INTO designs VALUES (2, 45, X'64657369676E203232');
INSERT INTO designs VALUES (2, 49, X'64657369676E203234');
INSERT INTO designs VALUES (2, 55, X'64657369676E203237');
INSERT INTO designs VALUES (2, 59, X'64657369676E203239');
INSERT INTO designs VALUES (2, 63, X'64657369676E203331');
INSERT INTO designs VALUES (2, 65, X'64657369676E203332');
INSERT INTO designs VALUES (2, 67, X'64657369676E203333');
INSERT INTO designs VALUES (2, 69, X'64657369676E203334');
INSERT INTO designs VALUES (2, 75, X'64657369676E203337');
INSERT INTO designs VALUES (2, 77, X'64657369676E203338');
INSERT INTO designs VALUES (2, 81, X'64657369676E203430');
INSERT INTO designs VALUES (2, 83, X'64657369676E203431');
INSERT INTO designs VALUES (2, 87, X'64657369676E203433');
INSERT INTO designs VALUES (2, 89, X'64657369676E203434');
INSERT INTO designs VALUES (2, 99, X'64657369676E203439');
INSERT INTO designs VALUES (2, 109, X'64657369676E203534');
INSERT INTO designs VALUES (2, 111, X'64657369676E203535');
INSERT INTO designs VALUES (2, 115, X'64657369676E203537');
INSERT INTO designs VALUES (2, 117, X'64657369676E203538');
INSERT INTO designs VALUES (2, 121, X'64657369676E203630');
INSERT INTO designs VALUES (2, 123, X'64657369676E203631');
INSERT INTO designs VALUES (2, 129, X'64657369676E203634');
INSERT INTO designs VALUES (2, 131, X'64657369676E203635');
INSERT INTO designs VALUES (2, 133, X'64657369676E203636');
INSERT INTO designs VALUES (2, 141, X'64657369676E203730');
INSERT INTO designs VALUES (2, 143, X'64657369676E203731');
INSERT INTO designs VALUES (2, 147, X'64657369676E203733');
INSERT INTO designs VALUES (2, 149, X'64657369676E203734');
INSERT INTO designs VALUES (2, 153, X'64657369676E203736');
INSERT INTO designs VALUES (2, 159, X'64657369676E203739');
INSERT INTO designs VALUES (2, 161, X'64657369676E203830');
INSERT INTO designs VALUES (2, 163, X'64657369676E203831');
INSERT INTO designs VALUES (2, 165, X'64657369676E203832');
INSERT INTO designs VALUES (2, 171, X'64657369676E203835');
INSERT INTO designs VALUES (2, 175, X'64657369676E203837');
INSERT INTO designs VALUES (2, 177, X'64657369676E203838');
INSERT INTO designs VALUES (2, 183, X'64657369676E203931');
INSERT INTO designs VALUES (2, 185, X'64657369676E203932');
INSERT INTO designs VALUES (2, 187, X'64657369676E203933');
INSERT INTO designs VALUES (2, 189, X'64657369676E203934');
INSERT INTO designs VALUES (2, 191, X'64657369676E203935');
INSERT INTO designs VALUES (2, 193, X'64657369676E203936');
INSERT INTO designs VALUES (2, 195, X'64657369676E203937');
INSERT INTO designs VALUES (2, 197, X'64657369676E203938');
INSERT INTO designs VALUES (2, 199, X'64657369676E203939');
INSERT INTO designs VALUES (2, 201, X'64657369676E20313030');
INSERT INTO designs VALUES (2, 207, X'64657369676E20313033');
INSERT INTO designs VALUES (2, 209, X'64657369676E20313034');
INSERT INTO designs VALUES (2, 211, X'64657369676E20313035');
INSERT INTO designs VALUES (2, 215, X'64657369676E20313037');
INSERT INTO designs VALUES (2, 217, X'64657369676E20313038');
INSERT INTO designs VALUES (2, 219, X'64657369676E20313039');
INSERT INTO designs VALUES (2, 221, X'64657369676E20313130');
INSERT INTO designs VALUES (2, 223, X'64657369676E20313131');
INSERT INTO designs VALUES (2, 227, X'64657369676E20313133');
INSERT INTO designs VALUES (2, 245, X'64657369676E20313232');
INSERT INTO designs VALUES (2, 247, X'64657369676E20313233');
INSERT INTO designs VALUES (2, 249, X'64657369676E20313234');
INSERT INTO designs VALUES (2, 251, X'64657369676E20313235');
INSERT INTO designs VALUES (2, 253, X'64657369676E20313236');
INSERT INTO designs VALUES (2, 255, X'64657369676E20313237');
INSERT INTO designs VALUES (2, 259, X'64657369676E20313239');
INSERT INTO designs VALUES (2, 261, X'64657369676E20313330');
INSERT INTO designs VALUES (2, 263, X'64657369676E20313331');
INSERT INTO designs VALUES (2, 271, X'64657369676E20313335');
INSERT INTO designs VALUES (2, 273, X'64657369676E20313336');
INSERT INTO designs VALUES (2, 277, X'64657369676E20313338');
INSERT INTO designs VALUES (2, 279, X'64657369676E20313339');
INSERT INTO designs VALUES (2, 281, X'64657369676E20313430');
INSERT INTO designs VALUES (2, 283, X'64657369676E20313431');
INSERT INTO designs VALUES (2, 285, X'64657369676E20313432');
INSERT INTO designs VALUES (2, 287, X'64657369676E20313433');
INSERT INTO designs VALUES (2, 289, X'64657369676E20313434');
INSERT INTO designs VALUES (2, 291, X'64657369676E20313435');
INSERT INTO designs VALUES (2, 293, X'64657369676E20313436');
INSERT INTO designs VALUES (2, 295, X'64657369676E20313437');
INSERT INTO designs VALUES (2, 297, X'64657369676E20313438');
INSERT INTO designs VALUES (2, 299, X'64657369676E20313439');
INSERT INTO calibrations VALUES (1, 'chip', 2, '', X'7265706F7274206F662063686970', X'72657175657374206F662063686970', X'6D6F64656C206F662063686970', 1795755675545582, 1795755675546299, 'default', '', 60, 0);
INSERT INTO calibrations VALUES (2, 'slow', 1, '', X'73756D6D617279206F6620736C6F77', X'72657175657374206F6620736C6F77', X'', 1795755675545918, NULL, 'default', '', 60, 0);
INSERT INTO job_crashes VALUES (2, 1, 0, 0, 0, 0);
UPDATE store SET revision = 15;
COMMIT;
