import { memo, useMemo } from "react";
import type { Point } from "../../api/types";
import { Figure } from "../../plots/figure";
import { Parallel, RangeFields, insideRanges, type ParallelAxis, type ParallelLine } from "../../plots/parallel";
import type { Scheme } from "../../plots/colours";
import { kMostMarks, thin } from "../../plots/scales";
import { navigate } from "../../state/navigation";
import { designRoute, type Ranges } from "../../state/url";
import { figureOf, kPointFigures, type Figure as FigureName } from "../../text/figures";
import { counted, groupedNumber, shortNumber } from "../../text/numbers";
import { pointHeader, pointLines, pointRow, rampOf } from "./marks";

interface ParallelPlotProps {
  readonly project: string;
  readonly job: string;
  readonly ranges: Ranges;
  readonly colour: string; // a figure's key
  readonly points: readonly Point[];
  readonly parameters: readonly FigureName[];
  readonly scheme: Scheme;
  readonly onRanges: (ranges: Ranges) => void;
}

// Not drawn again for what the other plots of the page are set to.
export const ParallelPlot = memo(function ParallelPlot({ project, job, ranges, colour, points, parameters, scheme, onRanges }: ParallelPlotProps): JSX.Element {
  const axes = useMemo((): ParallelAxis[] =>
    [...parameters, ...kPointFigures].map(({ key, label, unit }) => ({ key, title: label, unit })), [parameters]);
  const entries = useMemo(() => {
    const drawn = thin(points.filter((point) => Number.isFinite(point.edp)), kMostMarks, (point) => point.pareto);
    const ramp = rampOf(drawn, colour, scheme);
    return drawn.map((point) => ({
      point,
      line: {
        key: String(point.number),
        values: axes.map(({ key }) => figureOf(point, key) ?? NaN),
        colour: ramp.colourOf(point),
        strong: point.pareto,
        lines: () => pointLines(point),
      } as ParallelLine,
    }));
  }, [points, axes, colour, scheme]);
  const lines = useMemo(() => entries.map(({ line }) => line), [entries]);
  const inside = useMemo(() => entries.filter(({ line }) => insideRanges(line, axes, ranges)), [entries, axes, ranges]);
  const names = parameters.map(({ key }) => key);
  const least = inside.reduce((best, { point }) => Math.min(best, point.edp), Infinity);
  const chosen = Object.keys(ranges).length > 0;
  const summary =
    `${counted(lines.length, "exact point")}, a line each; ${groupedNumber(inside.filter(({ point }) => point.pareto).length)} of the front, stronger.` +
    (chosen ? ` Within the ranges: ${groupedNumber(inside.length)}, of which the best EDP is ${shortNumber(least)} µJ·cycles.`
      : " Drag along an axis to keep a range of it.");

  return (
    <Figure
      title="Hardware parameters"
      className="wide"
      summary={summary}
      tools={<button disabled={!chosen} onClick={() => onRanges({})}>Clear ranges</button>}
      table={() => ({
        header: pointHeader(names),
        rows: [...inside].sort((a, b) => a.point.edp - b.point.edp).map(({ point }) => pointRow(point, names)),
      })}
    >
      <Parallel label={`Parallel coordinates. ${summary}`} axes={axes} lines={lines} ranges={ranges} scheme={scheme}
        onRanges={onRanges} onPick={(line) => navigate(designRoute(project, job, line.key))} />
      <RangeFields axes={axes} ranges={ranges} onRanges={onRanges} />
    </Figure>
  );
});
