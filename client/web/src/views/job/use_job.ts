import { everOnFront, getFront, getHistory, getJob, jobPath, samplePoints } from "../../api/calls";
import type { ApiError } from "../../api/http";
import { mergeFront } from "../../api/merge";
import type { Job, Point, PointSample, StartHistory } from "../../api/types";
import { kMostMarks } from "../../plots/scales";
import { usePoll, type Polled } from "../../state/use_poll";

const kInterval = 1000;
// What is larger and changes with every commit.
const kPlotInterval = 2000;

export function isOver(job: Job | undefined): boolean {
  return job !== undefined && (job.state === "SUCCEEDED" || job.state === "FAILED" || job.state === "CANCELLED");
}

export interface JobData {
  readonly job: Polled<Job>;
  readonly front: readonly Point[];
  readonly history: readonly StartHistory[] | undefined;
  readonly sample: PointSample | undefined;
  readonly ever: readonly Point[] | undefined;
  readonly error: ApiError | undefined; // of what the plots draw
}

// A job and what its plots draw, followed until it is over.
export function useJob(project: string, id: string): JobData {
  const path = jobPath(project, id);
  // What is over changes no more, but for a deletion, which the job itself tells.
  const job = usePoll<Job>(path, (_, signal) => getJob(project, id, signal), (data) => (isOver(data) ? 5 * kInterval : kInterval));
  const over = isOver(job.data);
  // Anew when the job ends, so that its last state is seen.
  const key = (part: string) => (job.data === undefined ? "" : `${path}/${part}#${over}`);
  const pause = () => (over ? Infinity : kPlotInterval);
  const front = usePoll<{ readonly revision: number; readonly points: readonly Point[] }>(
    key("front"),
    async (before, signal) => {
      const change = await getFront(path, before?.revision ?? 0, signal);
      const points = mergeFront(before?.points ?? [], change);
      return before && points === before.points && change.revision === before.revision ? before : { revision: change.revision, points };
    },
    () => (over ? Infinity : kInterval));
  const history = usePoll<readonly StartHistory[]>(key("history"), (_, signal) => getHistory(path, kMostMarks, signal), pause);
  const sample = usePoll<PointSample>(key("sample"), (_, signal) => samplePoints(path, kMostMarks, signal), pause);
  const ever = usePoll<readonly Point[]>(key("ever"), (_, signal) => everOnFront(path, kMostMarks, signal), pause);
  const error = history.error ?? sample.error ?? front.error;
  return { job, front: front.data?.points ?? [], history: history.data, sample: sample.data, ever: ever.data, error };
}
