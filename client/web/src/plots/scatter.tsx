import { useCallback, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { Axes, frameOf } from "./axes";
import { Canvas } from "./canvas";
import { paletteOf, type Scheme } from "./colours";
import { domainOf, nearest, scaleOf, type Domain } from "./scales";
import { Tip } from "./tip";
import { useWidth } from "./use_size";

export interface Mark {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  readonly strong: boolean; // larger, above the others, and reached by the keyboard
  readonly lines: () => readonly string[]; // said of it
}

export interface AxisSpec {
  readonly title: string;
  readonly log: boolean;
  readonly reach?: readonly number[]; // values that shall be within it as well
}

export interface GuideLine {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly colour: string;
}

interface ScatterProps {
  readonly label: string; // for a screen reader
  readonly marks: readonly Mark[];
  readonly x: AxisSpec;
  readonly y: AxisSpec;
  readonly guides?: readonly GuideLine[];
  readonly height?: number;
  readonly scheme: Scheme;
  readonly onPick?: (mark: Mark) => void;
}

const kReach = 24; // of the pointer, in pixels

function extended(values: Iterable<number>, spec: AxisSpec): Domain {
  return domainOf([...values, ...(spec.reach ?? [])], spec.log);
}

// Marks over two axes, drawn on a canvas. The pointer finds the nearest mark; with the keyboard, arrow keys go along
// the strong ones from left to right and Enter picks.
export function Scatter({ label, marks, x, y, guides = [], height = 340, scheme, onPick }: ScatterProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [hovered, setHovered] = useState("");

  const placed = useMemo(() => {
    const xDomain = extended(marks.map((mark) => mark.x), x);
    const yDomain = extended(marks.map((mark) => mark.y), y);
    const frame = frameOf(width, height);
    const xScale = scaleOf(xDomain, frame.left, width - frame.right);
    const yScale = scaleOf(yDomain, height - frame.bottom, frame.top);
    const drawn = marks.filter((mark) =>
      Number.isFinite(mark.x) && Number.isFinite(mark.y) && !(xDomain.log && mark.x <= 0) && !(yDomain.log && mark.y <= 0));
    // The strong ones last, so that they are on top.
    drawn.sort((a, b) => Number(a.strong) - Number(b.strong));
    return {
      frame, xDomain, yDomain, xScale, yScale, drawn,
      xs: Float64Array.from(drawn, (mark) => xScale(mark.x)),
      ys: Float64Array.from(drawn, (mark) => yScale(mark.y)),
    };
  }, [marks, width, height, x.log, y.log, x.reach, y.reach]);

  const draw = useCallback((context: CanvasRenderingContext2D) => {
    const { drawn, xs, ys, xScale, yScale, frame } = placed;
    const palette = paletteOf(scheme);
    context.save();
    context.beginPath();
    context.rect(frame.left, frame.top, frame.width - frame.left - frame.right, frame.height - frame.top - frame.bottom);
    context.clip();
    for (const guide of guides) {
      context.beginPath();
      guide.points.forEach((point) => context.lineTo(xScale(point.x), yScale(point.y)));
      context.strokeStyle = guide.colour;
      context.lineWidth = 1.25;
      context.stroke();
    }
    context.restore();
    const faint = new Map<string, Path2D>();
    drawn.forEach(({ strong, colour }, i) => {
      if (strong) return;
      const path = faint.get(colour) ?? new Path2D();
      faint.set(colour, path);
      path.moveTo((xs[i] ?? 0) + 2.5, ys[i] ?? 0);
      path.arc(xs[i] ?? 0, ys[i] ?? 0, 2.5, 0, 2 * Math.PI);
    });
    context.globalAlpha = 0.5;
    for (const [colour, path] of faint) {
      context.fillStyle = colour;
      context.fill(path);
    }
    context.globalAlpha = 1;
    context.strokeStyle = palette.surface;
    context.lineWidth = 1;
    drawn.forEach(({ strong, colour }, i) => {
      if (!strong) return;
      context.beginPath();
      context.arc(xs[i] ?? 0, ys[i] ?? 0, 4.5, 0, 2 * Math.PI);
      context.fillStyle = colour;
      context.fill();
      context.stroke();
    });
  }, [placed, guides, scheme]);

  const index = hovered === "" ? -1 : placed.drawn.findIndex((mark) => mark.key === hovered);
  const mark = placed.drawn[index];
  const move = (event: PointerEvent) => {
    const bounds = event.currentTarget.getBoundingClientRect();
    const found = nearest(placed.xs, placed.ys, event.clientX - bounds.left, event.clientY - bounds.top, kReach);
    setHovered(placed.drawn[found]?.key ?? "");
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === "Enter" && mark && onPick) {
      event.preventDefault();
      onPick(mark);
    }
    if (event.key === "Escape") setHovered("");
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const along = placed.drawn.filter((one) => one.strong).sort((a, b) => a.x - b.x);
    const now = along.findIndex((one) => one.key === hovered);
    const next = now < 0 && Number.isFinite(step) ? 0 : Math.min(along.length - 1, Math.max(0, now + step));
    setHovered(along[next]?.key ?? "");
  };

  return (
    <div
      ref={box}
      className={onPick ? "plot pickable" : "plot"}
      style={{ height }}
      role="application"
      aria-roledescription="plot"
      aria-label={`${label} Arrow keys go from mark to mark${onPick ? ", Enter opens one" : ""}.`}
      tabIndex={0}
      onKeyDown={onKey}
      onPointerMove={move}
      onPointerLeave={() => setHovered("")}
      onBlur={() => setHovered("")}
      onClick={() => mark && onPick?.(mark)}
    >
      {width > 0 && (
        <>
          <svg width={width} height={height} className="plot-under" aria-hidden="true">
            <Axes frame={placed.frame} x={placed.xDomain} y={placed.yDomain} xTitle={x.title} yTitle={y.title} />
          </svg>
          <Canvas width={width} height={height} draw={draw} />
          {mark && (
            <>
              <svg width={width} height={height} className="plot-over" aria-hidden="true">
                <circle className="halo" cx={placed.xs[index]} cy={placed.ys[index]} r={7} />
              </svg>
              <Tip x={placed.xs[index] ?? 0} y={placed.ys[index] ?? 0} width={width} lines={mark.lines()} />
            </>
          )}
        </>
      )}
      <span className="visually-hidden" aria-live="polite">{mark ? mark.lines().join(", ") : ""}</span>
    </div>
  );
}
