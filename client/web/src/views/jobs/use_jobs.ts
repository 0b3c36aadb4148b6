import { listJobs, type JobQuery } from "../../api/calls";
import { mergeJobs } from "../../api/merge";
import type { Job } from "../../api/types";
import { usePoll, type Polled } from "../../state/use_poll";
import { measureRates, type Progressed } from "./jobs_table";

export interface JobList {
  readonly jobs: readonly Job[];
  readonly more: boolean; // beyond the page
  readonly revision: number;
  readonly progressed: ReadonlyMap<string, Progressed>;
  readonly whole: number; // when the whole page was asked for, in ms
}

const kInterval = 1000;
// A place in the queue changes without a change of the job.
const kWholeInterval = 10_000;

// The jobs of a query, kept up to date by what changed.
export function useJobs(query: JobQuery): Polled<JobList> {
  return usePoll<JobList>(
    JSON.stringify(query),
    async (before, signal) => {
      const now = Date.now();
      const queued = before?.jobs.some((job) => job.state === "PENDING") ?? false;
      if (!before || before.revision === 0 || (queued && now - before.whole > kWholeInterval)) {
        const page = await listJobs(query, {}, signal);
        const progressed = measureRates(before?.progressed ?? new Map(), page.jobs, now);
        return { jobs: page.jobs, more: page.next_page_token !== "", revision: page.revision, progressed, whole: now };
      }
      const page = await listJobs(query, { after: before.revision }, signal);
      const jobs = mergeJobs(before.jobs, page);
      if (jobs === before.jobs && !jobs.some((job) => job.state === "RUNNING")) {
        return page.revision === before.revision ? before : { ...before, revision: page.revision };
      }
      return { ...before, jobs, revision: page.revision, progressed: measureRates(before.progressed, jobs, now) };
    },
    () => kInterval);
}
