// What is exported for Timeloop is imported as the template that it was.
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/convert/convert.h"
#include "common/formats/timeloop_export.h"
#include "common/formats/timeloop_machine.h"
#include "common/formats/timeloop_template.h"
#include "gtest/gtest.h"
#include "tests/testing/accelerators.h"
#include "tests/testing/imported_accelerators.h"
#include "tests/testing/published_points.h"
#include "tests/testing/shipped.h"
#include "tests/testing/template_difference.h"
#include "tests/testing/value_or_die.h"

namespace oneloop {
namespace {

// Of a template without parameters.
std::unique_ptr<const Template> ExportedAndImported(const Template& hardware_template, TimeloopVersion version,
                                                    const HardwarePoint& hardware = {}) {
  const TimeloopMachine machine = ValueOrDie(DescribeForTimeloop(hardware_template, hardware, version));
  std::vector<std::unique_ptr<const TimeloopFile>> files;
  files.push_back(ValueOrDie(TimeloopFile::Parse(TimeloopArchitecture(machine, version), "arch.yaml")));
  files.push_back(ValueOrDie(TimeloopFile::Parse(TimeloopErt(machine, version), "ert.yaml")));
  files.push_back(ValueOrDie(
      TimeloopFile::Parse(ConstraintFileOf(hardware_template, version == TimeloopVersion::k04), "constraints.yaml")));
  TemplateImportOptions options;
  options.name = hardware_template.name();
  options.dialect = NameOf(hardware_template.spec().dialect);
  return ValueOrDie(TemplateFromProto(ValueOrDie(ImportTimeloopTemplate(files, options)).hardware_template));
}

// The parameters replaced by values.
std::unique_ptr<const Template> At(const Template& hardware_template, const HardwarePoint& hardware) {
  TemplateSpec spec = hardware_template.spec();
  const auto fix = [&](Formula* formula) { *formula = Formula::Constant(formula->Evaluate(hardware), 0); };
  const auto fix_optional = [&](std::optional<Formula>* formula) {
    if (formula->has_value()) fix(&**formula);
  };
  spec.parameters.clear();
  fix_optional(&spec.mac_energy_pj);
  spec.area_mm2.reset();
  for (LevelSpec& level : spec.levels) {
    for (AxisSpec& axis : level.spatial) fix(&axis.size);
    for (std::optional<Formula>* const formula : {&level.capacity_bytes, &level.capacity_words, &level.words_per_cycle,
                                                  &level.energy_pj, &level.block_words, &level.leak_pj}) {
      fix_optional(formula);
    }
    for (PortSpec& port : level.ports) {
      for (std::optional<Formula>* const formula :
           {&port.access_pj, &port.block_words, &port.cluster, &port.words_per_cycle}) {
        fix_optional(formula);
      }
    }
    for (PartitionSpec& partition : level.partitions) {
      fix_optional(&partition.capacity_bytes);
      fix_optional(&partition.capacity_words);
    }
    if (level.link.has_value()) {
      fix_optional(&level.link->hop_pj);
      fix_optional(&level.link->router_pj);
    }
  }
  return ValueOrDie(Template::Create(std::move(spec)));
}

TEST(TimeloopRoundTripTest, ExportedAcceleratorsAreImportedAsTheyWere) {
  const std::string path = AcceleratorsPath();
  if (path.empty()) GTEST_SKIP() << "no ../shared/data/accelerators.json";
  for (const Accelerator& accelerator : ReadAccelerators(path)) {
    SCOPED_TRACE(accelerator.name);
    const Template& old = *accelerator.hardware_template;
    EXPECT_EQ(TemplateDifference(old, *ExportedAndImported(old, TimeloopVersion::k03)), "");
    const Template& newer = *accelerator.newer;
    EXPECT_EQ(TemplateDifference(newer, *ExportedAndImported(newer, TimeloopVersion::k04)), "");
  }
}

// A second round changes nothing, whatever the first could not say.
TEST(TimeloopRoundTripTest, ShippedTemplatesComeBackFromEachRoundTheSame) {
  for (const PublishedPoint& point : PublishedPoints()) {
    SCOPED_TRACE(point.template_name);
    const auto fixed = At(*ShippedTemplate(point.template_name), point.hardware);
    const TimeloopVersion version =
        fixed->spec().dialect == Dialect::k2022 ? TimeloopVersion::k03 : TimeloopVersion::k04;
    const auto once = ExportedAndImported(*fixed, version);
    EXPECT_EQ(TemplateDifference(*once, *ExportedAndImported(*once, version)), "");
  }
}

}  // namespace
}  // namespace oneloop
