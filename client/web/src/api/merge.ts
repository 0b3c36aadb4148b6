// What changed since a revision → what there is now. All pure; what did not change stays the same object.
import type { FrontChange, Job, JobPage, Point } from "./types";

export function mergeJobs(current: readonly Job[], page: JobPage): readonly Job[] {
  if (page.snapshot) return page.jobs;
  if (page.jobs.length === 0 && page.removed.length === 0) return current;
  const gone = new Set(page.removed);
  const changed = new Map(page.jobs.map((job) => [job.name, job]));
  const kept = current.filter((job) => !gone.has(job.name)).map((job) => changed.get(job.name) ?? job);
  const known = new Set(current.map((job) => job.name));
  return [...page.jobs.filter((job) => !known.has(job.name)), ...kept];
}

export function mergeFront(current: readonly Point[], change: FrontChange): readonly Point[] {
  if (change.snapshot) return change.entered;
  if (change.entered.length === 0 && change.left.length === 0) return current;
  const gone = new Set([...change.left, ...change.entered.map((point) => point.number)]);
  return [...current.filter((point) => !gone.has(point.number)), ...change.entered];
}

// The front as it was at a revision, of points that are or were on it.
export function frontAt(points: readonly Point[], revision: number): readonly Point[] {
  return points.filter(
    (point) => point.entered > 0 && point.entered <= revision && (point.left === 0 || point.left > revision));
}

// The revisions at which it changed, ascending.
export function frontRevisions(points: readonly Point[]): readonly number[] {
  const revisions = new Set<number>();
  for (const point of points) {
    if (point.entered > 0) revisions.add(point.entered);
    if (point.left > 0) revisions.add(point.left);
  }
  return [...revisions].sort((a, b) => a - b);
}
