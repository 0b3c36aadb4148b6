#include "client/svg_plot.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace oneloop {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Plot SmallPlot() {
  Plot plot;
  plot.title = "one on two";
  plot.x_label = "samples";
  plot.y_label = "best";
  plot.x_end = 1000;
  plot.series = {{"steep", {{10, 1e9, 1e10, 1e11}, {100, 1e8, 1e9, 1e10}}}};
  return plot;
}

// Every element that is opened is closed, in order.
bool IsBalanced(const std::string& svg) {
  std::vector<std::string> open;
  for (std::size_t i = svg.find('<'); i != std::string::npos; i = svg.find('<', i + 1)) {
    const std::string tag = svg.substr(i + 1, svg.find('>', i) - i - 1);
    if (tag.empty() || tag.front() == '?' || tag.front() == '!' || tag.back() == '/') continue;
    const std::string name = tag.substr(0, tag.find(' '));
    if (name.front() != '/') {
      open.push_back(name);
    } else if (open.empty() || "/" + open.back() != name) {
      return false;
    } else {
      open.pop_back();
    }
  }
  return open.empty();
}

TEST(RenderSvgTest, HasAxesLegendLineAndBand) {
  const std::string svg = RenderSvg(SmallPlot());
  EXPECT_TRUE(IsBalanced(svg));
  EXPECT_TRUE(IsRenderedSvg(svg));
  for (const char* text : {">one on two<", ">samples<", ">best<", ">steep<", ">10<", ">1k<", ">1e+08<", ">1e+11<"}) {
    EXPECT_THAT(svg, HasSubstr(text));
  }
  EXPECT_THAT(svg, AllOf(HasSubstr("<polyline"), HasSubstr("<polygon"), HasSubstr("fill-opacity")));
  EXPECT_EQ(svg, RenderSvg(SmallPlot()));
}

TEST(RenderSvgTest, PlacesStepsOnLogarithmicAxes) {
  // 10 to 1000 samples over 560 pixels from 90, 1e8 to 1e11 over 360 pixels up from 410.
  EXPECT_THAT(RenderSvg(SmallPlot()),
              HasSubstr("<polyline points=\"90.00,170.00 370.00,170.00 370.00,290.00 650.00,290.00\""));
}

TEST(RenderSvgTest, EndsWithTheLastSample) {
  Plot plot = SmallPlot();
  plot.x_end = 2000;
  EXPECT_THAT(RenderSvg(plot), AllOf(HasSubstr(" 650.00,290.00\""), HasSubstr(">1k<"), Not(HasSubstr(">5k<"))));
}

TEST(RenderSvgTest, EscapesText) {
  Plot plot = SmallPlot();
  plot.title = "<script>alert(\"1 & 2\")</script>";
  plot.series[0].label = "a<b";
  const std::string svg = RenderSvg(plot);
  EXPECT_TRUE(IsBalanced(svg));
  EXPECT_THAT(svg, AllOf(Not(HasSubstr("<script>")), HasSubstr("&lt;script&gt;alert(&quot;1 &amp; 2&quot;)"),
                         HasSubstr("a&lt;b")));
}

TEST(RenderSvgTest, DrawsAPlotWithoutPoints) {
  Plot plot = SmallPlot();
  plot.series[0].band.clear();
  plot.x_end = 1;
  const std::string svg = RenderSvg(plot);
  EXPECT_TRUE(IsBalanced(svg));
  EXPECT_THAT(svg, AllOf(HasSubstr(">steep<"), Not(HasSubstr("nan")), Not(HasSubstr("inf"))));
}

TEST(RenderSvgTest, MarksValuesOfTheirOwnAndJoinsThem) {
  Plot plot = SmallPlot();
  plot.line = Plot::Line::kMarks;
  plot.x_end = 0;
  const std::string svg = RenderSvg(plot);
  EXPECT_TRUE(IsBalanced(svg));
  EXPECT_THAT(svg, AllOf(HasSubstr("<polyline points=\"90.00,170.00 650.00,290.00\""),
                         HasSubstr("<circle cx=\"90.00\" cy=\"170.00\""), Not(HasSubstr("<polygon"))));
}

TEST(RenderSvgTest, PlotsStandOneBelowTheOther) {
  Plot second = SmallPlot();
  second.title = "two on three";
  second.series = {CurveSeries("flat", {{1, 5}, {8, 2}})};
  const std::string svg = RenderSvg({SmallPlot(), second});
  EXPECT_TRUE(IsBalanced(svg));
  EXPECT_TRUE(IsRenderedSvg(svg));
  EXPECT_THAT(svg, AllOf(HasSubstr("height=\"960\""), HasSubstr("translate(0 480.00)"), HasSubstr(">one on two<"),
                         HasSubstr(">two on three<"), HasSubstr(">flat<")));
}

TEST(RenderSvgTest, LinesDifferInColourAndInDashes) {
  Plot plot = SmallPlot();
  for (int i = 0; i < 7; ++i) plot.series.push_back(plot.series[0]);
  const std::string svg = RenderSvg(plot);
  for (const char* style :
       {"stroke=\"#0072B2\" stroke-dasharray=\"none\"", "stroke=\"#D55E00\" stroke-dasharray=\"8 3\"",
        "stroke=\"#009E73\" stroke-dasharray=\"2 2\""}) {
    EXPECT_THAT(svg, HasSubstr(style));
  }
}

TEST(XmlEscapedTest, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(XmlEscaped("µJ·cycles"), "µJ·cycles");
  EXPECT_EQ(XmlEscaped("a\x01"
                       "b\xff"
                       "c\xc2"),
            "a?b?c?");
  EXPECT_EQ(XmlEscaped(""), "");
}

TEST(LogTicksTest, EncloseTheRange) {
  EXPECT_EQ(LogTicks(30, 900), (std::vector<double>{20, 50, 100, 200, 500, 1000}));
  EXPECT_EQ(LogTicks(10, 1000000).size(), 6u) << "decades only";
  EXPECT_EQ(LogTicks(100, 100).size(), 2u);
  for (const auto& [min, max] : {std::pair{1.5e9, 1.6e9}, {1e-3, 7.0}, {3.0, 3e12}}) {
    const std::vector<double> ticks = LogTicks(min, max);
    ASSERT_GE(ticks.size(), 2u);
    EXPECT_LE(ticks.front(), min);
    EXPECT_GE(ticks.back(), max);
  }
}

TEST(IsRenderedSvgTest, RefusesOthersDrawings) {
  EXPECT_FALSE(IsRenderedSvg("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg/>"));
  EXPECT_FALSE(IsRenderedSvg(""));
}

}  // namespace
}  // namespace oneloop
