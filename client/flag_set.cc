#include "client/flag_set.h"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/exit_code.h"
#include "client/numbers.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

template <class Integer>
absl::Status SetInteger(const std::string& text, std::string_view valid, Integer* target) {
  const std::optional<Integer> value = ParseInteger<Integer>(text);
  if (!value.has_value()) {
    const std::string range =
        absl::StrCat(std::numeric_limits<Integer>::min(), " to ", std::numeric_limits<Integer>::max());
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not a whole number from ", valid.empty() ? range : ToString(ToAbsl(valid))));
  }
  *target = *value;
  return absl::OkStatus();
}

template <class Integer>
absl::Status SetOptionalInteger(const std::string& text, std::string_view valid, std::optional<Integer>* target) {
  Integer value = 0;
  RETURN_IF_ERROR(SetInteger(text, valid, &value));
  *target = value;
  return absl::OkStatus();
}

absl::Status SetBool(const std::string& text, bool* target) {
  if (text != "true" && text != "false") {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is neither true nor false"));
  }
  *target = text == "true";
  return absl::OkStatus();
}

absl::Status CheckChoice(const std::string& text, const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("there is no '", text, "'", SuggestName(text, choices)));
}

}  // namespace

void FlagSet::AddFlag(std::string name, std::string value, std::string help, Setter set, bool repeated) {
  flags_.push_back({std::move(name), std::move(value), std::move(help), std::move(set), repeated, false, ""});
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::string* target) {
  AddFlag(std::move(name), std::move(value), std::move(help), [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  });
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::optional<std::string>* target) {
  AddFlag(std::move(name), std::move(value), std::move(help), [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  });
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::optional<std::int32_t>* target,
                  std::string valid) {
  AddFlag(
      std::move(name), std::move(value), std::move(help),
      [target, valid = std::move(valid)](const std::string& text) { return SetOptionalInteger(text, valid, target); });
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::optional<std::int64_t>* target,
                  std::string valid) {
  AddFlag(
      std::move(name), std::move(value), std::move(help),
      [target, valid = std::move(valid)](const std::string& text) { return SetOptionalInteger(text, valid, target); });
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::uint64_t* target) {
  AddFlag(std::move(name), std::move(value), std::move(help),
          [target](const std::string& text) { return SetInteger(text, "", target); });
}

void FlagSet::Add(std::string name, std::string value, std::string help, std::optional<double>* target) {
  AddFlag(std::move(name), std::move(value), std::move(help), [target](const std::string& text) -> absl::Status {
    *target = ParseNumber(text);
    if (target->has_value()) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not a finite number"));
  });
}

void FlagSet::Add(std::string name, std::string help, bool* target) {
  AddFlag(std::move(name), "", std::move(help), [target](const std::string& text) { return SetBool(text, target); });
}

void FlagSet::AddRepeated(std::string name, std::string value, std::string help, std::vector<std::string>* target) {
  AddFlag(
      std::move(name), std::move(value), std::move(help),
      [target](const std::string& text) {
        target->push_back(text);
        return absl::OkStatus();
      },
      true);
}

void FlagSet::AddChoice(std::string name, std::vector<std::string> choices, std::string help, std::string* target) {
  std::string value = absl::StrJoin(choices, "|");
  AddFlag(std::move(name), std::move(value), std::move(help),
          [target, choices = std::move(choices)](const std::string& text) -> absl::Status {
            RETURN_IF_ERROR(CheckChoice(text, choices));
            *target = text;
            return absl::OkStatus();
          });
}

void FlagSet::AddRepeatedChoice(std::string name, std::vector<std::string> choices, std::string help,
                                std::vector<std::string>* target) {
  std::string value = absl::StrJoin(choices, "|");
  AddFlag(
      std::move(name), std::move(value), std::move(help),
      [target, choices = std::move(choices)](const std::string& text) -> absl::Status {
        RETURN_IF_ERROR(CheckChoice(text, choices));
        target->push_back(text);
        return absl::OkStatus();
      },
      true);
}

void FlagSet::AddShort(char letter, const std::string& name) {
  for (Flag& flag : flags_) {
    if (flag.name == name) flag.short_name = letter;
  }
}

void FlagSet::AddArgument(std::string name, std::string help, std::string* target) {
  const auto set = [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  };
  arguments_.push_back({std::move(name), std::move(help), set, true, false});
}

void FlagSet::AddOptionalArgument(std::string name, std::string help, std::optional<std::string>* target) {
  const auto set = [target](const std::string& text) {
    *target = text;
    return absl::OkStatus();
  };
  arguments_.push_back({std::move(name), std::move(help), set, false, false});
}

