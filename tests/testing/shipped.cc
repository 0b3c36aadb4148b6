#include "tests/testing/shipped.h"

#include <filesystem>
#include <system_error>

#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/convert/library.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

template <class Message>
const Message& FindOrDie(const google::protobuf::RepeatedPtrField<Message>& list, const std::string& name) {
  for (const Message& message : list) {
    if (message.name() == name) return message;
  }
  BadTestInput("nothing is shipped under the name '" + name + "'");
}

}  // namespace

std::unique_ptr<const Template> ShippedTemplate(const std::string& name) {
  return ValueOrDie(TemplateFromProto(FindOrDie(ShippedLibrary().templates(), name)));
}

Workload ShippedWorkload(const std::string& name) {
  return ValueOrDie(WorkloadFromProto(FindOrDie(ShippedLibrary().workloads(), name)));
}

std::unique_ptr<const Template> FixtureTemplate(const std::string& name) {
  const std::string path = SourceDir() + "/tests/data/templates/" + name + ".yaml";
  return ValueOrDie(TemplateFromProto(ValueOrDie(ReadTemplateFile(path))));
}

std::unique_ptr<const Template> TemplateFromYaml(const std::string& text) {
  return ValueOrDie(TemplateFromProto(ValueOrDie(ReadTemplateText(text, "template"))));
}

Workload WorkloadFromYaml(const std::string& text) {
  return ValueOrDie(WorkloadFromProto(ValueOrDie(ReadWorkloadText(text, "workload"))));
}

std::string SourceDir() { return ONELOOP_SOURCE_DIR; }

std::string SharedDataDir() {
  const std::string path = SourceDir() + "/../shared/data";
  std::error_code error;
  return std::filesystem::is_directory(path, error) ? path : "";
}

}  // namespace oneloop
