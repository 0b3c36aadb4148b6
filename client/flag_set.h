#ifndef ONELOOP_CLIENT_FLAG_SET_H_
#define ONELOOP_CLIENT_FLAG_SET_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace oneloop {

// The flags and arguments of one command, each bound to a variable that Parse() sets. `--name value`, `--name=value`,
// `-n value` for a flag with a short name and, for bool, `--name`; flags and arguments in any order; "--" ends the
// flags. Only repeated flags may occur twice. The variables must outlive the FlagSet. Not thread-safe.
class FlagSet {
 public:
  // `command` is named in the hint of usage errors.
  explicit FlagSet(std::string command) : command_(std::move(command)) {}

  // `value` describes the value in the help, for example "N" or "NAME|FILE".
  void Add(std::string name, std::string value, std::string help, std::string* target);
  void Add(std::string name, std::string value, std::string help, std::optional<std::string>* target);
  // `valid`, for example "1 to 10000", is told of text that is no whole number or does not fit into the variable; what
  // fits is checked by whoever uses it. By default it is what the variable holds.
  void Add(std::string name, std::string value, std::string help, std::optional<std::int32_t>* target,
           std::string valid = "");
  void Add(std::string name, std::string value, std::string help, std::optional<std::int64_t>* target,
           std::string valid = "");
  void Add(std::string name, std::string value, std::string help, std::uint64_t* target);
  void Add(std::string name, std::string value, std::string help, std::optional<double>* target);
  void Add(std::string name, std::string help, bool* target);
  void AddRepeated(std::string name, std::string value, std::string help, std::vector<std::string>* target);
  // `*target` becomes one of `choices`.
  void AddChoice(std::string name, std::vector<std::string> choices, std::string help, std::string* target);
  // Every element of `*target` becomes one of `choices`.
  void AddRepeatedChoice(std::string name, std::vector<std::string> choices, std::string help,
                         std::vector<std::string>* target);
  // Another way to write the flag of this name, which has been added.
  void AddShort(char letter, const std::string& name);

  // An argument without flag, in the order of the calls; optional ones last.
  void AddArgument(std::string name, std::string help, std::string* target);
  void AddOptionalArgument(std::string name, std::string help, std::optional<std::string>* target);
  // The last one: takes every argument that is left, one at least.
  void AddArguments(std::string name, std::string help, std::vector<std::string>* target);
  // The same, and takes none, too.
  void AddOptionalArguments(std::string name, std::string help, std::vector<std::string>* target);

  // UsageError, with the nearest flag for an unknown one. Stops at `--help` or `-h`, which sets help_requested().
  absl::Status Parse(const std::vector<std::string>& args);
  bool help_requested() const { return help_requested_; }
  // Whether the flag of this name was set.
  bool given(std::string_view name) const;

  // "JOB [NAME] [flags]", then the lines that describe arguments and flags.
  std::string UsageLine() const;
  std::string HelpText() const;

 private:
  // Sets the variable; the error is a phrase such as "'x' is not a whole number".
  using Setter = std::function<absl::Status(const std::string& text)>;
  struct Flag {
    std::string name;
    std::string value;  // "" for bool
    std::string help;
    Setter set;
    bool repeated = false;
    bool seen = false;
    std::string short_name;  // "o"; "" without one
  };
  struct Argument {
    std::string name;
    std::string help;
    Setter set;
    bool required = true;
    bool repeated = false;
  };

  void AddFlag(std::string name, std::string value, std::string help, Setter set, bool repeated = false);
  absl::Status SetFlag(const std::vector<std::string>& args, std::size_t* position);
  absl::Status SetArgument(std::size_t index, const std::string& text);
  absl::Status Error(std::string_view description) const;

  std::string command_;
  std::vector<Flag> flags_;
  std::vector<Argument> arguments_;
  bool help_requested_ = false;
};

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_FLAG_SET_H_
