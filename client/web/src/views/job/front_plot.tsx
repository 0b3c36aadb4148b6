import { useMemo } from "react";
import { frontAt, frontRevisions } from "../../api/merge";
import type { Job, Point } from "../../api/types";
import { Figure } from "../../plots/figure";
import { paletteOf, type Scheme } from "../../plots/colours";
import { kMostMarks, thin } from "../../plots/scales";
import { Scatter, type GuideLine, type Mark } from "../../plots/scatter";
import { navigate } from "../../state/navigation";
import { designRoute, type JobRoute, type PlotSettings } from "../../state/url";
import { figureOf, findFigure, titleOf, type Figure as FigureName } from "../../text/figures";
import { counted, groupedNumber, shortNumber } from "../../text/numbers";
import { PlotTools } from "../../ui/plot_tools";
import { Check } from "../../ui/select";
import { pointHeader, pointLines, pointRow, rampOf } from "./marks";

interface FrontPlotProps {
  readonly job: Job;
  readonly route: JobRoute;
  readonly front: readonly Point[]; // now
  readonly sample: readonly Point[]; // exact points beside it
  readonly total: number; // exact points that there are
  readonly ever: readonly Point[] | undefined; // that are or were on the front, once they are loaded
  readonly figures: readonly FigureName[];
  readonly scheme: Scheme;
  readonly onChange: (route: JobRoute) => void;
}

export function FrontPlot({ job, route, front, sample, total, ever, figures, scheme, onChange }: FrontPlotProps): JSX.Element {
  const { plot, revision, all } = route;
  const shownFront = useMemo(() => (revision > 0 && ever ? frontAt(ever, revision) : front), [revision, ever, front]);

  const points = useMemo(() => {
    const strong = new Set(shownFront.map(({ number }) => number));
    const rest = all ? [...sample, ...(revision > 0 ? ever ?? [] : [])].filter(({ number }) => !strong.has(number)) : [];
    return [...thin(rest, Math.max(0, kMostMarks - shownFront.length), () => false), ...thin(shownFront, kMostMarks, () => false)];
  }, [shownFront, sample, ever, all, revision]);
  const ramp = useMemo(() => rampOf(points, plot.colour, scheme), [points, plot.colour, scheme]);
  const marks = useMemo((): Mark[] => {
    const strong = new Set(shownFront.map(({ number }) => number));
    return points.map((point) => ({
      key: String(point.number),
      x: figureOf(point, plot.x) ?? NaN,
      y: figureOf(point, plot.y) ?? NaN,
      colour: ramp.colourOf(point),
      strong: strong.has(point.number),
      lines: () => pointLines(point),
    }));
  }, [points, shownFront, plot.x, plot.y, ramp]);

  const [x, y] = [findFigure(figures, plot.x), findFigure(figures, plot.y)];
  const colour = findFigure(figures, plot.colour);
  const guides = useMemo(() => boundLines(job, plot, marks, paletteOf(scheme).bound), [job.certificate, plot, marks, scheme]);
  const summary = shownFront.length === 0 ? "No design on the front yet." :
    `${counted(shownFront.length, "design")} on the front over energy, latency and area` +
    (revision > 0 ? ` as of revision ${revision}` : "") + `: ${rangeText(shownFront, x)} and ${rangeText(shownFront, y)}.` +
    (points.length > shownFront.length ? ` Of ${groupedNumber(total)} exact points, ${groupedNumber(points.length - shownFront.length)} more are small dots.` : "");
  const parameters = figures.filter(({ key }) => key in (points[0]?.parameters ?? {})).map(({ key }) => key);

  return (
    <Figure
      title="Pareto front"
      summary={summary}
      tools={
        <>
          <PlotTools plot={plot} figures={figures} coloured onChange={(next) => onChange({ ...route, plot: next })} />
          <Check label="all points" checked={all} onChange={(checked) => onChange({ ...route, all: checked })} />
        </>
      }
      table={() => ({ header: pointHeader(parameters), rows: [...shownFront].sort((a, b) => a.edp - b.edp).map((point) => pointRow(point, parameters)) })}
    >
      <Scatter label={`${titleOfOr(y, plot.y)} against ${titleOfOr(x, plot.x)}. ${summary}`} marks={marks}
        x={{ title: titleOfOr(x, plot.x), log: plot.xLog }} y={{ title: titleOfOr(y, plot.y), log: plot.yLog }}
        guides={guides} scheme={scheme} onPick={(mark) => navigate(designRoute(job.project, job.id, mark.key))} />
      {colour && Number.isFinite(ramp.low) && (
        <div className="ramp">
          <span>{shortNumber(ramp.low)}</span><span className={`ramp-bar ${scheme}`} aria-hidden="true" /><span>{shortNumber(ramp.high)}</span>
          <span className="faint">{titleOf(colour)}</span>
        </div>
      )}
      <HistorySlider route={route} ever={ever} count={shownFront.length} onChange={onChange} />
    </Figure>
  );
}

