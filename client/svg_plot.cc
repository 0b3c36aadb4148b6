#include "client/svg_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/numbers.h"
#include "client/utf8.h"
#include "common/base/status.h"

namespace oneloop {
namespace {

constexpr std::string_view kMark = "<!-- oneloop: replaced when the command is run again -->\n";
constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

// In pixels.
constexpr double kLeft = 90;
constexpr double kTop = 50;
constexpr double kWidth = 560;
constexpr double kHeight = 360;
constexpr double kLegendLeft = kLeft + kWidth + 20;
constexpr double kLegendLine = 22;
constexpr double kSampleWidth = 34;  // of a line in the legend
constexpr double kTotalWidth = kLegendLeft + 230;
constexpr double kBelow = 70;

constexpr std::array<const char*, 8> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                                 "#E69F00", "#56B4E9", "#000000", "#7F7F7F"};
constexpr std::array<const char*, 4> kDashes = {"none", "8 3", "2 2", "10 3 2 3"};

constexpr int kFewDecades = 4;

// A logarithmic axis: where a value stands, in pixels, when `low` is at `begin` and `high` at `end`.
class Axis {
 public:
  Axis(const std::vector<double>& ticks, double low, double high, double begin, double end)
      : low_(low), begin_(begin), scale_((end - begin) / std::log(high / low)) {
    for (const double tick : ticks) {
      if (tick >= low && tick <= high) ticks_.push_back(tick);
    }
  }
  double Place(double value) const { return begin_ + scale_ * std::log(value / low_); }
  const std::vector<double>& ticks() const { return ticks_; }

