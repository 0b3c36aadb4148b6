#include "absl/strings/match.h"
#include "common/base/status.h"
#include "common/convert/constraints.h"
#include "common/formats/timeloop_constraints.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/text_fuzzer.h"

namespace oneloop {

// A constraint file for a template of three levels. What was read names its levels and axes alone.
TEXT_FUZZER(input) {
  v1::Template hardware;
  for (const char* const name : {"pe", "buffer", "DRAM"}) {
    v1::Level& level = *hardware.add_levels();
    level.set_name(name);
    for (const Tensor tensor : kAllTensors) level.add_keeps(std::string(1, Name(tensor)));
  }
  for (const char* const name : {"X", "Y"}) {
    v1::SpatialAxis& axis = *hardware.mutable_levels(1)->add_spatial();
    axis.set_name(name);
    axis.set_size("4");
    for (const Dim dim : kAllDims) axis.add_dims(std::string(1, Name(dim)));
  }
  for (const bool is_v04 : {false, true}) {
    const auto file = TimeloopFile::Parse(input, "c.yaml");
    CheckAnswer(file.status());
    if (!file.ok()) return;
    TimeloopNames names = TimeloopNames::OfCnnLayer();
    const YamlView problem = (*file)->root().Get("problem");
    if (problem.IsMap()) {
      const auto given = NamesOfProblem(problem, "c.yaml");
      CheckAnswer(given.status());
      if (!given.ok()) return;
      names = *given;
    }
    TimeloopNotes notes;
    const auto read = ReadTimeloopConstraints(**file, names, is_v04, &notes);
    const v1::Constraints constraints = ToConstraints(read, hardware, names, &notes);
    CheckAnswer(notes.status());
    for (const absl::Status& error : ErrorsOf(notes.status())) {
      Check(error.ok() || absl::StartsWith(error.message(), "c.yaml:") || absl::StartsWith(error.message(), "and "),
            "an error has its place");
    }
    v1::Template merged = hardware;
    const absl::Status added = AddConstraints(constraints, &merged);
    CheckAnswer(added);
    if (!added.ok()) return;
    for (const v1::LevelConstraints& level : constraints.levels()) {
      Check(level.level() == "pe" || level.level() == "buffer" || level.level() == "DRAM", "a level is the template's");
      Check(level.spatial_size() <= 2, "an axis is named once");
    }
    Check(merged.levels_size() == 3 && merged.levels(2).keeps_size() == 3, "the outermost level keeps all");
  }
}

}  // namespace oneloop
