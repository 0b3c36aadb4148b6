#include "server/store/job_check.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "server/store/figure.h"
#include "server/store/job_ledger.h"
#include "server/store/number_list.h"
#include "server/store/point_pack.h"
#include "server/store/sqlite_queries.h"

namespace oneloop {

template <class... Parts>
void JobCheck::Find(const Parts&... parts) {
  findings_.push_back(absl::StrCat("job ", job_id_, ": ", parts...));
}

absl::Status JobCheck::Run() {
  RETURN_IF_ERROR(ReadHead());
  if (head_.num_starts < 1 || head_.num_starts > std::numeric_limits<int>::max()) {
    Find("has ", head_.num_starts, " starts");
    return absl::OkStatus();
  }
  ranges_.resize(static_cast<std::size_t>(head_.num_starts));
  improvements_.resize(ranges_.size());
  RETURN_IF_ERROR(CheckStates());
  RETURN_IF_ERROR(CheckRows());
  RETURN_IF_ERROR(CheckPacks());
  RETURN_IF_ERROR(CheckStarts());
  RETURN_IF_ERROR(CheckPointCounts());
  RETURN_IF_ERROR(CheckDesigns());
  RETURN_IF_ERROR(CheckImprovements());
  RETURN_IF_ERROR(CheckGreatest());
  CheckFront();
  CheckBest();
  return absl::OkStatus();
}

absl::Status JobCheck::ReadHead() {
  ASSIGN_OR_RETURN(SqliteStatement job,
                   connection_.Prepare(
                       "SELECT state, end_time_us IS NOT NULL, num_starts, starts_done, samples_done, points, "
                       "front_size, best_point, best_score, revision, "
                       "(SELECT count(*) FROM job_parameters WHERE job_id = id), bytes, "
                       "(SELECT length(spec) + length(resolved) FROM job_specs WHERE job_id = id), "
                       "(SELECT sum(length(design)) FROM designs WHERE job_id = id), results FROM jobs WHERE id = ?"));
  job.Bind(job_id_);
  ASSIGN_OR_RETURN(const bool found, job.Step());
  if (!found) return absl::NotFoundError(absl::StrCat("there is no job ", job_id_));
  head_.state = static_cast<JobState>(job.Int(0));
  head_.has_end_time = job.Int(1) != 0;
  head_.num_starts = job.Int(2);
  head_.starts_done = job.Int(3);
  head_.samples_done = job.Int(4);
  head_.points = job.Int(5);
  head_.front_size = job.Int(6);
  if (!job.IsNull(7)) head_.best_point = job.Int(7);
  if (!job.IsNull(8)) head_.best_score = job.Real(8);
  head_.revision = job.Int(9);
  head_.num_parameters = static_cast<std::size_t>(job.Int(10));
  head_.results = job.Int(14);
  if (const std::int64_t bytes = job.Int(12) + job.Int(13); job.Int(11) != bytes) {
    Find("counts ", job.Int(11), " bytes, and its spec and designs have ", bytes);
  }
  return absl::OkStatus();
}

absl::Status JobCheck::CheckStates() {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection_.Prepare("SELECT state, revision FROM job_states WHERE job_id = ? "
                                                             "ORDER BY revision, ordinal"));
  rows.Bind(job_id_);
  std::optional<JobState> last;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    if (last && IsFinal(*last)) Find("changed its state after its end, in revision ", rows.Int(1));
    if (rows.Int(1) < 1 || rows.Int(1) > head_.revision) {
      Find("a state of revision ", rows.Int(1), ", and the job is at ", head_.revision);
    }
    last = static_cast<JobState>(rows.Int(0));
  }
  if (!last) {
    Find("its changes of state are missing");
  } else if (*last != head_.state) {
    Find("its state is ", static_cast<int>(head_.state), ", and its last change was to ", static_cast<int>(*last));
  }
  if (head_.has_end_time != IsFinal(head_.state)) Find("its state and its end time contradict each other");
  return absl::OkStatus();
}

