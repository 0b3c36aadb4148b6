import { curveStepAfter, line } from "d3-shape";
import { useCallback, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { shortNumber } from "../text/numbers";
import { Axes, frameOf } from "./axes";
import { Canvas } from "./canvas";
import { paletteOf, seriesDash, type Scheme } from "./colours";
import { bestAt, domainOf, scaleOf, thinSteps, kMostMarks, type Step } from "./scales";
import { Tip } from "./tip";
import { useWidth } from "./use_size";

export interface Staircase {
  readonly name: string;
  readonly steps: readonly Step[]; // x ascends, y falls
  readonly end: number; // x up to which the last step goes on
  readonly colour: string;
  readonly place: number; // among the series: says the dashes
  readonly strong: boolean;
}

export interface Bound {
  readonly name: string;
  readonly value: number;
  readonly colour: string;
}

interface StaircasesProps {
  readonly label: string;
  readonly series: readonly Staircase[];
  readonly bounds: readonly Bound[]; // horizontal lines
  readonly shade: boolean; // what is between the strong series and the first bound
  readonly xTitle: string;
  readonly yTitle: string;
  readonly height?: number;
  readonly scheme: Scheme;
}

const kMostTimesBest = 30;

// What is best so far against samples, both logarithmic. The pointer, or the arrow keys, read off all series at one x.
export function Staircases({ label, series, bounds, shade, xTitle, yTitle, height = 340, scheme }: StaircasesProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [at, setAt] = useState<number>();

  const placed = useMemo(() => {
    const most = Math.max(2, Math.floor(kMostMarks / Math.max(1, series.length)));
    const drawn = series.filter((one) => one.steps.length > 0).map((one) => ({ ...one, steps: thinSteps(one.steps, most) }));
    // Many times the best is where a search begins; the steps that matter are below. Where each series ends is shown.
    const ends = drawn.map((one) => one.steps[one.steps.length - 1]?.y ?? NaN);
    const top = Math.max(kMostTimesBest * Math.min(...ends), 2 * Math.max(...ends));
    const ys = drawn.flatMap((one) => one.steps.map((step) => Math.min(step.y, top)));
    const xs = drawn.flatMap((one) => [one.steps[0]?.x ?? 1, one.end]);
    const frame = frameOf(width, height);
    const xDomain = domainOf(xs, true);
    const yDomain = domainOf([...ys, ...bounds.map((bound) => bound.value)], true);
    const xTight = { ...xDomain, low: Math.max(xDomain.low, 1e-9), high: Math.max(...xs, xDomain.low * 1.01) };
    const xScale = scaleOf(xDomain.log ? xTight : xDomain, frame.left, width - frame.right);
    return { drawn, frame, xDomain: xDomain.log ? xTight : xDomain, yDomain, xScale, yScale: scaleOf(yDomain, height - frame.bottom, frame.top) };
  }, [series, bounds, width, height]);

  const draw = useCallback((context: CanvasRenderingContext2D) => {
    const { drawn, frame, xScale, yScale } = placed;
    const palette = paletteOf(scheme);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom);
    context.clip();
    const path = line<Step>().x((step) => xScale(step.x)).y((step) => yScale(step.y)).curve(curveStepAfter).context(context);
    const whole = (one: Staircase): Step[] => {
      const last = one.steps[one.steps.length - 1];
      return last ? [...one.steps, { x: one.end, y: last.y }] : [];
    };
    const bound = bounds[0];
    const strongest = drawn.find((one) => one.strong);
    if (shade && bound && strongest) {
      const steps = whole(strongest);
      context.beginPath();
      path(steps);
      context.lineTo(xScale(strongest.end), yScale(bound.value));
      context.lineTo(xScale(steps[0]?.x ?? 1), yScale(bound.value));
      context.closePath();
      context.globalAlpha = 0.12;
      context.fillStyle = bound.colour;
      context.fill();
      context.globalAlpha = 1;
    }
    for (const one of [...drawn].sort((a, b) => Number(a.strong) - Number(b.strong))) {
      context.beginPath();
      path(whole(one));
      context.setLineDash([...seriesDash(one.place)]);
      context.strokeStyle = one.colour;
      context.lineWidth = one.strong ? 2.25 : 1.1;
      context.globalAlpha = one.strong ? 1 : 0.75;
      context.stroke();
    }
    context.globalAlpha = 1;
    for (const { value, colour } of bounds) {
      context.beginPath();
      context.setLineDash([7, 4]);
      context.moveTo(frame.left, yScale(value));
      context.lineTo(frame.width - frame.right, yScale(value));
      context.strokeStyle = colour;
      context.lineWidth = 1.5;
      context.stroke();
    }
    context.setLineDash([]);
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "left";
    for (const { value, colour, name } of bounds) {
      context.fillStyle = colour;
      context.strokeStyle = palette.surface;
      context.lineWidth = 3;
      context.strokeText(name, frame.left + 6, yScale(value) - 5);
      context.fillText(name, frame.left + 6, yScale(value) - 5);
    }
    context.restore();
  }, [placed, bounds, shade, scheme]);

  const reading = (x: number): string[] => {
    const values = placed.drawn.flatMap((one) => {
      const value = x <= one.end * 1.0001 ? bestAt(one.steps, x) : undefined;
      return value === undefined ? [] : [{ name: one.name, value, strong: one.strong }];
    });
    values.sort((a, b) => Number(b.strong) - Number(a.strong) || a.value - b.value);
    return [`${shortNumber(x)} samples`, ...values.slice(0, 9).map(({ name, value }) => `${name}: ${shortNumber(value)}`)];
  };
  const move = (event: PointerEvent) => {
    const bounds_ = event.currentTarget.getBoundingClientRect();
    const x = placed.xScale.invert(event.clientX - bounds_.left);
    setAt(x >= placed.xDomain.low && x <= placed.xDomain.high ? Math.round(x) : undefined);
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const factor = event.key === "ArrowRight" ? 1.25 : 0.8;
    const { low, high } = placed.xDomain;
    setAt((old) => Math.round(Math.min(high, Math.max(low, old === undefined ? Math.sqrt(low * high) : old * factor))));
  };
  const lines = at === undefined || placed.drawn.length === 0 ? [] : reading(at);

  return (
    <div
      ref={box}
      className="plot"
      style={{ height }}
      role="application"
      aria-roledescription="plot"
      aria-label={`${label} The left and right arrow keys read off values.`}
      tabIndex={0}
      onKeyDown={onKey}
      onPointerMove={move}
      onPointerLeave={() => setAt(undefined)}
      onBlur={() => setAt(undefined)}
    >
      {width > 0 && (
        <>
          <svg width={width} height={height} className="plot-under" aria-hidden="true">
            <Axes frame={placed.frame} x={placed.xDomain} y={placed.yDomain} xTitle={xTitle} yTitle={yTitle} />
          </svg>
          <Canvas width={width} height={height} draw={draw} />
          {at !== undefined && lines.length > 0 && (
            <>
              <svg width={width} height={height} className="plot-over" aria-hidden="true">
                <line className="crosshair" x1={placed.xScale(at)} x2={placed.xScale(at)} y1={placed.frame.top}
                  y2={height - placed.frame.bottom} />
              </svg>
              <Tip x={placed.xScale(at)} y={placed.frame.top + 8} width={width} lines={lines} />
            </>
          )}
        </>
      )}
      <span className="visually-hidden" aria-live="polite">{lines.join(", ")}</span>
    </div>
  );
}
