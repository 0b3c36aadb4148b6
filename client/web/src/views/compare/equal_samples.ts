// Bests of jobs at equal samples. Pure.
import { bestAt, type Step } from "../../plots/scales";

// Of the shortest job's samples; those of `oneloop compare`.
const kParts = [16, 8, 4, 2, 1] as const;

// Where all jobs are compared, ascending: parts of the samples of the one that has the fewest.
export function comparedSamples(samples: readonly number[]): readonly number[] {
  const shortest = Math.min(...samples);
  if (!Number.isFinite(shortest) || shortest <= 0) return [];
  return [...new Set(kParts.map((part) => Math.floor(shortest / part)))].filter((count) => count > 0);
}

export interface BestRow {
  readonly values: readonly (number | undefined)[]; // at each of the samples
}

export function bestRows(curves: readonly (readonly Step[])[], samples: readonly number[]): readonly BestRow[] {
  return curves.map((curve) => ({ values: samples.map((count) => bestAt(curve, count)) }));
}
