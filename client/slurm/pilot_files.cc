#include "client/slurm/pilot_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/exit_code.h"
#include "common/base/descriptor.h"
#include "common/base/fnv.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

namespace fs = std::filesystem;

constexpr char kTokenEnding[] = ".token";

absl::Status Unusable(const std::string& folder, std::string_view why) {
  return UsageError("workers", absl::StrCat("--dir: ", folder, " ", ToAbsl(why)));
}

// Those above it included; what is made here is for this user alone.
absl::Status MakePrivateFolder(const std::string& folder) {
  const fs::path path(folder);
  fs::path made;
  for (const fs::path& part : path) {
    made /= part;
    if (mkdir(made.c_str(), 0700) != 0 && errno != EEXIST) {
      return Unusable(folder, absl::StrCat("cannot be made: ", std::strerror(errno)));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckPrivate(const std::string& folder) {
  struct stat info = {};
  if (lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return Unusable(folder, "is no directory");
  if (info.st_uid != geteuid()) return Unusable(folder, "is another user's");
  if ((info.st_mode & 0077u) == 0) return absl::OkStatus();
  return Unusable(folder, absl::StrCat("is open to others; change that: chmod 700 ", folder));
}

absl::Status WriteAll(const std::string& path, const std::string& text) {
  const Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const auto failed = [&path] {
    return absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  };
  if (!file.is_open()) return failed();
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t size = write(file.number(), text.data() + written, text.size() - written);
    if (size < 0) return failed();
    written += static_cast<std::size_t>(size);
  }
  // Other machines are to see it.
  return fsync(file.number()) == 0 ? absl::OkStatus() : failed();
}

bool IsWord(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); });
}

}  // namespace

std::string DefaultPilotFolder(const Environment& env) {
  const std::optional<std::string> state_home = env.variable("XDG_STATE_HOME");
  if (state_home.has_value() && state_home->starts_with('/')) return *state_home + "/oneloop/workers";
  const std::optional<std::string> home = env.variable("HOME");
  return home.has_value() && home->starts_with('/') ? *home + "/.local/state/oneloop/workers" : "";
}

std::string TokenId(std::string_view token) {
  const std::vector<absl::string_view> parts = absl::StrSplit(ToAbsl(token), '_');
  const bool is_token = parts.size() == 3 && parts[0] == "olt" && IsWord(parts[1]) && IsWord(parts[2]);
  return is_token && parts[1].size() <= 64 ? std::string(parts[1]) : "";
}

absl::StatusOr<PilotFiles> PilotFiles::Open(const std::string& folder, const std::string& cluster) {
  if (!folder.starts_with('/')) return Unusable(folder, "is no absolute path");
  PilotFiles files(absl::StrCat(folder, "/", cluster));
  RETURN_IF_ERROR(MakePrivateFolder(files.folder_));
  RETURN_IF_ERROR(CheckPrivate(files.folder_));
  RETURN_IF_ERROR(MakePrivateFolder(files.log_folder()));
  return files;
}

absl::StatusOr<std::string> PilotFiles::Keep(const std::string& name, const std::string& text) const {
  std::string path = absl::StrCat(folder_, "/", name);
  const std::string temporary = absl::StrCat(path, ".new-", getpid());
  unlink(temporary.c_str());
  absl::Status written = WriteAll(temporary, text);
  if (written.ok() && rename(temporary.c_str(), path.c_str()) != 0) {
    written = absl::InternalError(absl::StrCat(path, ": cannot be written: ", std::strerror(errno)));
  }
  if (!written.ok()) {
    unlink(temporary.c_str());
    return written;
  }
  return path;
}

absl::StatusOr<std::string> PilotFiles::KeepToken(const std::string& token) const {
  return Keep(absl::StrCat(TokenId(token), kTokenEnding), token + "\n");
}

absl::StatusOr<std::string> PilotFiles::KeepCertificates(const std::string& pem) const {
  return Keep(absl::StrFormat("ca-%016x.pem", Fnv1a64(pem)), pem);
}

absl::Status RemovePilotTokens(const std::string& folder, const std::string& cluster) {
  std::error_code error;
  const fs::path own = fs::path(folder) / cluster;
  if (!fs::exists(own, error)) return absl::OkStatus();
  std::vector<fs::path> tokens;
  for (fs::directory_iterator entry(own, error), end; !error && entry != end; entry.increment(error)) {
    if (entry->path().extension() == kTokenEnding) tokens.push_back(entry->path());
  }
  for (const fs::path& token : tokens) {
    if (!error) fs::remove(token, error);
  }
  if (!error) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(own.string(), ": a token cannot be removed: ", error.message()));
}

}  // namespace oneloop
