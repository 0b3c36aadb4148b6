import type { Job } from "../../api/types";
import { Link, navigate } from "../../state/navigation";
import { compareRoute, designRoute } from "../../state/url";
import { objectiveText } from "../../text/figures";
import { groupedNumber, shortDuration, shortNumber, shortTime } from "../../text/numbers";
import { JobActions } from "../../ui/job_actions";
import { gapText, jobKey, Progress, StateBadge } from "../../ui/job_parts";

export function JobHead({ job, onChange }: { readonly job: Job; readonly onChange: () => void }): JSX.Element {
  const now = new Date();
  const ran = job.start_time ? ((job.end_time ?? now).getTime() - job.start_time.getTime()) / 1000 : undefined;
  return (
    <>
      <div className="view-head">
        <h1>Job {job.id}</h1>
        <StateBadge state={job.state} />
        <span className="head-what">{job.workload} <span className="faint">on</span> {job.template}, {objectiveText(job)}</span>
        <span className="spacer" />
        <JobActions job={job} onChange={onChange} />
        <button onClick={() => navigate({ view: "submit", from: jobKey(job) })}>Submit like this</button>
        <button onClick={() => navigate(compareRoute([jobKey(job)]))}>Compare</button>
        {job.best && <Link className="button primary" to={designRoute(job.project, job.id, "best")}>Best design</Link>}
      </div>
      {job.message && <p className={job.state === "FAILED" ? "notice bad" : "notice"}>{job.message}</p>}
      <dl className="figures panel">
        <Item name="progress"><Progress job={job} /></Item>
        <Item name="samples">{groupedNumber(job.samples_done)} / {groupedNumber(job.samples_total)}</Item>
        <Item name="starts">{job.starts_done} / {job.starts_total}</Item>
        <Item name="best EDP">{shortNumber(job.best?.edp)} <Unit>µJ·cycles</Unit></Item>
        <Item name="energy">{shortNumber(job.best?.energy_uj)} <Unit>µJ</Unit></Item>
        <Item name="latency">{shortNumber(job.best?.latency_cycles)} <Unit>cycles</Unit></Item>
        <Item name="area">{shortNumber(job.best?.area_mm2)} <Unit>mm²</Unit></Item>
        {job.front ? (
          <Item name="hypervolume">{shortNumber(job.front.hypervolume)} <Unit>of at most {shortNumber(job.front.ideal || undefined)}</Unit></Item>
        ) : (
          <Item name="proven gap">{gapText(job)}</Item>
        )}
        <Item name="front">{groupedNumber(job.front_size)} <Unit>designs</Unit></Item>
        <Item name="points">{groupedNumber(job.points)}</Item>
        <Item name="owner">{job.owner || "-"}</Item>
        <Item name="time">{ran === undefined ? (job.queue_position ? `${job.queue_position}. in the queue` : "-") : shortDuration(ran)}</Item>
        <Item name="submitted">{job.create_time ? shortTime(job.create_time, now) : "-"}</Item>
        {job.spec.limits.length > 0 && (
          <Item name="limits">
            {job.spec.limits.map(({ quantity, max, min, network }) =>
              `${network === "" ? "" : `${network}: `}${quantity} ${max > 0 ? `≤ ${shortNumber(max)}` : `≥ ${shortNumber(min)}`}`).join(", ")}
          </Item>
        )}
      </dl>
    </>
  );
}

function Item({ name, children }: { readonly name: string; readonly children: React.ReactNode }): JSX.Element {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}

function Unit({ children }: { readonly children: React.ReactNode }): JSX.Element {
  return <span className="unit">{children}</span>;
}