function titleOfOr(figure: FigureName | undefined, key: string): string {
  return figure ? titleOf(figure) : key;
}

function rangeText(points: readonly Point[], figure: FigureName | undefined): string {
  if (!figure) return "?";
  const values = points.map((point) => figureOf(point, figure.key) ?? NaN).filter((value) => Number.isFinite(value));
  return `${figure.label} ${shortNumber(Math.min(...values))} to ${shortNumber(Math.max(...values))} ${figure.unit}`;
}

// Where it is proven that nothing lies beyond.
function boundLines(job: Job, plot: PlotSettings, marks: readonly Mark[], colour: string): readonly GuideLine[] {
  const { certificate } = job;
  if (!certificate || marks.length === 0) return [];
  const bounds: Readonly<Record<string, number>> = {
    energy_uj: certificate.energy_uj, latency_cycles: certificate.latency_cycles, area_mm2: certificate.area_mm2,
  };
  const xs = marks.map((mark) => mark.x).filter((value) => Number.isFinite(value) && value > 0);
  const ys = marks.map((mark) => mark.y).filter((value) => Number.isFinite(value) && value > 0);
  const [xLow, xHigh] = [Math.min(...xs) / 2, Math.max(...xs) * 2];
  const [yLow, yHigh] = [Math.min(...ys) / 2, Math.max(...ys) * 2];
  const lines: GuideLine[] = [];
  const [x, y] = [bounds[plot.x] ?? 0, bounds[plot.y] ?? 0];
  if (x > xLow) lines.push({ colour, points: [{ x, y: yLow }, { x, y: yHigh }] });
  if (y > yLow) lines.push({ colour, points: [{ x: xLow, y }, { x: xHigh, y }] });
  return lines;
}

interface HistorySliderProps {
  readonly route: JobRoute;
  readonly ever: readonly Point[] | undefined;
  readonly count: number;
  readonly onChange: (route: JobRoute) => void;
}

function HistorySlider({ route, ever, count, onChange }: HistorySliderProps): JSX.Element | null {
  const revisions = useMemo(() => frontRevisions(ever ?? []), [ever]);
  if (revisions.length < 2) return null;
  const last = revisions.length - 1;
  // A revision between two changes shows what the one before it left.
  const at = route.revision === 0 ? last : Math.max(0, revisions.filter((revision) => revision <= route.revision).length - 1);
  const show = (place: number) => onChange({ ...route, revision: place >= last ? 0 : revisions[place] ?? 0 });
  const text = at === last ? "now" : `revision ${route.revision}`;
  return (
    <div className="history">
      <label htmlFor="front-history">Front at</label>
      <input id="front-history" type="range" min={0} max={last} value={at} aria-valuetext={`${text}, ${counted(count, "design")}`}
        onChange={(event) => show(Number(event.target.value))} />
      <output htmlFor="front-history">{text} <span className="faint">({at + 1} of {revisions.length}, {counted(count, "design")})</span></output>
      <button disabled={at === last} onClick={() => show(last)}>Now</button>
    </div>
  );
}