void JobCheck::AddRange(std::int64_t start, Range range) {
  std::vector<Range>& ranges = ranges_[static_cast<std::size_t>(start)];
  if (!ranges.empty() && ranges.back().second + 1 == range.first) {
    ranges.back().second = range.second;
  } else {
    ranges.push_back(range);
  }
}

absl::Status JobCheck::CheckRows() {
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection_.Prepare("SELECT number, start, origin, energy_uj, latency_cycles, area_mm2, score, parameters, "
                          "revision, entered_front_revision, left_front_revision, sample "
                          "FROM point_rows WHERE job_id = ? ORDER BY number"));
  rows.Bind(job_id_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    CheckRow(rows);
  }
}

void JobCheck::CheckRow(const SqliteStatement& row) {
  const std::int64_t number = row.Int(0);
  const std::int64_t start = number % head_.num_starts;
  if (number < 0 || row.Int(1) != start) {
    Find("point ", number, " belongs to no start, and says ", row.Int(1));
    return;
  }
  AddRange(start, {number / head_.num_starts, number / head_.num_starts});
  const auto parameters = ParseNumberList(row.Text(7));
  if (!parameters.ok() || parameters->size() != head_.num_parameters) {
    Find("the parameters of point ", number, " cannot be read");
  }
  const std::int64_t revision = row.Int(8);
  const std::int64_t entered = row.Int(9);
  const std::int64_t left = row.Int(10);
  if (revision < 1 || revision > head_.revision) {
    Find("point ", number, " is of revision ", revision, ", and the job is at ", head_.revision);
  }
  if (entered != 0 && (entered < revision || entered > head_.revision)) {
    Find("point ", number, " entered the front in revision ", entered, ", and was stored in ", revision);
  }
  if (left != 0 && (entered == 0 || left <= entered || left > head_.revision)) {
    Find("point ", number, " left the front in revision ", left, ", and entered it in ", entered);
  }
  const bool exact = static_cast<PointOrigin>(row.Int(2)) != PointOrigin::kDescent;
  const bool marked = entered != 0 && left == 0;
  // Infinite figures are NULL.
  if (exact && !row.IsNull(3) && !row.IsNull(4) && !row.IsNull(5) && !row.IsNull(6)) {
    results_.push_back({number, row.Real(3), row.Real(4), row.Real(5), row.Real(6), marked});
    const Result& result = results_.back();
    std::vector<Improvement>& better = improvements_[static_cast<std::size_t>(start)];
    if (better.empty() || result.score < better.back().score) {
      better.push_back(
          {number, row.Int(11), result.energy_uj, result.latency_cycles, result.area_mm2, result.score, revision});
    }
  } else if (entered != 0) {
    Find("point ", number, " was on the front and is no result");
  }
}

absl::Status JobCheck::CheckPacks() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_.Prepare("SELECT start, first_sequence, last_sequence, first_sample, sample_step, "
                                       "revision, data FROM point_packs WHERE job_id = ? ORDER BY start, "
                                       "first_sequence"));
  rows.Bind(job_id_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    const std::int64_t start = rows.Int(0);
    const PackHead head = {rows.Int(1), rows.Int(2), rows.Int(3), rows.Int(4)};
    const std::string place =
        absl::StrCat("pack of start ", start, ", sequences ", head.first_sequence, " to ", head.last_sequence);
    if (start < 0 || start >= head_.num_starts || head.first_sequence < 0 || head.last_sequence < head.first_sequence) {
      Find(place, " belongs nowhere");
      continue;
    }
    AddRange(start, {head.first_sequence, head.last_sequence});
    const absl::Status readable = PackReader::Open(head, rows.Text(6), head_.num_parameters).status();
    if (!readable.ok()) Find(place, " cannot be read: ", readable.message());
    if (rows.Int(5) < 1 || rows.Int(5) > head_.revision) {
      Find(place, " is of revision ", rows.Int(5), ", and the job is at ", head_.revision);
    }
  }
}

