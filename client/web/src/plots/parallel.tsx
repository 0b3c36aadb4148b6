import { brushY } from "d3-brush";
import { event as brushEvent, select } from "d3-selection";
import { useCallback, useEffect, useMemo, useRef, useState, type PointerEvent } from "react";
import type { Ranges } from "../state/url";
import { shortNumber } from "../text/numbers";
import { Canvas } from "./canvas";
import { paletteOf, type Scheme } from "./colours";
import { domainOf, scaleOf, ticksOf, type Domain } from "./scales";
import { Tip } from "./tip";
import { useWidth } from "./use_size";

export interface ParallelAxis {
  readonly key: string;
  readonly title: string;
  readonly unit: string;
}

export interface ParallelLine {
  readonly key: string;
  readonly values: readonly number[]; // one for each axis
  readonly colour: string;
  readonly strong: boolean;
  readonly lines: () => readonly string[];
}

interface ParallelProps {
  readonly label: string;
  readonly axes: readonly ParallelAxis[];
  readonly lines: readonly ParallelLine[];
  readonly ranges: Ranges; // lines outside of them are faint
  readonly onRanges: (ranges: Ranges) => void;
  readonly onPick: (line: ParallelLine) => void;
  readonly scheme: Scheme;
}

const kHeight = 300;
const kTop = 40;
const kBottom = 14;
const kSide = 60;
const kReach = 8; // of the pointer to a line, in pixels

export function insideRanges(line: ParallelLine, axes: readonly ParallelAxis[], ranges: Ranges): boolean {
  return axes.every((axis, i) => {
    const range = ranges[axis.key];
    const value = line.values[i] ?? NaN;
    return range === undefined || (value >= range[0] && value <= range[1]);
  });
}

// One vertical axis for each figure and a line for each design. Dragging along an axis keeps a range of it.
export function Parallel({ label, axes, lines, ranges, onRanges, onPick, scheme }: ParallelProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const [hovered, setHovered] = useState("");

  const placed = useMemo(() => {
    const domains: Domain[] = axes.map((_, i) => {
      const values = lines.map((one) => one.values[i] ?? NaN).filter((value) => Number.isFinite(value));
      const domain = domainOf(values, values.every((value) => value > 0));
      return domain;
    });
    const gap = axes.length > 1 ? (width - 2 * kSide) / (axes.length - 1) : 0;
    const xs = axes.map((_, i) => kSide + i * gap);
    const scales = domains.map((domain) => scaleOf(domain, kHeight - kBottom, kTop));
    return { domains, xs, scales };
  }, [axes, lines, width]);

  const inside = useMemo(() => lines.filter((one) => insideRanges(one, axes, ranges)), [lines, axes, ranges]);

  const draw = useCallback((context: CanvasRenderingContext2D) => {
    const { xs, scales } = placed;
    const palette = paletteOf(scheme);
    const trace = (one: ParallelLine) =>
      one.values.forEach((value, i) => {
        const [x, y] = [xs[i] ?? 0, scales[i]?.(value) ?? 0];
        if (i === 0) context.moveTo(x, y);
        else context.lineTo(x, y);
      });
    const chosen = new Set(inside);
    context.lineWidth = 0.75;
    context.strokeStyle = palette.faint;
    context.globalAlpha = 0.4;
    context.beginPath();
    lines.forEach((one) => chosen.has(one) || trace(one));
    context.stroke();
    for (const strong of [false, true]) {
      context.globalAlpha = strong ? 0.95 : 0.3;
      context.lineWidth = strong ? 1.5 : 0.9;
      for (const one of inside) {
        if (one.strong !== strong) continue;
        context.strokeStyle = one.colour;
        context.beginPath();
        trace(one);
        context.stroke();
      }
    }
    context.globalAlpha = 1;
  }, [placed, lines, inside, scheme]);

  const found = hovered === "" ? undefined : inside.find((one) => one.key === hovered);
  const move = (pointer: PointerEvent) => {
    const bounds = pointer.currentTarget.getBoundingClientRect();
    const [px, py] = [pointer.clientX - bounds.left, pointer.clientY - bounds.top];
    const after = placed.xs.findIndex((x) => x > px);
    let best: ParallelLine | undefined;
    let least = kReach;
    if (after > 0) {
      const [x0, x1] = [placed.xs[after - 1] ?? 0, placed.xs[after] ?? 1];
      for (const one of inside) {
        const y0 = placed.scales[after - 1]?.(one.values[after - 1] ?? NaN) ?? NaN;
        const y1 = placed.scales[after]?.(one.values[after] ?? NaN) ?? NaN;
        const distance = Math.abs(y0 + ((y1 - y0) * (px - x0)) / (x1 - x0) - py);
        // Of lines as near, the one of the front.
        if (distance < least || (best && distance === least && one.strong && !best.strong)) [best, least] = [one, distance];
      }
    }
    setHovered(best?.key ?? "");
  };

  return (
    <div className="parallel-scroll" tabIndex={0} role="region" aria-label="Parallel coordinates">
      <div
        ref={box}
        className="plot pickable"
        style={{ height: kHeight }}
        role="img"
        aria-label={`${label} The table below has the same designs.`}
        onPointerMove={move}
        onPointerLeave={() => setHovered("")}
        onClick={() => found && onPick(found)}
      >
        {width > 0 && (
          <>
            <Canvas width={width} height={kHeight} draw={draw} />
            <svg width={width} height={kHeight} className="plot-over live" aria-hidden="true">
              {found && (
                <path className="halo" d={`M${found.values.map((value, i) => `${placed.xs[i]},${placed.scales[i]?.(value)}`).join("L")}`} />
              )}
              {axes.map((axis, i) => (
                <BrushedAxis key={axis.key} axis={axis} x={placed.xs[i] ?? 0} domain={placed.domains[i]} range={ranges[axis.key]}
                  onRange={(range) => {
                    const { [axis.key]: _, ...others } = ranges;
                    onRanges(range ? { ...others, [axis.key]: range } : others);
                  }} />
              ))}
            </svg>
            {found && <Tip x={placed.xs[1] ?? 0} y={kTop} width={width} lines={found.lines()} />}
          </>
        )}
      </div>
    </div>
  );
}

