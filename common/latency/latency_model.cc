#include "common/latency/latency_model.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/fnv.h"
#include "common/base/status.h"
#include "common/workload/dims.h"

namespace oneloop {
namespace {

constexpr std::string_view kMagic = "oneloop-latency-model ";
constexpr int kVersion = 1;
constexpr std::string_view kChecksum = "checksum ";
// More numbers than any model has.
constexpr std::size_t kMostNumbers = 1000000;

// The shortest text that reads back as the same number.
std::string NumberText(double number) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return {text.data(), end};
}

// What timings depend on in a template at a hardware point: who keeps what, axes, sizes and bandwidths.
// "@8" for a bandwidth that all of a level's flows share, "@inf" without one.
void AppendBandwidths(const CostModel& model, const ComponentCosts& costs, int level, std::string* text) {
  const std::vector<PortRow>& ports = model.structure().ports();
  bool any = false;
  for (std::size_t p = 0; p < ports.size(); ++p) {
    if (ports[p].level != level || std::isinf(costs.ports[p].words_per_cycle)) continue;
    any = true;
    absl::StrAppend(text, " @", NumberText(costs.ports[p].words_per_cycle / ports[p].spec.weight));
    if (ports[p].spec.priced_by_word) continue;
    for (const int f : ports[p].flows) {
      const Flow& flow = model.flows()[ToIndex(f)];
      absl::StrAppend(text, f == ports[p].flows.front() ? ":" : ",", std::string(1, Name(flow.tensor)),
                      Index(flow.kind));
    }
  }
  if (!any) absl::StrAppend(text, " @", NumberText(std::numeric_limits<double>::infinity()));
}

std::string DescribeHierarchy(const CostModel& model, const HardwarePoint& hardware) {
  const Template& hardware_template = model.hardware_template();
  const ComponentCosts costs = model.CostsAt(hardware);
  std::string text = absl::StrCat("macs ", NumberText(costs.macs_per_cycle));
  for (int level = 0; level < hardware_template.num_levels(); ++level) {
    absl::StrAppend(&text, " | ");
    for (const Tensor tensor : kAllTensors) {
      if (hardware_template.level(level).keeps.Has(tensor)) text += Name(tensor);
    }
    for (std::size_t r = 0; r < hardware_template.resources().size(); ++r) {
      const Resource& resource = hardware_template.resources()[r];
      if (!resource.is_axis() || resource.level != level) continue;
      text += " x";
      for (const Dim dim : kAllDims) {
        if (hardware_template.axes()[static_cast<std::size_t>(resource.axis)].dims.Has(dim)) text += Name(dim);
      }
      text += NumberText(costs.limit[r]);
    }
    AppendBandwidths(model, costs, level, &text);
  }
  return text;
}

void AppendLine(std::string_view key, std::span<const double> numbers, std::string* text) {
  absl::StrAppend(text, ToAbsl(key), " ", numbers.size());
  for (const double number : numbers) absl::StrAppend(text, " ", NumberText(number));
  *text += '\n';
}

template <class Visit>
void VisitLines(LatencyParameters& parameters, Visit visit) {
  visit("coefficients", parameters.physics.coefficients);
  visit("first", parameters.networks.first);
  visit("first_bias", parameters.networks.first_bias);
  visit("second", parameters.networks.second);
  visit("second_bias", parameters.networks.second_bias);
  visit("last", parameters.networks.last);
  visit("last_bias", parameters.networks.last_bias);
  visit("low", parameters.trust.low);
  visit("high", parameters.trust.high);
  visit("scale", parameters.trust.scale);
}

void AppendPredictor(std::string_view name, LatencyParameters parameters, std::string* text) {
  const LatencyNetworks& networks = parameters.networks;
  const LatencyTrust& trust = parameters.trust;
  AppendLine(name,
             std::array<double, 10>{parameters.has_physics ? 1.0 : 0.0, parameters.offset, parameters.physics.p,
                                    static_cast<double>(networks.members), static_cast<double>(networks.first_units),
                                    static_cast<double>(networks.second_units), trust.most_correction, trust.agreement,
                                    trust.sigma, trust.untrusted_sigma},
             text);
  AppendLine("inputs", std::vector<double>(networks.inputs.begin(), networks.inputs.end()), text);
  VisitLines(parameters,
             [text](const char* key, const std::vector<double>& numbers) { AppendLine(key, numbers, text); });
}

// Reads line by line; errors name the line.
class Reader {
 public:
  Reader(std::string_view text, int first_line) : rest_(text), line_(first_line) {}

