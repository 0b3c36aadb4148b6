// Domains, ticks and thinning of plots. Pure.
import { scaleLinear, scaleLog, type Scale } from "d3-scale";
import { shortNumber } from "../text/numbers";

// Marks that a plot draws at most.
export const kMostMarks = 2000;

export interface Domain {
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
}

// Room for all values that can be drawn, with a margin. A logarithmic axis has positive values only, and is linear
// when there are none.
export function domainOf(values: Iterable<number>, log: boolean): Domain {
  let low = Infinity;
  let high = -Infinity;
  let allPositive = true;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value <= 0) allPositive = false;
    if (log && value <= 0) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!Number.isFinite(low)) return { low: 0, high: 1, log: false };
  if (log) {
    const factor = high > low ? (high / low) ** 0.05 : 1.25;
    return { low: low / factor, high: high * factor, log: true };
  }
  const margin = high > low ? 0.05 * (high - low) : Math.abs(high) * 0.25 || 1;
  return { low: allPositive ? Math.max(0, low - margin) : low - margin, high: high + margin, log: false };
}

export function scaleOf(domain: Domain, from: number, to: number): Scale {
  const scale = domain.log ? scaleLog() : scaleLinear();
  return scale.domain([domain.low, domain.high]).range([from, to]);
}

export interface Tick {
  readonly value: number;
  readonly label: string; // "" for one that is only a line
}

// About `count` labels. Over several decades the powers of ten are named, within few also their multiples.
export function ticksOf(domain: Domain, count: number): Tick[] {
  if (!domain.log) {
    return scaleLinear().domain([domain.low, domain.high]).ticks(count).map((value) => ({ value, label: tickLabel(value) }));
  }
  const decades = Math.log10(domain.high / domain.low);
  const all = scaleLog().domain([domain.low, domain.high]).ticks(1000);
  const digits = decades > 0.7 * count ? [1] : decades > 0.35 * count ? [1, 3] : decades > 0.12 * count ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const inside = all.filter((value) => digits.includes(leading(value)));
  if (inside.length < 2) {
    return scaleLinear().domain([domain.low, domain.high]).ticks(Math.max(2, count - 1))
      .map((value) => ({ value, label: tickLabel(value) }));
  }
  const powers = inside.filter((value) => leading(value) === 1).length;
  const every = Math.max(1, Math.ceil(powers / count));
  return inside.map((value) => ({
    value,
    label: leading(value) === 1 && Math.round(Math.log10(value)) % every !== 0 ? "" : tickLabel(value),
  }));
}

function leading(value: number): number {
  return Number(value.toExponential(0).split("e")[0]);
}

// "5e9", "20,000" is "2e4": short enough for an axis.
export function tickLabel(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e5 || magnitude < 1e-3)) {
    const [mantissa = "", exponent = ""] = value.toExponential().split("e");
    return `${Number(Number(mantissa).toPrecision(3))}e${Number(exponent)}`;
  }
  return shortNumber(value);
}

// At most `most` of `items`, in their order: those to `keep`, and of the rest an even choice.
export function thin<T>(items: readonly T[], most: number, keep: (item: T) => boolean): readonly T[] {
  if (items.length <= most) return items;
  const kept = items.filter(keep);
  const rest = items.length - kept.length;
  const room = Math.max(0, most - kept.length);
  let seen = 0;
  const chosen = items.filter((item) => {
    if (keep(item)) return true;
    ++seen;
    return Math.floor((seen * room) / rest) > Math.floor(((seen - 1) * room) / rest);
  });
  return chosen.slice(0, most);
}

export interface Step {
  readonly x: number;
  readonly y: number;
}

// The steps of a staircase, at most `most`: the first and the last always, the others spread evenly over log(x), where
// such curves change.
export function thinSteps(steps: readonly Step[], most: number): readonly Step[] {
  if (steps.length <= most || most < 2) return steps.slice(0, Math.max(most, 0));
  const first = steps[0];
  const last = steps[steps.length - 1];
  if (!first || !last) return steps;
  const low = Math.log(Math.max(first.x, 1));
  const width = Math.max(Math.log(Math.max(last.x, 1)) - low, Number.EPSILON);
  const chosen: Step[] = [];
  let bucket = -1;
  for (const step of steps) {
    const place = Math.floor(((Math.log(Math.max(step.x, 1)) - low) / width) * (most - 1));
    // The last of a bucket is what the curve has come to there.
    if (place === bucket && chosen.length > 1) chosen[chosen.length - 1] = step;
    else chosen.push(step);
    bucket = place;
  }
  return chosen;
}

export interface Started {
  readonly improvements: readonly { readonly sample: number; readonly value: number }[];
}

// The best of a job against its samples as if its `starts` took turns, sample by sample: after s samples of each, that
// is starts·s samples of the job, the best of what any found within its first s.
export function inTurn(started: readonly Started[], starts: number): Step[] {
  const all = started.flatMap((start) => start.improvements).filter((one) => Number.isFinite(one.value));
  all.sort((a, b) => a.sample - b.sample || a.value - b.value);
  const steps: Step[] = [];
  for (const { sample, value } of all) {
    const last = steps[steps.length - 1];
    if (last && value >= last.y) continue;
    steps.push({ x: sample * starts, y: value });
  }
  return steps;
}

// Undefined before the first step.
export function bestAt(steps: readonly Step[], x: number): number | undefined {
  let best: number | undefined;
  for (const step of steps) {
    if (step.x > x) break;
    best = step.y;
  }
  return best;
}

// Of points in pixels, the nearest within `reach`; -1 for none.
export function nearest(xs: ArrayLike<number>, ys: ArrayLike<number>, x: number, y: number, reach: number): number {
  let found = -1;
  let least = reach * reach;
  for (let i = 0; i < xs.length; ++i) {
    const dx = (xs[i] ?? NaN) - x;
    const dy = (ys[i] ?? NaN) - y;
    const distance = dx * dx + dy * dy;
    if (distance <= least) {
      least = distance;
      found = i;
    }
  }
  return found;
}