void FlagSet::AddArguments(std::string name, std::string help, std::vector<std::string>* target) {
  const auto set = [target](const std::string& text) {
    target->push_back(text);
    return absl::OkStatus();
  };
  arguments_.push_back({std::move(name), std::move(help), set, true, true});
}

void FlagSet::AddOptionalArguments(std::string name, std::string help, std::vector<std::string>* target) {
  AddArguments(std::move(name), std::move(help), target);
  arguments_.back().required = false;
}

absl::Status FlagSet::Parse(const std::vector<std::string>& args) {
  std::size_t num_arguments = 0;
  bool flags_ended = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string& arg = args[i];
    const bool is_flag = !flags_ended && arg.size() > 1 && arg.front() == '-';
    if (!is_flag) {
      RETURN_IF_ERROR(SetArgument(num_arguments++, arg));
    } else if (arg == "--") {
      flags_ended = true;
    } else if (arg == "--help" || arg == "-h") {
      help_requested_ = true;
      return absl::OkStatus();
    } else {
      RETURN_IF_ERROR(SetFlag(args, &i));
    }
  }
  if (num_arguments < arguments_.size() && arguments_[num_arguments].required) {
    return Error(absl::StrCat(arguments_[num_arguments].name, " is missing"));
  }
  return absl::OkStatus();
}

absl::Status FlagSet::SetFlag(const std::vector<std::string>& args, std::size_t* position) {
  const std::string& arg = args[*position];
  const std::size_t equals = arg.find('=');
  const std::string written = arg.substr(0, equals);
  const std::string name = written.substr(written.starts_with("--") ? 2 : 1);
  const bool is_short = !written.starts_with("--");
  const auto flag = std::find_if(flags_.begin(), flags_.end(),
                                 [&](const Flag& f) { return (is_short ? f.short_name : f.name) == name; });
  if (flag == flags_.end()) {
    std::vector<std::string> names = {"--help"};
    for (const Flag& f : flags_) names.push_back("--" + f.name);
    return Error(absl::StrCat("unknown flag ", written, SuggestName("--" + name, names)));
  }
  if (flag->seen && !flag->repeated) return Error(absl::StrCat(written, " is given twice"));
  flag->seen = true;
  std::string text = "true";
  if (equals != std::string::npos) {
    text = arg.substr(equals + 1);
  } else if (!flag->value.empty()) {
    if (*position + 1 == args.size() || args[*position + 1].starts_with("--")) {
      return Error(absl::StrCat(written, " needs a value: ", written, " ", flag->value));
    }
    text = args[++*position];
  }
  const absl::Status status = flag->set(text);
  return status.ok() ? status : Error(absl::StrCat(written, ": ", status.message()));
}

absl::Status FlagSet::SetArgument(std::size_t index, const std::string& text) {
  if (index >= arguments_.size() && !arguments_.empty() && arguments_.back().repeated) index = arguments_.size() - 1;
  if (index >= arguments_.size()) return Error(absl::StrCat("unexpected argument '", text, "'"));
  return arguments_[index].set(text);
}

bool FlagSet::given(std::string_view name) const {
  return std::any_of(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name && flag.seen; });
}

absl::Status FlagSet::Error(std::string_view description) const { return UsageError(command_, description); }

std::string FlagSet::UsageLine() const {
  std::string line;
  for (const Argument& argument : arguments_) {
    absl::StrAppend(&line, argument.required ? argument.name : absl::StrCat("[", argument.name, "]"),
                    argument.repeated ? "... " : " ");
  }
  return absl::StrCat(line, "[flags]");
}

std::string FlagSet::HelpText() const {
  struct Line {
    std::string left;
    const std::string* help;
  };
  std::vector<Line> lines;
  for (const Argument& argument : arguments_) lines.push_back({argument.name, &argument.help});
  for (const Flag& flag : flags_) {
    const std::string other = flag.short_name.empty() ? "" : absl::StrCat("-", flag.short_name, ", ");
    lines.push_back({absl::StrCat(other, "--", flag.name, flag.value.empty() ? "" : " ", flag.value), &flag.help});
  }
  constexpr std::size_t kHelpColumn = 30;
  std::string text;
  for (const Line& line : lines) {
    const bool fits = line.left.size() < kHelpColumn;
    const std::string gap =
        fits ? std::string(kHelpColumn - line.left.size(), ' ') : absl::StrCat("\n  ", std::string(kHelpColumn, ' '));
    absl::StrAppend(&text, "  ", line.left, gap, *line.help, "\n");
  }
  return text;
}

}  // namespace oneloop
