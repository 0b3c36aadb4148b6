// Rows, order and rates of the table of jobs. Pure.
import type { Job } from "../../api/types";
import { objectiveText } from "../../text/figures";

export interface Column {
  readonly key: string;
  readonly title: string;
  readonly number: boolean;
  readonly value: (job: Job, rates: Rates) => number | string | undefined; // what is sorted by; undefined comes last
}

// Samples a second, by name of the job.
export type Rates = ReadonlyMap<string, number>;

const kStateOrder = ["RUNNING", "PENDING", "PAUSED", "SUCCEEDED", "FAILED", "CANCELLED"];

export const kColumns: readonly Column[] = [
  { key: "id", title: "Job", number: false, value: (job) => Number(job.id) || job.id },
  { key: "state", title: "State", number: false, value: (job) => kStateOrder.indexOf(job.state) },
  { key: "progress", title: "Progress", number: false, value: (job) => job.samples_done / Math.max(1, job.samples_total) },
  { key: "workload", title: "Workload", number: false, value: (job) => job.workload },
  { key: "objective", title: "Objective", number: false, value: objectiveText },
  { key: "edp", title: "Best EDP", number: true, value: (job) => job.best?.edp },
  { key: "gap", title: "Proven gap", number: true, value: (job) => job.certificate?.gap },
  { key: "rate", title: "Samples/s", number: true, value: (job, rates) => rates.get(job.name) ?? averageRate(job) },
  { key: "owner", title: "Owner", number: false, value: (job) => job.owner },
  { key: "labels", title: "Labels", number: false, value: (job) => labelsText(job) || undefined },
  { key: "queue", title: "Queue", number: true, value: (job) => job.queue_position },
  { key: "create_time", title: "Submitted", number: true, value: (job) => job.create_time?.getTime() },
];

// The daemon's orders; all others are of the jobs that are loaded.
const kServerOrders = new Set(["create_time"]);

export function serverOrder(sort: string): string {
  const key = sort.replace(/^-/, "");
  return kServerOrders.has(key) ? `${key}${sort.startsWith("-") ? " desc" : ""}` : "";
}

export function sortJobs(jobs: readonly Job[], sort: string, rates: Rates): readonly Job[] {
  const reverse = sort.startsWith("-");
  const column = kColumns.find((one) => one.key === sort.replace(/^-/, ""));
  if (!column) return jobs;
  const keyed = jobs.map((job) => ({ job, value: column.value(job, rates) }));
  keyed.sort((a, b) => {
    if (a.value === undefined || b.value === undefined) return Number(a.value === undefined) - Number(b.value === undefined);
    const order = a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
    return reverse ? -order : order;
  });
  return keyed.map(({ job }) => job);
}

export function labelsText(job: Job): string {
  return Object.entries(job.labels).map(([name, value]) => `${name}=${value}`).join(" ");
}

// Over the whole of a job that is over; undefined for one that has not begun or still runs.
export function averageRate(job: Job): number | undefined {
  if (!job.start_time || !job.end_time || job.samples_done === 0) return undefined;
  const seconds = (job.end_time.getTime() - job.start_time.getTime()) / 1000;
  return seconds > 0 ? job.samples_done / seconds : undefined;
}

interface Seen {
  readonly samples: number;
  readonly at: number; // ms
}

export interface Progressed {
  readonly from: Seen; // what the rate counts from
  readonly next: Seen; // what it will count from
  readonly rate: number | undefined;
}

// A worker tells of its samples in batches, seconds apart: shorter spans tell of the batches. In ms.
const kRateSpan = 10_000;

// The rates of running jobs over the last 10 to 20 s, or since they began, out of what was seen of them before.
export function measureRates(before: ReadonlyMap<string, Progressed>, jobs: readonly Job[], now: number):
  ReadonlyMap<string, Progressed> {
  const after = new Map<string, Progressed>();
  for (const job of jobs) {
    if (job.state !== "RUNNING") continue;
    const seen = { samples: job.samples_done, at: now };
    const started = job.start_time?.getTime() ?? now;
    const old = before.get(job.name) ?? { from: started < now ? { samples: 0, at: started } : seen, next: seen };
    const { from, next } = now - old.next.at >= kRateSpan ? { from: old.next, next: seen } : old;
    const seconds = (now - from.at) / 1000;
    after.set(job.name, { from, next, rate: seconds > 0 ? (seen.samples - from.samples) / seconds : undefined });
  }
  return after;
}
