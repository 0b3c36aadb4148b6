// Points → what plots draw of them.
import type { Point } from "../../api/types";
import { rampColour, seriesColour, type Scheme } from "../../plots/colours";
import { domainOf } from "../../plots/scales";
import { figureOf, kPointFigures } from "../../text/figures";
import { shortNumber } from "../../text/numbers";

export interface Ramp {
  readonly colourOf: (point: Point) => string;
  readonly low: number;
  readonly high: number;
}

// A colour by a figure, even in its logarithm where all of it is positive.
export function rampOf(points: readonly Point[], key: string, scheme: Scheme): Ramp {
  const one = seriesColour(0, scheme);
  if (key === "") return { colourOf: () => one, low: NaN, high: NaN };
  const values = points.map((point) => figureOf(point, key) ?? NaN).filter((value) => Number.isFinite(value));
  const low = Math.min(...values);
  const high = Math.max(...values);
  const log = domainOf(values, true).log && low > 0;
  const share = (value: number) =>
    high === low ? 0.5 : log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return {
    colourOf: (point) => {
      const value = figureOf(point, key);
      return value === undefined || !Number.isFinite(value) ? one : rampColour(share(value), scheme);
    },
    low, high,
  };
}

export function pointLines(point: Point): readonly string[] {
  return [
    `point ${point.number}${point.pareto ? ", on the front" : ""}`,
    ...kPointFigures.map(({ key, label, unit }) => `${label} ${shortNumber(figureOf(point, key))} ${unit}`),
    ...Object.entries(point.parameters).map(([name, value]) => `${name} ${shortNumber(value)}`),
  ];
}

export function pointRow(point: Point, parameters: readonly string[]): readonly string[] {
  return [
    String(point.number), point.pareto ? "yes" : "", String(point.start), String(point.sample),
    ...[point.edp, point.energy_uj, point.latency_cycles, point.area_mm2].map(shortNumber),
    ...parameters.map((name) => shortNumber(point.parameters[name])),
  ];
}

export function pointHeader(parameters: readonly string[]): readonly string[] {
  return ["point", "front", "start", "sample", "EDP", "energy (µJ)", "latency (cycles)", "area (mm²)", ...parameters];
}
