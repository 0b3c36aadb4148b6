import type { Job, JobState } from "../api/types";
import { percentUp } from "../text/numbers";

const kMarks: Readonly<Record<JobState, string>> = {
  PENDING: "◌", RUNNING: "▶", PAUSED: "❚❚", CANCELLED: "■", SUCCEEDED: "✓", FAILED: "✕",
};

// A word and a sign besides the colour.
export function StateBadge({ state }: { readonly state: JobState }): JSX.Element {
  return <span className={`badge ${state.toLowerCase()}`}><span aria-hidden="true">{kMarks[state]}</span> {state.toLowerCase()}</span>;
}

export function Progress({ job }: { readonly job: Job }): JSX.Element {
  const share = job.samples_total > 0 ? Math.min(1, job.samples_done / job.samples_total) : 0;
  const percent = `${Math.floor(100 * share)} %`;
  return (
    <span className="progress" role="progressbar" aria-valuenow={Math.floor(100 * share)} aria-valuemin={0} aria-valuemax={100}
      aria-label={`samples of job ${job.id}`}>
      <span className="progress-bar" aria-hidden="true"><span style={{ width: `${100 * share}%` }} /></span>
      <span className="progress-text">{percent}</span>
    </span>
  );
}

export function gapText(job: Job): string {
  return job.certificate?.gap === undefined ? "-" : percentUp(job.certificate.gap);
}

export function jobKey(job: Job): string {
  return `${job.project}/${job.id}`;
}