  absl::StatusOr<std::string_view> Line(std::string_view key) {
    ++line_;
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos) return Damaged("ends too early");
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ') {
      return Damaged(absl::StrCat("should begin with \"", ToAbsl(key), "\""));
    }
    line.remove_prefix(key.size() + 1);
    return line;
  }

  absl::StatusOr<std::vector<double>> Numbers(std::string_view key) {
    ASSIGN_OR_RETURN(std::string_view line, Line(key));
    std::vector<double> numbers;
    double count = 0;
    if (!Take(&line, &count) || count < 0 || count > kMostNumbers) return Damaged("has no valid count of numbers");
    while (!line.empty()) {
      double number = 0;
      if (!Take(&line, &number)) return Damaged("has something that is no number");
      numbers.push_back(number);
    }
    if (static_cast<double>(numbers.size()) != count) return Damaged("has not as many numbers as it says");
    return numbers;
  }

  absl::Status Damaged(std::string_view what) const {
    return absl::DataLossError(absl::StrCat("the latency model is damaged: line ", line_, " ", ToAbsl(what)));
  }
  absl::Status End() const { return rest_.empty() ? absl::OkStatus() : Damaged("is followed by more"); }

 private:
  // Takes the number at the front of the line, and the space behind it.
  static bool Take(std::string_view* line, double* number) {
    const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), *number);
    if (error != std::errc()) return false;
    line->remove_prefix(static_cast<std::size_t>(end - line->data()));
    if (line->empty()) return true;
    if (line->front() != ' ' || line->size() == 1) return false;
    line->remove_prefix(1);
    return true;
  }

  std::string_view rest_;
  int line_;
};

bool IsCount(double number) { return number >= 0 && number <= kMostNumbers && number == std::floor(number); }

absl::StatusOr<LatencyParameters> ReadPredictor(std::string_view name, Reader* reader) {
  LatencyParameters parameters;
  ASSIGN_OR_RETURN(const std::vector<double> head, reader->Numbers(name));
  if (head.size() != 10) return reader->Damaged("should have 10 numbers");
  for (const std::size_t i : {0U, 3U, 4U, 5U}) {
    if (!IsCount(head[i])) return reader->Damaged("has a count that is none");
  }
  parameters.has_physics = head[0] == 1;
  parameters.offset = head[1];
  parameters.physics.p = head[2];
  parameters.networks.members = static_cast<int>(head[3]);
  parameters.networks.first_units = static_cast<int>(head[4]);
  parameters.networks.second_units = static_cast<int>(head[5]);
  parameters.trust.most_correction = head[6];
  parameters.trust.agreement = head[7];
  parameters.trust.sigma = head[8];
  parameters.trust.untrusted_sigma = head[9];
  ASSIGN_OR_RETURN(const std::vector<double> inputs, reader->Numbers("inputs"));
  for (const double input : inputs) {
    if (!IsCount(input)) return reader->Damaged("has an input that is none");
    parameters.networks.inputs.push_back(static_cast<int>(input));
  }
  absl::Status status;
  VisitLines(parameters, [&status, reader](const char* key, std::vector<double>& numbers) {
    if (!status.ok()) return;
    absl::StatusOr<std::vector<double>> line = reader->Numbers(key);
    status = line.status();
    if (line.ok()) numbers = *std::move(line);
  });
  if (!status.ok()) return status;
  return parameters;
}