interface BrushedAxisProps {
  readonly axis: ParallelAxis;
  readonly x: number;
  readonly domain: Domain | undefined;
  readonly range: readonly [number, number] | undefined;
  readonly onRange: (range: readonly [number, number] | undefined) => void;
}

function BrushedAxis({ axis, x, domain, range, onRange }: BrushedAxisProps): JSX.Element {
  const group = useRef<SVGGElement>(null);
  const latest = useRef(onRange);
  latest.current = onRange;
  const scale = useMemo(() => domain && scaleOf(domain, kHeight - kBottom, kTop), [domain?.low, domain?.high, domain?.log]);
  const [low, high] = range ?? [];

  useEffect(() => {
    if (!group.current || !scale) return undefined;
    const brush = brushY().extent([[-11, kTop], [11, kHeight - kBottom]]);
    const selection = select(group.current);
    selection.call(brush);
    selection.call(brush.move as never, low === undefined || high === undefined ? null : [scale(high), scale(low)]);
    // Only what the user does: a move by the line above has no event.
    brush.on("end", () => {
      if (!brushEvent.sourceEvent) return;
      const ends = brushEvent.selection;
      const rounded = (value: number) => Number(value.toPrecision(4));
      latest.current(ends ? [rounded(scale.invert(ends[1])), rounded(scale.invert(ends[0]))] : undefined);
    });
    return () => void brush.on("end", null);
  }, [scale, low, high]);

  return (
    <g transform={`translate(${x},0)`} className="parallel-axis">
      <text y={14} textAnchor="middle" className="axis-title">{axis.title}</text>
      <text y={28} textAnchor="middle">{axis.unit}</text>
      <line y1={kTop} y2={kHeight - kBottom} className="axis" />
      {domain && scale && ticksOf(domain, 5).map((tick) => (
        <text key={tick.value} x={-7} y={scale(tick.value)} dy="0.32em" textAnchor="end">{tick.label}</text>
      ))}
      <g ref={group} onClick={(click) => click.stopPropagation()} />
    </g>
  );
}

interface RangeFieldsProps {
  readonly axes: readonly ParallelAxis[];
  readonly ranges: Ranges;
  readonly onRanges: (ranges: Ranges) => void;
}

// The ranges as numbers to type, for the keyboard.
export function RangeFields({ axes, ranges, onRanges }: RangeFieldsProps): JSX.Element {
  const set = (key: string, low: string, high: string) => {
    const { [key]: _, ...others } = ranges;
    const [from, to] = [low === "" ? 0 : Number(low), high === "" ? Number.MAX_VALUE : Number(high)];
    if (!Number.isFinite(from) || !Number.isFinite(to)) return;
    onRanges(low === "" && high === "" ? others : { ...others, [key]: [from, to] });
  };
  return (
    <details className="ranges">
      <summary>Ranges by number</summary>
      <div className="range-fields">
        {axes.map(({ key, title, unit }) => {
          const [low, high] = ranges[key] ?? [];
          const from = low === undefined || low === 0 ? "" : shortNumber(low);
          const to = high === undefined || high === Number.MAX_VALUE ? "" : shortNumber(high);
          return (
            <fieldset key={key}>
              <legend>{title}{unit && ` (${unit})`}</legend>
              <input type="number" step="any" aria-label={`${title} from`} placeholder="from" value={from}
                onChange={(change) => set(key, change.target.value, to)} />
              <input type="number" step="any" aria-label={`${title} to`} placeholder="to" value={to}
                onChange={(change) => set(key, from, change.target.value)} />
            </fieldset>
          );
        })}
      </div>
    </details>
  );
}
