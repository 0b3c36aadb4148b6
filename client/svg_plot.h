#ifndef ONELOOP_CLIENT_SVG_PLOT_H_
#define ONELOOP_CLIENT_SVG_PLOT_H_

#include <string>
#include <string_view>
#include <vector>

#include "client/best_curve.h"

namespace oneloop {

// One line with the band around it; `samples` of a step is what stands on the x axis, whatever that is.
struct PlotSeries {
  std::string label;
  std::vector<BandStep> band;  // may be empty: only the legend has it then
};

struct Plot {
  enum class Line {
    kSteps,  // each value holds until the next: a staircase
    kMarks   // values of their own, marked and joined by straight lines; no band
  };

  std::string title;
  std::string x_label;
  std::string y_label;
  double x_end = 0;  // above 0 when there is a step; the last of kSteps reaches so far
  std::vector<PlotSeries> series;
  Line line = Line::kSteps;
};

// A series without a band: steps from so many samples on.
PlotSeries CurveSeries(std::string label, const BestCurve& curve);

// A drawing in SVG 1.1 on logarithmic axes, so all values are above 0: the median as a line, least to most as a band.
// Lines differ in colour (Okabe and Ito's, told apart with any colour vision) and in dashes. Several plots stand one
// below the other, at least one. Equal plots give equal text.
std::string RenderSvg(const Plot& plot);
std::string RenderSvg(const std::vector<Plot>& plots);

// Whether a file of this text was made by RenderSvg.
bool IsRenderedSvg(std::string_view text);

// Text as the content of an element or the value of an attribute; what XML does not allow becomes "?".
std::string XmlEscaped(std::string_view text);

// Ticks of a logarithmic axis that encloses min to max (both above 0, finite): decades, or 1-2-5 when these are few.
// The first is at most min, the last at least max; at least two.
std::vector<double> LogTicks(double min, double max);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SVG_PLOT_H_
