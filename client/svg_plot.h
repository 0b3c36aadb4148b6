#ifndef ONELOOP_CLIENT_SVG_PLOT_H_
#define ONELOOP_CLIENT_SVG_PLOT_H_

#include <string>
#include <string_view>
#include <vector>

#include "client/best_curve.h"

namespace oneloop {

// One line with the band around it.
struct PlotSeries {
  std::string label;
  std::vector<BandStep> band;  // may be empty: the legend says so
};

struct Plot {
  std::string title;
  std::string x_label;
  std::string y_label;
  double x_end = 1;  // the last step of every series reaches so far
  std::vector<PlotSeries> series;
};

// A drawing in SVG 1.1 of steps on logarithmic axes: the median as a line, least to most as a band. Lines differ in
// colour (Okabe and Ito's, told apart with any colour vision) and in dashes. Equal plots give equal text.
std::string RenderSvg(const Plot& plot);

// Whether a file of this text was made by RenderSvg.
bool IsRenderedSvg(std::string_view text);

// Text as the content of an element or the value of an attribute; what XML does not allow becomes "?".
std::string XmlEscaped(std::string_view text);

// Ticks of a logarithmic axis that encloses min to max (both above 0, finite): decades, or 1-2-5 when these are few.
// The first is at most min, the last at least max; at least two.
std::vector<double> LogTicks(double min, double max);

}  // namespace oneloop

#endif  // ONELOOP_CLIENT_SVG_PLOT_H_
