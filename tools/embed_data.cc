// Build tool: embed_data OUTPUT.cc FILE.yaml... reads and checks the shipped workloads (FILE in a folder "workloads"),
// templates (in "templates") and calibrations (in "calibrations") and writes them as C++ source for
// common/convert/library.cc. A bad file is an error with its line, and stops the build.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/convert/convert.h"
#include "common/convert/files.h"
#include "common/latency/latency_model.h"
#include "common/model/exact/cost_model.h"
#include "oneloop/v1/library.pb.h"

namespace oneloop {
namespace {

constexpr std::size_t kBytesPerLine = 24;

template <class Message>
absl::Status Append(const absl::StatusOr<Message>& message, const std::filesystem::path& path,
                    google::protobuf::RepeatedPtrField<Message>* list) {
  RETURN_IF_ERROR(message.status());
  if (message->name() != path.stem().string()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ":1:1: name: is '", message->name(), "'; expected the file's name"));
  }
  *list->Add() = *message;
  return absl::OkStatus();
}

template <class Message>
void SortByName(google::protobuf::RepeatedPtrField<Message>* list) {
  std::sort(list->begin(), list->end(), [](const Message& a, const Message& b) { return a.name() < b.name(); });
}

// The model has to be readable with its template.
absl::Status CheckModel(const v1::Calibration& calibration, const v1::Library& library) {
  for (const v1::Template& message : library.templates()) {
    if (message.name() != calibration.template_name()) continue;
    ASSIGN_OR_RETURN(std::shared_ptr<const Template> hardware_template, TemplateFromProto(message));
    const CostModel model(std::move(hardware_template));
    return LatencyModel::Parse(calibration.model(), model).status();
  }
  return FieldError("template_name", "is not a shipped template");
}

absl::StatusOr<v1::Library> ReadLibrary(const std::vector<std::string>& files) {
  v1::Library library;
  for (const std::string& file : files) {
    const std::filesystem::path path(file);
    const std::string folder = path.parent_path().filename().string();
    if (folder == "workloads") {
      RETURN_IF_ERROR(Append(ReadWorkloadFile(file), path, library.mutable_workloads()));
    } else if (folder == "templates") {
      RETURN_IF_ERROR(Append(ReadTemplateFile(file), path, library.mutable_templates()));
    } else if (folder == "calibrations") {
      RETURN_IF_ERROR(Append(ReadCalibrationFile(file), path, library.mutable_calibrations()));
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ": expected a file in workloads/, templates/ or calibrations/"));
    }
  }
  SortByName(library.mutable_workloads());
  SortByName(library.mutable_templates());
  SortByName(library.mutable_calibrations());
  for (const v1::Calibration& calibration : library.calibrations()) {
    RETURN_IF_ERROR(PrefixField(absl::StrCat("calibration ", calibration.name()), CheckModel(calibration, library)));
  }
  return library;
}

absl::Status WriteSource(const std::string& bytes, const std::string& output) {
  std::string source =
      "// Written by tools/embed_data.cc.\n"
      "#include \"common/convert/shipped_data.h\"\n\n"
      "namespace oneloop {\n\n"
      "const unsigned char kShippedData[] = {";
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    absl::StrAppend(&source, i % kBytesPerLine == 0 ? "\n    " : " ", static_cast<unsigned char>(bytes[i]), ",");
  }
  absl::StrAppend(&source,
                  "\n};\nconst std::size_t kShippedDataSize = sizeof(kShippedData);\n\n}  // namespace oneloop\n");
  std::ofstream stream(output, std::ios::binary | std::ios::trunc);
  stream << source;
  stream.close();
  if (!stream) return absl::InternalError(absl::StrCat(output, ": cannot be written"));
  return absl::OkStatus();
}

absl::Status Run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return absl::InvalidArgumentError("usage: embed_data OUTPUT.cc FILE.yaml...");
  ASSIGN_OR_RETURN(const v1::Library library, ReadLibrary({arguments.begin() + 1, arguments.end()}));
  return WriteSource(library.SerializeAsString(), arguments[0]);
}

}  // namespace
}  // namespace oneloop

int main(int argc, char** argv) {
  const absl::Status status = oneloop::Run({argv + 1, argv + argc});
  if (status.ok()) return 0;
  std::cerr << oneloop::Message(status) << "\n";
  return 1;
}