absl::Status JobCheck::CheckStarts() {
  const absl::StatusOr<std::vector<StartRecord>> read = ReadStarts(connection_, job_id_);
  if (!read.ok()) {
    findings_.push_back(Message(read.status()));
    return absl::OkStatus();
  }
  const std::vector<StartRecord>& starts = *read;
  std::int64_t done = 0;
  std::int64_t samples = 0;
  std::int64_t points = 0;
  for (const StartRecord& start : starts) {
    done += start.done ? 1 : 0;
    samples += start.samples_done;
    points += start.points;
    if (start.within_stop_gap && !start.done) Find("start ", start.start, " met the stop gap and is not done");
  }
  const auto compare = [this](const char* name, std::int64_t stored, std::int64_t counted) {
    if (stored != counted) Find("counts ", stored, " ", name, ", and its starts have ", counted);
  };
  compare("starts done", head_.starts_done, done);
  compare("samples", head_.samples_done, samples);
  compare("points", head_.points, points);
  CheckSequences(starts);
  return absl::OkStatus();
}

void JobCheck::CheckSequences(const std::vector<StartRecord>& starts) {
  for (const StartRecord& start : starts) {
    std::vector<Range>& ranges = ranges_[static_cast<std::size_t>(start.start)];
    std::sort(ranges.begin(), ranges.end());
    std::int64_t next = 0;
    for (const Range& range : ranges) {
      if (range.first > next) {
        Find("start ", start.start, " lacks its points of sequences ", next, " to ", range.first - 1);
      }
      if (range.first < next) {
        Find("start ", start.start, " has its points of sequences ", range.first, " to ",
             std::min(next - 1, range.second), " twice");
      }
      next = std::max(next, range.second + 1);
    }
    if (next != start.points) Find("start ", start.start, " counts ", start.points, " points, and has ", next);
  }
}

absl::Status JobCheck::CheckPointCounts() {
  ASSIGN_OR_RETURN(SqliteStatement rows, connection_.Prepare("SELECT revision, points FROM point_counts "
                                                             "WHERE job_id = ? ORDER BY revision"));
  rows.Bind(job_id_);
  std::int64_t points = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    if (rows.Int(0) < 1 || rows.Int(0) > head_.revision || rows.Int(1) <= points) {
      Find("counts ", rows.Int(1), " points after revision ", rows.Int(0), ", and ", points, " before it");
    }
    points = rows.Int(1);
  }
  if (points != head_.points) Find("counts ", head_.points, " points, and ", points, " after its last commit of some");
  return absl::OkStatus();
}

absl::Status JobCheck::CheckDesigns() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_.Prepare("SELECT number FROM designs WHERE job_id = ?1 AND NOT EXISTS (SELECT 1 FROM "
                                       "point_rows WHERE job_id = ?1 AND point_rows.number = designs.number)"));
  rows.Bind(job_id_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return absl::OkStatus();
    Find("has a design of point ", rows.Int(0), ", and not the point");
  }
}

absl::Status JobCheck::CheckImprovements() {
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_.Prepare("SELECT start, ordinal, number, sample, energy_uj, latency_cycles, area_mm2, "
                                       "score, revision FROM improvements WHERE job_id = ? ORDER BY start, ordinal"));
  rows.Bind(job_id_);
  std::vector<std::int64_t> counts(improvements_.size(), 0);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    const std::int64_t start = rows.Int(0);
    const Improvement said = {rows.Int(2),  rows.Int(3),  rows.Real(4), rows.Real(5),
                              rows.Real(6), rows.Real(7), rows.Int(8)};
    if (start < 0 || start >= head_.num_starts) {
      Find("improvement ", rows.Int(1), " belongs to no start, and says ", start);
      continue;
    }
    const std::vector<Improvement>& better = improvements_[static_cast<std::size_t>(start)];
    const std::int64_t ordinal = counts[static_cast<std::size_t>(start)]++;
    if (rows.Int(1) != ordinal) {
      Find("start ", start, " has an improvement ", rows.Int(1), " in the place of ", ordinal);
    } else if (ordinal >= static_cast<std::int64_t>(better.size()) ||
               better[static_cast<std::size_t>(ordinal)] != said) {
      Find("start ", start, " has an improvement ", ordinal, ", point ", said.number, ", that its points do not have");
    }
  }
  for (std::size_t start = 0; start < counts.size(); ++start) {
    const auto expected = static_cast<std::int64_t>(improvements_[start].size());
    if (counts[start] < expected) {
      Find("start ", start, " has ", counts[start], " improvements, and its points ", expected);
    }
  }
  return absl::OkStatus();
}