// Takes the first two lines off and checks them.
absl::Status CheckHead(std::string_view* text) {
  if (!text->starts_with(kMagic)) return absl::InvalidArgumentError("this is no latency model");
  text->remove_prefix(kMagic.size());
  int version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  text->remove_prefix(static_cast<std::size_t>(end - text->data()));
  if (error != std::errc() || !text->starts_with('\n') || version < 1) {
    return absl::InvalidArgumentError("this is no latency model: its first line has no version");
  }
  if (version > kVersion) {
    return absl::UnimplementedError(
        absl::StrCat("the latency model has version ", version, "; this build reads up to ", kVersion, ": update it"));
  }
  text->remove_prefix(1);
  const std::size_t line = text->find('\n');
  if (!text->starts_with(kChecksum) || line == std::string_view::npos) {
    return absl::DataLossError("the latency model is damaged: line 2 has no checksum");
  }
  const std::string_view body = text->substr(line + 1);
  const std::string expected = absl::StrFormat("%016x", Fnv1a64(body));
  if (text->substr(kChecksum.size(), line - kChecksum.size()) != expected) {
    return absl::DataLossError("the latency model is damaged: its content does not have the checksum of line 2");
  }
  *text = body;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const LatencyPredictor>> MakePredictor(const CostModel& model,
                                                                      const HardwarePoint& hardware,
                                                                      LatencyParameters parameters) {
  auto predictor = LatencyPredictor::Create(model, hardware, std::move(parameters));
  if (predictor.ok()) return predictor;
  return absl::DataLossError(absl::StrCat("the latency model is damaged: ", predictor.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<const LatencyModel>> LatencyModel::Train(
    const Measurements& measurements, const TrainerOptions& options, const std::function<bool(double)>& should_stop) {
  std::vector<int> rows(static_cast<std::size_t>(measurements.size()));
  std::iota(rows.begin(), rows.end(), 0);
  const auto part = [&should_stop](double first) {
    return [&should_stop, first](double done) { return should_stop && should_stop(first + done / 2); };
  };
  ASSIGN_OR_RETURN(LatencyParameters combined, TrainCombined(measurements, rows, options, part(0)));
  ASSIGN_OR_RETURN(LatencyParameters learned, TrainLearned(measurements, rows, options, part(0.5)));
  std::unique_ptr<LatencyModel> result(new LatencyModel());
  result->hardware_ = measurements.hardware();
  result->num_measurements_ = measurements.size();
  result->seed_ = options.networks.seed;
  const CostModel& model = measurements.features().model();
  ASSIGN_OR_RETURN(result->combined_, LatencyPredictor::Create(model, result->hardware_, std::move(combined)));
  ASSIGN_OR_RETURN(result->learned_, LatencyPredictor::Create(model, result->hardware_, std::move(learned)));
  return result;
}

std::string LatencyModel::Serialize() const {
  std::string body = absl::StrCat("hierarchy ", DescribeHierarchy(combined_->features().model(), hardware_), "\n");
  AppendLine("hardware", hardware_, &body);
  absl::StrAppend(&body, "measurements ", num_measurements_, "\nseed ", seed_, "\n");
  AppendPredictor("combined", combined_->parameters(), &body);
  AppendPredictor("learned", learned_->parameters(), &body);
  return absl::StrCat(ToAbsl(kMagic), kVersion, "\n", ToAbsl(kChecksum), absl::StrFormat("%016x", Fnv1a64(body)), "\n",
                      body);
}

absl::StatusOr<std::unique_ptr<const LatencyModel>> LatencyModel::Parse(std::string_view text, const CostModel& model) {
  RETURN_IF_ERROR(CheckHead(&text));
  Reader reader(text, 2);
  std::unique_ptr<LatencyModel> result(new LatencyModel());
  ASSIGN_OR_RETURN(const std::string_view hierarchy, reader.Line("hierarchy"));
  ASSIGN_OR_RETURN(result->hardware_, reader.Numbers("hardware"));
  const Template& hardware_template = model.hardware_template();
  if (!hardware_template.ValidateHardware(result->hardware_).ok() ||
      hierarchy != DescribeHierarchy(model, result->hardware_)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the latency model was trained for another hierarchy than that of template '",
                     hardware_template.name(), "': ", ToAbsl(hierarchy)));
  }
  ASSIGN_OR_RETURN(const std::string_view measurements, reader.Line("measurements"));
  ASSIGN_OR_RETURN(const std::string_view seed, reader.Line("seed"));
  const auto number = [&reader](std::string_view digits, auto* value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), *value);
    if (error == std::errc() && end == digits.data() + digits.size()) return absl::OkStatus();
    return reader.Damaged("or the one before it has no whole number");
  };
  RETURN_IF_ERROR(number(measurements, &result->num_measurements_));
  RETURN_IF_ERROR(number(seed, &result->seed_));
  ASSIGN_OR_RETURN(LatencyParameters combined, ReadPredictor("combined", &reader));
  ASSIGN_OR_RETURN(LatencyParameters learned, ReadPredictor("learned", &reader));
  RETURN_IF_ERROR(reader.End());
  ASSIGN_OR_RETURN(result->combined_, MakePredictor(model, result->hardware_, std::move(combined)));
  ASSIGN_OR_RETURN(result->learned_, MakePredictor(model, result->hardware_, std::move(learned)));
  return result;
}

const LatencyPredictor* LatencyModel::predictor(LatencyKind kind) const {
  switch (kind) {
    case LatencyKind::kLearned:
      return learned_.get();
    case LatencyKind::kCombined:
      return combined_.get();
    default:
      return nullptr;
  }
}

}  // namespace oneloop
