#ifndef ONELOOP_CLIENT_OUTPUT_FOLDER_H_
#define ONELOOP_CLIENT_OUTPUT_FOLDER_H_

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace oneloop {

// A file to be made in a folder.
struct OutputFile {
  std::string name;  // without "/"
  std::string text;
};

// Whether a text was written by the same command, so that it may be replaced.
using IsOurs = std::function<bool(std::string_view text)>;

// Makes the folder, parents included, and checks that a file of this name may be made or replaced in it:
// INVALID_ARGUMENT naming the path when the folder cannot be made or written, or when something that is not ours has
// the name.
absl::Status CheckOutputFile(const std::string& folder, const std::string& name, const IsOurs& is_ours);

// Writes all files or none: each under a temporary name, from `tag`, which becomes the file's own once all are
// complete. INTERNAL naming the path when the disk refuses; then nothing is left behind, unless it refuses between two
// renamings.
absl::Status WriteOutputFiles(const std::string& folder, const std::vector<OutputFile>& files, const std::string& tag);

// Makes the folder, parents included, and writes files that are not there yet: all or none, over nothing that has one
// of the names, not even when it comes meanwhile. INVALID_ARGUMENT naming the path of what is there, or of a folder
// that cannot be made or written; INTERNAL naming the path when the disk refuses.
absl::Status WriteNewFiles(const std::string& folder, const std::vector<OutputFile>& files, const std::string& tag);

// As CheckOutputFile for one file that is named by its path: "plots/a.svg", "a.svg".
absl::Status CheckOutputPath(const std::string& path, const IsOurs& is_ours);
// Checks once more, since others may have written there in the meantime.
absl::Status WriteOutputPath(const std::string& path, const std::string& text, const IsOurs& is_ours,
                             const std::string& tag);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_OUTPUT_FOLDER_H_
