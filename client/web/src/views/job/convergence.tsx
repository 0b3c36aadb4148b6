import { memo, useMemo } from "react";
import type { Improvement, Job, StartHistory } from "../../api/types";
import { Figure } from "../../plots/figure";
import { paletteOf, seriesColour, type Scheme } from "../../plots/colours";
import { inTurn, type Step } from "../../plots/scales";
import { Staircases, type Bound, type Staircase } from "../../plots/staircases";
import { findFigure, kPointFigures, objectiveFigure, scoreText, titleOf } from "../../text/figures";
import { groupedNumber, percentUp, shortNumber } from "../../text/numbers";
import { Select } from "../../ui/select";

// Starts that are drawn, the best ones: more lines could not be told apart.
const kMostStarts = 20;

export function improvementOf(improvement: Improvement, key: string): number {
  switch (key) {
    case "edp": return improvement.edp;
    case "energy_uj": return improvement.energy_uj;
    case "latency_cycles": return improvement.latency_cycles;
    case "area_mm2": return improvement.area_mm2;
    default: return improvement.score;
  }
}

// Only what falls: the best by the objective is not always the best by another figure.
export function falling(steps: readonly Step[]): Step[] {
  const kept: Step[] = [];
  for (const step of steps) {
    const last = kept[kept.length - 1];
    if (Number.isFinite(step.y) && (!last || step.y < last.y)) kept.push(step);
  }
  return kept;
}

// The bound of a figure that is proven of every design of the job.
function boundOf(job: Job, key: string): number | undefined {
  const { certificate } = job;
  const value = key === "" || key === objectiveFigure(job) ? certificate?.lower_bound
    : key === "energy_uj" ? certificate?.energy_uj
    : key === "latency_cycles" ? certificate?.latency_cycles
    : key === "area_mm2" ? certificate?.area_mm2
    : undefined;
  return value !== undefined && value > 0 && Number.isFinite(value) ? value : undefined;
}

interface ConvergenceProps {
  readonly job: Job;
  readonly history: readonly StartHistory[];
  readonly figure: string; // "" for the objective
  readonly scheme: Scheme;
  readonly onFigure: (figure: string) => void;
}

export const Convergence = memo(function Convergence({ job, history, figure, scheme, onFigure }: ConvergenceProps): JSX.Element {
  const shown = findFigure(kPointFigures, figure === "" ? objectiveFigure(job) : figure);
  const yTitle = shown ? titleOf(shown) : scoreText(job);

  const curves = useMemo(() => {
    const starts = history.map((start) => {
      const steps = falling(start.improvements.map((one) => ({ x: one.sample, y: improvementOf(one, figure) })));
      return { start: start.start, steps, end: Math.max(start.samples_done, steps[steps.length - 1]?.x ?? 1) };
    }).filter(({ steps }) => steps.length > 0);
    const best = inTurn(starts.map(({ steps }) => ({ improvements: steps.map(({ x, y }) => ({ sample: x, value: y })) })), 1);
    starts.sort((a, b) => (a.steps[a.steps.length - 1]?.y ?? 0) - (b.steps[b.steps.length - 1]?.y ?? 0));
    return { starts, best, end: Math.max(1, ...starts.map(({ end }) => end)) };
  }, [history, figure]);

  const series = useMemo((): Staircase[] => [
    { name: "best of all starts", steps: curves.best, end: curves.end, colour: paletteOf(scheme).ink, place: 0, strong: true },
    ...curves.starts.slice(0, kMostStarts).map(({ start, steps, end }) => ({
      name: `start ${start}`, steps, end, colour: seriesColour(start, scheme), place: start, strong: false,
    })),
  ], [curves, scheme]);

  const bound = boundOf(job, figure);
  const bounds = useMemo((): Bound[] => bound === undefined ? [] : [
    { name: `proven bound ${shortNumber(bound)}`, value: bound, colour: paletteOf(scheme).bound },
  ], [bound, scheme]);

  const best = curves.best[curves.best.length - 1];
  const gap = best && bound !== undefined ? best.y / bound - 1 : undefined;
  const summary = !best ? "No design yet." :
    `Best ${yTitle} ${shortNumber(best.y)}, found at sample ${groupedNumber(best.x)} of a start` +
    (bound === undefined ? "." : `; no design is below ${shortNumber(bound)}, so that it is at most ${percentUp(gap)} above the best possible.`) +
    (curves.starts.length > kMostStarts ? ` The ${kMostStarts} best of ${curves.starts.length} starts are drawn.` : "");

  return (
    <Figure
      title="Best against samples"
      summary={summary}
      tools={<Select label="figure" value={figure} onChange={onFigure}
        choices={[{ value: "", name: `objective: ${scoreText(job)}` }, ...kPointFigures.map(({ key, label }) => ({ value: key, name: label }))]} />}
      table={() => ({
        header: ["start", "sample", yTitle],
        rows: curves.starts.flatMap(({ start, steps }) => steps.map(({ x, y }) => [String(start), groupedNumber(x), shortNumber(y)])),
      })}
    >
      <Staircases label={`Best ${yTitle} against samples of each start. ${summary}`} series={series} bounds={bounds} shade
        xTitle="samples of each start" yTitle={yTitle} height={400} scheme={scheme} />
    </Figure>
  );
});