 private:
  std::vector<double> ticks_;
  double low_;
  double begin_;
  double scale_;
};

std::string Number(double value) { return absl::StrFormat("%.2f", value); }

std::string Text(double x, double y, std::string_view anchor, std::string_view text, std::string_view more = "") {
  return absl::StrCat("<text x=\"", Number(x), "\" y=\"", Number(y), "\" text-anchor=\"", ToAbsl(anchor), "\"",
                      ToAbsl(more), ">", XmlEscaped(text), "</text>\n");
}

std::string Line(double x1, double y1, double x2, double y2, std::string_view style) {
  return absl::StrCat("<line x1=\"", Number(x1), "\" y1=\"", Number(y1), "\" x2=\"", Number(x2), "\" y2=\"", Number(y2),
                      "\" ", ToAbsl(style), "/>\n");
}

std::string Stroke(std::size_t series) {
  return absl::StrCat("stroke=\"", kColours[series % kColours.size()], "\" stroke-dasharray=\"",
                      kDashes[series % kDashes.size()], "\" stroke-width=\"2\" fill=\"none\"");
}

std::string Corner(double x, double y) { return absl::StrCat(Number(x), ",", Number(y)); }

// The corners of a staircase through one figure of every step, to the end of the plot.
std::vector<std::string> Staircase(const std::vector<BandStep>& band, double BandStep::*figure, const Axis& x,
                                   const Axis& y, double x_end) {
  std::vector<std::string> corners;
  for (std::size_t i = 0; i < band.size(); ++i) {
    const double from = band[i].samples;
    const double to = i + 1 < band.size() ? band[i + 1].samples : std::max(from, x_end);
    for (const double end : {from, to}) corners.push_back(Corner(x.Place(end), y.Place(band[i].*figure)));
  }
  return corners;
}

std::string Joined(const std::vector<std::string>& corners) {
  std::string text;
  for (const std::string& corner : corners) absl::StrAppend(&text, text.empty() ? "" : " ", corner);
  return text;
}

std::string Band(const PlotSeries& series, std::size_t index, const Axis& x, const Axis& y, double x_end) {
  std::vector<std::string> corners = Staircase(series.band, &BandStep::least, x, y, x_end);
  const std::vector<std::string> upper = Staircase(series.band, &BandStep::most, x, y, x_end);
  corners.insert(corners.end(), upper.rbegin(), upper.rend());
  return absl::StrCat("<polygon points=\"", Joined(corners), "\" fill=\"", kColours[index % kColours.size()],
                      "\" fill-opacity=\"0.15\" stroke=\"none\"/>\n");
}

std::string MedianLine(const Plot& plot, std::size_t index, const Axis& x, const Axis& y) {
  const std::vector<BandStep>& band = plot.series[index].band;
  std::vector<std::string> corners;
  std::string marks;
  if (plot.line == Plot::Line::kSteps) {
    corners = Staircase(band, &BandStep::median, x, y, plot.x_end);
  } else {
    for (const BandStep& step : band) {
      corners.push_back(Corner(x.Place(step.samples), y.Place(step.median)));
      absl::StrAppend(&marks, "<circle cx=\"", Number(x.Place(step.samples)), "\" cy=\"", Number(y.Place(step.median)),
                      "\" r=\"4\" fill=\"", kColours[index % kColours.size()], "\"/>\n");
    }
  }
  return absl::StrCat("<polyline points=\"", Joined(corners), "\" ", Stroke(index), "/>\n", marks);
}

std::string Grid(const Axis& x, const Axis& y) {
  constexpr std::string_view kStyle = "stroke=\"#DDDDDD\" stroke-width=\"1\"";
  std::string svg;
  for (const double tick : x.ticks()) {
    absl::StrAppend(&svg, Line(x.Place(tick), kTop, x.Place(tick), kTop + kHeight, kStyle),
                    Text(x.Place(tick), kTop + kHeight + 18, "middle", SiNumber(tick)));
  }
  for (const double tick : y.ticks()) {
    absl::StrAppend(&svg, Line(kLeft, y.Place(tick), kLeft + kWidth, y.Place(tick), kStyle),
                    Text(kLeft - 8, y.Place(tick) + 4, "end", absl::StrFormat("%.0e", tick)));
  }
  return svg;
}

std::string Frame(const Plot& plot) {
  const double middle = kTop + kHeight / 2;
  return absl::StrCat(
      absl::StrFormat("<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"none\" stroke=\"#333333\"/>\n",
                      kLeft, kTop, kWidth, kHeight),
      Text(kLeft, kTop - 20, "start", plot.title, " font-size=\"16\""),
      Text(kLeft + kWidth / 2, kTop + kHeight + 44, "middle", plot.x_label),
      Text(22, middle, "middle", plot.y_label, absl::StrFormat(" transform=\"rotate(-90 22 %.2f)\"", middle)));
}

std::string Legend(const Plot& plot) {
  std::string svg;
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    const double y = kTop + 10 + kLegendLine * static_cast<double>(i);
    absl::StrAppend(&svg, Line(kLegendLeft, y, kLegendLeft + kSampleWidth, y, Stroke(i)),
                    Text(kLegendLeft + kSampleWidth + 8, y + 4, "start", plot.series[i].label));
  }
  return svg;
}

struct Extent {
  double min = std::numeric_limits<double>::infinity();
  double max = 0;
  void Include(double value) {
    min = std::min(min, value);
    max = std::max(max, value);
  }
};

double HeightOf(const Plot& plot) {
  return kTop + std::max(kHeight + kBelow, 20 + kLegendLine * static_cast<double>(plot.series.size()));
}

std::string Description(const Plot& plot) {
  std::string labels;
  for (const PlotSeries& series : plot.series) absl::StrAppend(&labels, labels.empty() ? "" : ", ", series.label);
  return absl::StrCat(plot.y_label, " against ", plot.x_label,
                      plot.line == Plot::Line::kSteps ? ", median line and band from least to most: " : ": ", labels);
}

std::string Head(const std::vector<Plot>& plots) {
  double height = 0;
  std::string descriptions;
  for (const Plot& plot : plots) {
    height += HeightOf(plot);
    absl::StrAppend(&descriptions, descriptions.empty() ? "" : "; ", Description(plot));
  }
  return absl::StrCat(
      ToAbsl(kDeclaration), ToAbsl(kMark),
      absl::StrFormat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
                      "%.0f\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\">\n",
                      kTotalWidth, height, kTotalWidth, height),
      "<title>", XmlEscaped(plots.front().title), "</title>\n<desc>", XmlEscaped(descriptions), "</desc>\n",
      "<rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n");
}

