#include "server/store/sqlite_points_view.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/status.h"
#include "server/store/point_pack.h"

namespace oneloop {
namespace {

// Every point, packed or not, for people. SQLite has no function that reads a double from its bytes, so that the view
// adds it up: the place of each byte among all bytes is its value; by the first 12 bits (sign and exponent) it finds,
// in double_heads, the double whose other bits are all 0 and the worth of the last bit. Both, and the sum, are exact.
// What is infinite or no number has no head and so is NULL.
//
// One query and not the union of two, because SQLite would compute every column of a union, asked for or not.
constexpr char kCreatePointsView[] = R"sql(
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
INSERT INTO all_bytes VALUES (X'$BYTES');

CREATE TABLE pack_slots (
  slot INTEGER PRIMARY KEY  -- place in a pack, from 0
) STRICT;
WITH RECURSIVE slots (slot) AS (SELECT 0 UNION ALL SELECT slot + 1 FROM slots WHERE slot < $MOST - 1)
INSERT INTO pack_slots SELECT slot FROM slots;

CREATE VIEW points AS
SELECT jobs.id AS job_id,
  iif(packed, (pack.first_sequence + place.slot) * jobs.num_starts + pack.start, point.number) AS number,
  iif(packed, pack.start, point.start) AS start,
  iif(packed, pack.first_sample + place.slot * pack.sample_step, point.sample) AS sample,
  iif(packed, 1, point.origin) AS origin,
  iif(packed, $ENERGY, point.energy_uj) AS energy_uj,
  iif(packed, $LATENCY, point.latency_cycles) AS latency_cycles,
  iif(packed, $AREA, point.area_mm2) AS area_mm2,
  point.score AS score,
  iif(packed,
    (SELECT '[' || ifnull(group_concat(ifnull($PARAMETER, 'null')), '') || ']'
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
)sql";

// SQL for the double in a column of the pack, at the view's place; in `result` it is called $VALUE.
std::string PackedDouble(std::string_view column, std::string_view result) {
  const auto byte = [](int place) { return absl::StrCat("(instr(bytes, substr(double, ", place, ", 1)) - 1)"); };
  std::string value = absl::StrCat("base + unit * (((", byte(2), " & 15) << 48)");
  for (int place = 3; place <= 8; ++place) absl::StrAppend(&value, " + (", byte(place), " << ", 8 * (8 - place), ")");
  value += ")";
  // From a subquery without FROM: SQLite evaluates that once and not anew for each byte.
  return absl::StrCat("(SELECT ", absl::StrReplaceAll(ToAbsl(result), {{"$VALUE", value}}),
                      " FROM (SELECT substr(pack.data, 10 + 8 * ((", ToAbsl(column),
                      ") * (pack.last_sequence - pack.first_sequence + 1) + place.slot), 8) AS double)"
                      " CROSS JOIN all_bytes CROSS JOIN double_heads WHERE head = (",
                      byte(1), " << 4) + (", byte(2), " >> 4))");
}

}  // namespace

std::string CreatePointsView() {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) absl::StrAppend(&bytes, absl::Hex(byte, absl::kZeroPad2));
  return absl::StrReplaceAll(kCreatePointsView,
                             {{"$BYTES", bytes},
                              {"$MOST", absl::StrCat(kMostPointsOfPack)},
                              {"$ENERGY", PackedDouble("0", "$VALUE")},
                              {"$LATENCY", PackedDouble("1", "$VALUE")},
                              {"$AREA", PackedDouble("2", "$VALUE")},
                              {"$PARAMETER", PackedDouble("3 + parameter.position", "printf('%!.17g', $VALUE)")}});
}

}  // namespace oneloop
