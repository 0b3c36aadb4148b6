#include "client/progress_meter.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/errors.h"
#include "client/job_output.h"
#include "client/numbers.h"
#include "common/convert/proto_time.h"

namespace oneloop {
namespace {

constexpr absl::Duration kWindow = absl::Seconds(10);
constexpr int kBarCells = 24;
constexpr int kDefaultColumns = 120;

double ShareDone(const v1::JobProgress& progress) {
  if (progress.samples_total() <= 0) return 0;
  return std::clamp(static_cast<double>(progress.samples_done()) / static_cast<double>(progress.samples_total()), 0.0,
                    1.0);
}

std::string Bar(double share) {
  const auto full = static_cast<std::size_t>(std::floor(share * kBarCells));
  return absl::StrCat("[", std::string(full, '#'), std::string(kBarCells - full, '-'), "]");
}

std::string BestText(const v1::Job& job) {
  if (job.spec().objective() == v1::FRONT) {
    return absl::StrCat("front of ", GroupedNumber(job.progress().front_size()), " designs");
  }
  const std::string gap = GapText(job, "");
  return absl::StrCat("best EDP ", job.has_best() ? ShortNumber(job.best().edp()) : "-", gap.empty() ? "" : ", gap ",
                      gap);
}

}  // namespace

void ProgressMeter::Update(const v1::Job& job, SteadyTime now) {
  // Time spent waiting or paused says nothing about the speed.
  if (job.state() != v1::RUNNING || job_.state() != v1::RUNNING) observations_.clear();
  job_ = job;
  observations_.push_back({now, job.progress().samples_done()});
  while (observations_.size() > 2 && now - observations_[1].time >= kWindow) observations_.pop_front();
}

double ProgressMeter::SamplesPerSecond() const {
  std::int64_t samples = 0;
  absl::Duration time;
  if (IsFinal(job_.state())) {
    if (!job_.has_start_time() || !job_.has_end_time()) return 0;
    samples = job_.progress().samples_done();
    time = TimeOf(job_.end_time()) - TimeOf(job_.start_time());
  } else if (!observations_.empty()) {
    samples = observations_.back().samples - observations_.front().samples;
    time = observations_.back().time - observations_.front().time;
  }
  return time > absl::ZeroDuration() && samples > 0 ? static_cast<double>(samples) / absl::ToDoubleSeconds(time) : 0;
}

absl::Duration ProgressMeter::TimeLeft(SteadyTime now) const {
  const double rate = SamplesPerSecond();
  if (rate <= 0 || observations_.empty()) return absl::InfiniteDuration();
  const std::int64_t samples = job_.progress().samples_total() - job_.progress().samples_done();
  const absl::Duration left = absl::Seconds(static_cast<double>(samples) / rate) - (now - observations_.back().time);
  return std::max(left, absl::ZeroDuration());
}

std::string ProgressMeter::Line(SteadyTime now, int columns) const {
  const v1::JobProgress& progress = job_.progress();
  const double share = ShareDone(progress);
  // In the order in which they are given up when the terminal is narrow, last first.
  std::vector<std::string> parts = {
      absl::StrCat("job ", JobId(job_.name()), " ", absl::AsciiStrToLower(v1::JobState_Name(job_.state()))),
      absl::StrFormat("%s %3.0f %%", Bar(share), std::floor(share * 100)), BestText(job_),
      absl::StrCat(SiNumber(SamplesPerSecond()), " samples/s")};
  if (!IsFinal(job_.state())) parts.push_back(absl::StrCat(ShortDuration(TimeLeft(now)), " left"));
  parts.push_back(
      absl::StrCat(GroupedNumber(progress.samples_done()), "/", GroupedNumber(progress.samples_total()), " samples"));
  const auto limit = static_cast<std::size_t>(std::max(2, columns > 0 ? columns : kDefaultColumns) - 1);
  std::string line = absl::StrJoin(parts, "  ");
  while (line.size() > limit && parts.size() > 1) {
    parts.pop_back();
    line = absl::StrJoin(parts, "  ");
  }
  return line.substr(0, limit);
}

LiveLine::~LiveLine() {
  if (!drawn_.empty()) out_ << '\n' << std::flush;
}

void LiveLine::Draw(const std::string& text) {
  if (!enabled_ || text == drawn_) return;
  constexpr char kEraseToEnd[] = "\x1b[K";
  out_ << '\r' << OneLine(text) << kEraseToEnd << std::flush;
  drawn_ = text;
}

}  // namespace oneloop