std::string Panel(const Plot& plot) {
  Extent samples;
  Extent values;
  if (plot.x_end > 0) samples.Include(plot.x_end);
  for (const PlotSeries& series : plot.series) {
    for (const BandStep& step : series.band) {
      samples.Include(step.samples);
      values.Include(step.least);
      values.Include(step.most);
    }
  }
  if (samples.max == 0) samples.Include(1);
  if (values.max == 0) values.Include(1);
  const std::vector<double> x_ticks = LogTicks(samples.min, samples.max);
  const std::vector<double> y_ticks = LogTicks(values.min, values.max);
  // From the first sample to the last; a single one gets a tick on either side.
  const bool has_range = samples.min < samples.max;
  const Axis x(x_ticks, has_range ? samples.min : x_ticks.front(), has_range ? samples.max : x_ticks.back(), kLeft,
               kLeft + kWidth);
  const Axis y(y_ticks, y_ticks.front(), y_ticks.back(), kTop + kHeight, kTop);
  std::string svg = Grid(x, y);
  for (std::size_t i = 0; plot.line == Plot::Line::kSteps && i < plot.series.size(); ++i) {
    if (!plot.series[i].band.empty()) absl::StrAppend(&svg, Band(plot.series[i], i, x, y, plot.x_end));
  }
  for (std::size_t i = 0; i < plot.series.size(); ++i) {
    if (!plot.series[i].band.empty()) absl::StrAppend(&svg, MedianLine(plot, i, x, y));
  }
  return absl::StrCat(svg, Frame(plot), Legend(plot));
}

// Of well-formed UTF-8.
void AppendEscaped(std::string_view text, std::string* escaped) {
  for (const char c : text) {
    if (c == '&') {
      *escaped += "&amp;";
    } else if (c == '<') {
      *escaped += "&lt;";
    } else if (c == '>') {
      *escaped += "&gt;";
    } else if (c == '"') {
      *escaped += "&quot;";
    } else {
      const bool forbidden = static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n';
      *escaped += forbidden ? '?' : c;
    }
  }
}

}  // namespace

PlotSeries CurveSeries(std::string label, const BestCurve& curve) {
  PlotSeries series{std::move(label), {}};
  for (const CurveStep& step : curve) series.band.push_back({step.samples, step.value, step.value, step.value});
  return series;
}

std::string RenderSvg(const Plot& plot) { return RenderSvg(std::vector<Plot>{plot}); }

std::string RenderSvg(const std::vector<Plot>& plots) {
  std::string svg = Head(plots);
  double top = 0;
  for (const Plot& plot : plots) {
    absl::StrAppend(&svg, absl::StrFormat("<g transform=\"translate(0 %.2f)\">\n", top), Panel(plot), "</g>\n");
    top += HeightOf(plot);
  }
  return absl::StrCat(svg, "</svg>\n");
}

bool IsRenderedSvg(std::string_view text) {
  return text.starts_with(kDeclaration) && text.substr(kDeclaration.size()).starts_with(kMark);
}

std::string XmlEscaped(std::string_view text) {
  std::string escaped;
  while (!text.empty()) {
    const std::size_t good = Utf8Prefix(text);
    AppendEscaped(text.substr(0, good), &escaped);
    text.remove_prefix(good);
    if (text.empty()) break;
    escaped += '?';
    text.remove_prefix(1);
  }
  return escaped;
}

std::vector<double> LogTicks(double min, double max) {
  const int first = static_cast<int>(std::floor(std::log10(min)));
  const int last = static_cast<int>(std::ceil(std::log10(max)));
  std::vector<double> all;
  for (int decade = first - 1; decade <= last + 1; ++decade) {
    all.push_back(std::pow(10.0, decade));
    if (last - first >= kFewDecades) continue;
    for (const double digit : {2.0, 5.0}) all.push_back(digit * std::pow(10.0, decade));
  }
  // From the last tick that is not above min to the first that is not below max.
  const auto begin = std::prev(std::upper_bound(all.begin(), all.end(), min));
  const auto end = std::lower_bound(begin + 1, all.end(), max);
  return {begin, end + 1};
}

}  // namespace oneloop
