#include <vector>

#include "server/daemon/config_file.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// Every value that is read says where it stands.
TEXT_FUZZER(input) {
  const std::vector<SettingKey> keys = {{"data_dir", SettingType::kText},
                                        {"threads", SettingType::kNumber},
                                        {"enable_admin", SettingType::kBoolean},
                                        {"listen", SettingType::kTexts}};
  const auto entries = ParseConfig(input, "oneloopd.yaml", keys);
  CheckAnswer(entries.status());
  if (!entries.ok()) return;
  for (const ConfigEntry& entry : *entries) {
    Check(entry.place.rfind("oneloopd.yaml:", 0) == 0, "a value has a place");
  }
}

}  // namespace oneloop
