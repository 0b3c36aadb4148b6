#ifndef ONELOOP_SERVER_DAEMON_CONFIG_FILE_H_
#define ONELOOP_SERVER_DAEMON_CONFIG_FILE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace oneloop {

// What the value of a setting looks like in a file.
enum class SettingType { kText, kNumber, kBoolean, kTexts };

struct SettingKey {
  std::string name;
  SettingType type = SettingType::kText;
};

// One value of a configuration file; a list gives one for each item.
struct ConfigEntry {
  std::string key;
  std::string value;
  std::string place;  // "FILE:LINE:COLUMN" of the value
};

// Reads a map of settings in YAML, in the order of the text. INVALID_ARGUMENT "FILE:LINE:COL: ..." for what
// YamlDocument refuses, a key that is unknown (with the nearest of `keys`) or comes twice, and a value of another type:
// a number has digits only and no quotes, a boolean is true or false, an empty value is none.
absl::StatusOr<std::vector<ConfigEntry>> ParseConfig(std::string_view text, const std::string& file,
                                                     const std::vector<SettingKey>& keys);

// As above; and the errors of ReadFile.
absl::StatusOr<std::vector<ConfigEntry>> ReadConfigFile(const std::string& path, const std::vector<SettingKey>& keys);

}  // namespace oneloop

#endif  // ONELOOP_SERVER_DAEMON_CONFIG_FILE_H_
