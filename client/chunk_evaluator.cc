#include "client/chunk_evaluator.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "client/numbers.h"
#include "common/base/mutex.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::size_t kMaxRows = 2000;
constexpr std::size_t kMaxBytes = 1 << 20;  // a quarter of what gRPC lets through by default
constexpr int kInFlight = 4;

struct Chunk {
  std::size_t begin;
  std::size_t end;
};

std::vector<Chunk> SplitRows(const std::vector<v1::MappingRow>& rows) {
  std::vector<Chunk> chunks;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t size = rows[i].ByteSizeLong();
    if (chunks.empty() || i - chunks.back().begin == kMaxRows || bytes + size > kMaxBytes) {
      chunks.push_back({i, i});
      bytes = 0;
    }
    bytes += size;
    chunks.back().end = i + 1;
  }
  return chunks;
}

// "rows[5].mapping" in a chunk that begins at row 2000 is "rows[2005].mapping".
absl::Status ShiftRow(const absl::Status& status, std::size_t begin) {
  const std::string field = FieldOf(status);
  constexpr std::string_view kRows = "rows[";
  const std::size_t bracket = field.find(']');
  if (!field.starts_with(kRows) || bracket == std::string::npos) return status;
  const auto index = ParseInteger<std::size_t>(std::string_view(field).substr(kRows.size(), bracket - kRows.size()));
  if (!index.has_value()) return status;
  return FieldError(absl::StrCat("rows[", begin + *index, field.substr(bracket)), DescriptionOf(status));
}

// Hands out chunks in order and stops at the first error, so that every chunk before a failed one is evaluated too
// and the earliest error is known. Thread-safe.
class ChunkQueue {
 public:
  explicit ChunkQueue(std::vector<Chunk> chunks) : chunks_(std::move(chunks)), first_failed_(chunks_.size()) {}

  std::optional<std::size_t> Take() {
    const MutexLock lock(&mutex_);
    if (next_ >= first_failed_) return std::nullopt;
    return next_++;
  }
  void Fail(std::size_t index, absl::Status error) {
    const MutexLock lock(&mutex_);
    if (index >= first_failed_) return;
    first_failed_ = index;
    error_ = std::move(error);
  }
  absl::Status error() const {
    const MutexLock lock(&mutex_);
    return error_;
  }
  const Chunk& chunk(std::size_t index) const { return chunks_[index]; }
  std::size_t size() const { return chunks_.size(); }

 private:
  const std::vector<Chunk> chunks_;
  mutable Mutex mutex_;
  std::size_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t first_failed_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
};

absl::Status EvaluateChunk(ServiceClient& client, v1::EvaluateDesignsRequest request, const Chunk& chunk,
                           const std::vector<v1::MappingRow>& rows, std::vector<v1::MappingScore>* scores) {
  for (std::size_t i = chunk.begin; i < chunk.end; ++i) *request.add_rows() = rows[i];
  ASSIGN_OR_RETURN(v1::EvaluateDesignsResponse response, client.EvaluateDesigns(request));
  if (response.scores_size() != request.rows_size()) {
    return absl::InternalError(
        absl::StrCat("the daemon sent ", response.scores_size(), " scores for ", request.rows_size(), " rows"));
  }
  for (std::size_t i = chunk.begin; i < chunk.end; ++i) {
    (*scores)[i] = std::move(*response.mutable_scores(static_cast<int>(i - chunk.begin)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<v1::MappingScore>> EvaluateInChunks(ServiceClient& client,
                                                               const v1::EvaluateDesignsRequest& base,
                                                               const std::vector<v1::MappingRow>& rows) {
  std::vector<v1::MappingScore> scores(rows.size());
  ChunkQueue queue(SplitRows(rows));
  auto work = [&] {
    // Each chunk writes its own part of `scores`.
    while (const std::optional<std::size_t> index = queue.Take()) {
      const Chunk& chunk = queue.chunk(*index);
      const absl::Status status = EvaluateChunk(client, base, chunk, rows, &scores);
      if (!status.ok()) queue.Fail(*index, ShiftRow(status, chunk.begin));
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min<std::size_t>(kInFlight, queue.size()); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  RETURN_IF_ERROR(queue.error());
  return scores;
}

}  // namespace oneloop
