#ifndef ONELOOP_SERVER_ACCESS_ROTATING_FILE_H_
#define ONELOOP_SERVER_ACCESS_ROTATING_FILE_H_

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace oneloop {

// Lines at the end of a file that only its owner may read. One that would grow beyond a bound is renamed to PATH.1,
// that one to PATH.2 and so on; the last is dropped. A process that dies in the middle of this loses no file: the next
// one fills the gap. Nothing else ever changes a line. Other processes may append lines in the same way, or move the
// file away. Used by one thread at a time.
class RotatingFile {
 public:
  struct Options {
    std::string path;
    std::int64_t max_bytes = 0;
    int num_old_files = 0;
  };
  explicit RotatingFile(Options options);
  ~RotatingFile();
  RotatingFile(const RotatingFile&) = delete;
  RotatingFile& operator=(const RotatingFile&) = delete;

  // `line` ends with a line break. After an error it is not there, not even in part; what an earlier process may have
  // left of one is ended before the next. When only the renaming fails, which the log then says, the file grows.
  absl::Status Append(const std::string& line);

 private:
  // Has descriptor_ open on what is at the path, and its size.
  absl::Status Open(off_t* size);
  // The file itself and then those before it, up to the first that is missing, move one number up.
  absl::Status Rotate();
  void Close();
  std::string Numbered(int number) const;

  const Options options_;
  int descriptor_ = -1;
  bool needs_break_ = false;      // the file ends within a line
  bool rotation_failed_ = false;  // and was reported
};

}  // namespace oneloop

#endif  // ONELOOP_SERVER_ACCESS_ROTATING_FILE_H_