absl::Status JobCheck::CheckGreatest() {
  const auto results = static_cast<std::int64_t>(results_.size());
  if (results != head_.results) Find("counts ", head_.results, " results, and has ", results);
  std::map<Figure, std::int64_t> expected;
  for (const Figure figure : kFigures) {
    // By number: of equal ones the first.
    const auto greatest = std::max_element(
        results_.begin(), results_.end(),
        [figure](const Result& a, const Result& b) { return FigureOf(figure, a) < FigureOf(figure, b); });
    if (greatest != results_.end()) expected[figure] = greatest->number;
  }
  std::map<Figure, std::int64_t> said;
  ASSIGN_OR_RETURN(SqliteStatement rows,
                   connection_.Prepare("SELECT figure, number FROM greatest_points WHERE job_id = ?"));
  rows.Bind(job_id_);
  for (;;) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    said[static_cast<Figure>(rows.Int(0))] = rows.Int(1);
  }
  if (said != expected) Find("its points of the greatest figures are others than it says");
  return absl::OkStatus();
}

// By another way than ParetoFront's: in the order of energy, then latency, area and number, a point is on the front
// unless one before it is at most as large in latency and area. Only those on the front need to be looked at.
void JobCheck::CheckFront() {
  std::sort(results_.begin(), results_.end(), [](const Result& a, const Result& b) {
    return std::tie(a.energy_uj, a.latency_cycles, a.area_mm2, a.number) <
           std::tie(b.energy_uj, b.latency_cycles, b.area_mm2, b.number);
  });
  std::vector<const Result*> front;
  for (const Result& result : results_) {
    const auto better = std::find_if(front.begin(), front.end(), [&result](const Result* other) {
      return other->latency_cycles <= result.latency_cycles && other->area_mm2 <= result.area_mm2;
    });
    const bool belongs = better == front.end();
    if (belongs) front.push_back(&result);
    if (belongs && !result.marked) Find("point ", result.number, " belongs on the front and is not marked");
    if (!belongs && result.marked) {
      Find("point ", result.number, " is marked as on the front, and point ", (*better)->number, " is better");
    }
  }
  if (static_cast<std::int64_t>(front.size()) != head_.front_size) {
    Find("counts ", head_.front_size, " points on the front, and has ", front.size());
  }
}

// Which of those with the same score is best was told by their numbers alone once.
void JobCheck::CheckBest() {
  const auto least = std::min_element(results_.begin(), results_.end(),
                                      [](const Result& a, const Result& b) { return a.score < b.score; });
  const auto said = std::find_if(results_.begin(), results_.end(),
                                 [this](const Result& result) { return result.number == head_.best_point; });
  if (least == results_.end() && !head_.best_point.has_value() && !head_.best_score.has_value()) return;
  if (said != results_.end() && head_.best_score == said->score &&
      RoundedScore(said->score) == RoundedScore(least->score)) {
    return;
  }
  Find("its best point is ", least == results_.end() ? "none" : absl::StrCat(least->number), ", and it says ",
       head_.best_point ? absl::StrCat(*head_.best_point) : "none", " with a score of ",
       head_.best_score ? absl::StrCat(*head_.best_score) : "none");
}

}  // namespace oneloop
