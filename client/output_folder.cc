#include "client/output_folder.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

// Enough to see whose file it is.
constexpr std::size_t kHead = 4096;

std::string Path(const std::string& folder, const std::string& name) { return (fs::path(folder) / name).string(); }

absl::Status Unwritable(const std::string& path, int error) {
  return absl::InternalError(
      absl::StrCat(path, ": cannot be written", error == 0 ? "" : ": ", error == 0 ? "" : std::strerror(error)));
}

absl::Status WriteFile(const std::string& path, const std::string& text) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file.fail() ? Unwritable(path, errno) : absl::OkStatus();
}

struct Place {
  std::string folder;
  std::string name;
};

Place PlaceOf(const std::string& path) {
  const fs::path file(path);
  return {file.has_parent_path() ? file.parent_path().string() : ".", file.filename().string()};
}

absl::Status RenameAll(const std::vector<std::string>& from, const std::vector<std::string>& to) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::error_code error;
    fs::rename(from[i], to[i], error);
    if (error) return Unwritable(to[i], error.value());
  }
  return absl::OkStatus();
}

// Parents included.
absl::Status MakeFolder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (!fs::is_directory(folder)) {
    return absl::InvalidArgumentError(
        absl::StrCat(folder, ": cannot be made a directory", error ? ": " + error.message() : ""));
  }
  if (access(folder.c_str(), W_OK | X_OK) != 0) {
    return absl::InvalidArgumentError(absl::StrCat(folder, ": cannot be written: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

void RemoveAll(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    std::error_code ignored;
    fs::remove(path, ignored);
  }
}

absl::Status IsThere(const std::string& path) {
  return absl::InvalidArgumentError(absl::StrCat(path, ": is there already; choose another directory"));
}

// Writes each file under a temporary name; `temporary` gets those that were begun.
absl::Status WriteTemporaries(const std::string& folder, const std::vector<OutputFile>& files, const std::string& tag,
                              std::vector<std::string>* temporary) {
  for (const OutputFile& file : files) {
    temporary->push_back(Path(folder, absl::StrCat(".", file.name, ".", tag, ".tmp")));
    RETURN_IF_ERROR(WriteFile(temporary->back(), file.text));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckOutputFile(const std::string& folder, const std::string& name, const IsOurs& is_ours) {
  RETURN_IF_ERROR(MakeFolder(folder));
  std::error_code error;
  const std::string path = Path(folder, name);
  const fs::file_status status = fs::symlink_status(path, error);
  if (!fs::exists(status)) return absl::OkStatus();
  std::string head(kHead, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (fs::is_regular_file(status) && is_ours(head)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(path, ": exists and was not written by this command; move it away or choose another directory"));
}

absl::Status WriteOutputFiles(const std::string& folder, const std::vector<OutputFile>& files, const std::string& tag) {
  std::vector<std::string> temporary;
  std::vector<std::string> final_names;
  final_names.reserve(files.size());
  for (const OutputFile& file : files) final_names.push_back(Path(folder, file.name));
  absl::Status status = WriteTemporaries(folder, files, tag, &temporary);
  if (status.ok()) status = RenameAll(temporary, final_names);
  if (!status.ok()) RemoveAll(temporary);
  return status;
}

absl::Status WriteNewFiles(const std::string& folder, const std::vector<OutputFile>& files, const std::string& tag) {
  RETURN_IF_ERROR(MakeFolder(folder));
  for (const OutputFile& file : files) {
    std::error_code error;
    const std::string path = Path(folder, file.name);
    if (fs::exists(fs::symlink_status(path, error))) return IsThere(path);
  }
  std::vector<std::string> temporary;
  std::vector<std::string> made;
  absl::Status status = WriteTemporaries(folder, files, tag, &temporary);
  for (std::size_t i = 0; i < files.size() && status.ok(); ++i) {
    const std::string path = Path(folder, files[i].name);
    // A second name for the same file: unlike a renaming, it replaces nothing.
    std::error_code error;
    fs::create_hard_link(temporary[i], path, error);
    if (error == std::errc::file_exists) {
      status = IsThere(path);
    } else if (error) {
      status = Unwritable(path, error.value());
    } else {
      made.push_back(path);
    }
  }
  RemoveAll(temporary);
  if (!status.ok()) RemoveAll(made);
  return status;
}

absl::Status CheckOutputPath(const std::string& path, const IsOurs& is_ours) {
  const Place place = PlaceOf(path);
  if (place.name.empty()) return absl::InvalidArgumentError(absl::StrCat("'", path, "' names no file to write"));
  return CheckOutputFile(place.folder, place.name, is_ours);
}

absl::Status WriteOutputPath(const std::string& path, const std::string& text, const IsOurs& is_ours,
                             const std::string& tag) {
  RETURN_IF_ERROR(CheckOutputPath(path, is_ours));
  const Place place = PlaceOf(path);
  return WriteOutputFiles(place.folder, {{place.name, text}}, tag);
}

}  // namespace oneloop
