#ifndef ONELOOP_TESTS_CLIENT_PROCESS_H_
#define ONELOOP_TESTS_CLIENT_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace oneloop {

// A program of this build: "oneloop", "oneloopd".
std::string BuiltProgram(const std::string& name);

struct ProcessResult {
  int code = -1;  // -1 when a signal ended it
  std::string out;
};

// Runs a command line of the shell to its end; `out` is its standard output. $ONELOOP is the client, quoted where the
// path needs it.
ProcessResult RunShell(const std::string& command);

// A child process whose standard output is read here. Killed with the object, and when the thread that made it ends.
class ChildProcess {
 public:
  // Standard error goes where this process's goes, or with `merge_errors` into the output.
  ChildProcess(const std::vector<std::string>& arguments, bool merge_errors);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of output, without line break; empty at the end.
  std::string ReadLine();
  std::string ReadToEnd();
  void Signal(int signal) const;
  // The exit code; -1 when a signal ended it.
  int Wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace oneloop

#endif  // ONELOOP_TESTS_CLIENT_PROCESS_H_
