#ifndef ONELOOP_COMMON_FORMATS_TIMELOOP_TEMPLATE_H_
#define ONELOOP_COMMON_FORMATS_TIMELOOP_TEMPLATE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/formats/component_prices.h"
#include "common/formats/timeloop_file.h"
#include "oneloop/v1/template.pb.h"

namespace oneloop {

// A size of an architecture file that becomes a parameter of the template.
struct VariedSize {
  std::string level;  // of a memory, of compute units or, for meshes in v0.4, of a container
  std::string key;    // depth, entries, meshX, meshY
  double min = 1;     // whole numbers, as in the file
  double max = 1;
};

// An ERT or ART, of the sizes in the architecture file or of another value of a varied size.
struct TimeloopCostFile {
  std::string path;
  std::string level_key;       // "shared_glb.depth"; "" for the only size that is varied in depth or entries
  std::optional<double> size;  // nothing: of the sizes in the file
};

struct TemplateImportOptions {
  std::string name;            // of the template; after the architecture's file when empty
  std::string dialect;         // as Template.dialect; when empty 2022 for v0.2 and v0.3, 2023 for v0.4
  bool search_bypass = false;  // tensors of which a file says neither keep nor bypass: the mapping's choice, else kept
  std::vector<VariedSize> varied;
  TimeloopVariables variables;                       // for {{NAME}} and expressions
  std::vector<TimeloopCostFile> costs;               // beside what the files hold
  const ComponentPriceSource* components = nullptr;  // for what no table lists
};

struct TemplateImport {
  v1::Template hardware_template;
  std::vector<std::string> warnings;  // what is ignored or left out, each with its place
  std::vector<std::string> fits;      // how far fitted costs are from the tables, a sentence each
};

// The variables of a file: its `variables`, or its own scalars.
absl::StatusOr<TimeloopVariables> ReadTimeloopVariables(const std::string& path);

// An accelerator of Timeloop's, of v0.2 to v0.4 or as its front end writes it, as a template. One of the files has the
// architecture; others may have constraints, the problem whose loops these name, variables, an ERT and an ART. What
// the file says and a template cannot express is an error; all that there are come together, as JoinErrors joins them,
// each with "FILE:LINE:COL: " in front. The template converts to the domain.
absl::StatusOr<TemplateImport> ImportTimeloopTemplate(const std::vector<std::string>& paths,
                                                      const TemplateImportOptions& options);

// The same for files that have been read.
absl::StatusOr<TemplateImport> ImportTimeloopTemplate(const std::vector<std::unique_ptr<const TimeloopFile>>& files,
                                                      const TemplateImportOptions& options);

}  // namespace oneloop

#endif  // ONELOOP_COMMON_FORMATS_TIMELOOP_TEMPLATE_H_
