#include "client/slurm/run_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/clock.h"
#include "common/base/descriptor.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

absl::Status SystemError(std::string_view what) {
  return absl::InternalError(absl::StrCat(ToAbsl(what), ": ", std::strerror(errno)));
}

// A file in memory that is read from its beginning: unlike a pipe it takes any text at once.
absl::StatusOr<Descriptor> InputOf(const std::string& text) {
  Descriptor file(memfd_create("input", MFD_CLOEXEC));
  if (!file.is_open()) return SystemError("memfd_create");
  for (std::size_t written = 0; written < text.size();) {
    const ssize_t size = write(file.number(), text.data() + written, text.size() - written);
    if (size < 0) return SystemError("memfd");
    written += static_cast<std::size_t>(size);
  }
  if (lseek(file.number(), 0, SEEK_SET) != 0) return SystemError("memfd");
  return file;
}

struct Pipe {
  Descriptor read_end;  // does not block
  Descriptor write_end;
};

absl::StatusOr<Pipe> MakePipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return SystemError("pipe");
  Pipe made{Descriptor(ends[0]), Descriptor(ends[1])};
  if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0) return SystemError("pipe");
  return made;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts->size() + 1);
  for (std::string& text : *texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// A child in a group of its own; whatever of it still runs is killed with the object.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ > 0) Kill();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Its exit code; to be called once it has ended.
  int Reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  void Kill() {
    kill(-pid_, SIGKILL);
    Reap();
  }

  pid_t pid_;
};

absl::StatusOr<pid_t> Spawn(const Program& program, int input, int out, int err) {
  std::vector<std::string> arguments = {program.path};
  arguments.insert(arguments.end(), program.arguments.begin(), program.arguments.end());
  std::vector<std::string> environment = program.environment;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  // What this process ignores or blocks is its own affair.
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.path.c_str(), &actions, &attributes, Pointers(&arguments).data(),
                                Pointers(&environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return absl::NotFoundError(absl::StrCat(program.path, ": cannot be started: ", std::strerror(error)));
  }
  return pid;
}

// Takes what is there. False once nothing will come any more, or there is too much.
bool TakeOutput(int descriptor, std::size_t most, std::string* text) {
  std::array<char, 65536> buffer{};
  while (text->size() <= most) {
    const ssize_t size = read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    text->append(buffer.data(), static_cast<std::size_t>(size));
  }
  return false;
}

// Reads both outputs until the process has ended.
absl::Status Follow(int process, Descriptor* out, Descriptor* err, const Program& program, const ProgramLimits& limits,
                    ProgramOutcome* outcome) {
  const SteadyTime deadline = SteadyNow() + limits.timeout;
  for (bool ended = false; !ended;) {
    const absl::Duration left = deadline - SteadyNow();
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(
          absl::StrCat(program.path, ": no answer within ", absl::FormatDuration(limits.timeout)));
    }
    std::array<pollfd, 3> waits = {pollfd{process, POLLIN, 0}, {out->number(), POLLIN, 0}, {err->number(), POLLIN, 0}};
    const auto milliseconds = std::clamp<std::int64_t>(absl::ToInt64Milliseconds(left) + 1, 1, 60000);
    if (poll(waits.data(), waits.size(), static_cast<int>(milliseconds)) < 0 && errno != EINTR) {
      return SystemError("poll");
    }
    ended = (waits[0].revents & POLLIN) != 0;
    for (const auto& [end, text] : {std::pair{out, &outcome->out}, {err, &outcome->err}}) {
      if (end->is_open() && !TakeOutput(end->number(), limits.most_output_bytes, text)) end->Reset();
      if (text->size() <= limits.most_output_bytes) continue;
      return absl::ResourceExhaustedError(
          absl::StrCat(program.path, ": more than ", limits.most_output_bytes, " bytes of output"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ProgramOutcome> RunProgram(const Program& program, const ProgramLimits& limits) {
  ASSIGN_OR_RETURN(const Descriptor input, InputOf(program.input));
  ASSIGN_OR_RETURN(Pipe out, MakePipe());
  ASSIGN_OR_RETURN(Pipe err, MakePipe());
  ASSIGN_OR_RETURN(const pid_t pid, Spawn(program, input.number(), out.write_end.number(), err.write_end.number()));
  Child child(pid);
  out.write_end.Reset();
  err.write_end.Reset();
  // The header of glibc 2.36 declares pidfd_open as if it were C++.
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.is_open()) return SystemError("pidfd_open");
  ProgramOutcome outcome;
  RETURN_IF_ERROR(Follow(process.number(), &out.read_end, &err.read_end, program, limits, &outcome));
  outcome.exit_code = child.Reap();
  return outcome;
}

std::optional<std::string> FindProgram(std::string_view name, std::string_view path) {
  for (const absl::string_view folder : absl::StrSplit(ToAbsl(path), ':')) {
    if (folder.empty() || folder[0] != '/') continue;
    std::string file = absl::StrCat(folder, "/", ToAbsl(name));
    struct stat info = {};
    if (stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && access(file.c_str(), X_OK) == 0) return file;
  }
  return std::nullopt;
}

}  // namespace oneloop
