import { useEffect, useMemo, useState, type FormEvent } from "react";
import type { Job } from "../../api/types";
import { Link, adjust, navigate } from "../../state/navigation";
import { server } from "../../state/session";
import { useStore } from "../../state/store";
import { compareRoute, jobRoute, type JobsRoute } from "../../state/url";
import { objectiveText } from "../../text/figures";
import { groupedNumber, shortDuration, shortNumber, shortTime, siNumber } from "../../text/numbers";
import { JobActions } from "../../ui/job_actions";
import { gapText, jobKey, Progress, StateBadge } from "../../ui/job_parts";
import { Check, Select } from "../../ui/select";
import { Empty, Pending } from "../../ui/states";
import { averageRate, kColumns, labelsText, serverOrder, sortJobs, type Rates } from "./jobs_table";
import { useJobs } from "./use_jobs";
import { Workers } from "./workers";

const kPage = 200;
const kMostJobs = 1000; // that the daemon lists at once

export function JobsView({ route }: { readonly route: JobsRoute }): JSX.Element {
  const info = useStore(server);
  const [pageSize, setPageSize] = useState(kPage);
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const projects = (info?.projects ?? []).filter((name) => name !== "*");
  // All projects at once are for those who may see all.
  const project = route.project === "-" && projects.length > 0 ? projects[0] ?? "-" : route.project;
  const { data, error, refresh } = useJobs({
    project, filter: route.filter, orderBy: serverOrder(route.sort), deleted: route.deleted, pageSize,
  });
  const rates: Rates = useMemo(
    () => new Map([...(data?.progressed ?? [])].flatMap(([name, { rate }]) => (rate === undefined ? [] : [[name, rate]]))),
    [data?.progressed]);
  const jobs = useMemo(() => (data ? sortJobs(data.jobs, route.sort, rates) : []), [data?.jobs, route.sort, rates]);
  const toggle = (key: string) => {
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    setSelected(next);
  };
  const filterError = error?.violations.find((violation) => violation.field === "filter");

  return (
    <>
      <div className="view-head">
        <h1>Jobs</h1>
        {data && <span className="count">{groupedNumber(jobs.length)}{data.more ? "+" : ""}</span>}
        <FilterBox key={route.filter} route={route} error={filterError?.description ?? ""} />
        {projects.length > 1 && (
          <Select label="Project" value={project} choices={projects.map((name) => ({ value: name, name }))}
            onChange={(chosen) => adjust({ ...route, project: chosen })} />
        )}
        <Check label="deleted" checked={route.deleted} onChange={(deleted) => adjust({ ...route, deleted })} />
        <button disabled={selected.size < 2} onClick={() => navigate(compareRoute([...selected]))}>
          Compare{selected.size > 0 ? ` ${selected.size}` : ""}
        </button>
        <Link to={{ view: "submit", from: "" }} className="button primary">Submit a job</Link>
      </div>
      <Workers />
      {!data ? (
        filterError ? <Empty title="The filter is not valid">{filterError.description}</Empty> : <Pending error={error} what="jobs" onRetry={refresh} />
      ) : jobs.length === 0 ? (
        <NoJobs route={route} />
      ) : (
        <div className="panel flush">
          <div className="scroll" tabIndex={0} role="region" aria-label="Jobs">
            <table className="jobs">
              <JobsHead route={route} />
              <tbody>
                {jobs.map((job) => (
                  <JobRow key={job.name} job={job} rate={rates.get(job.name) ?? averageRate(job)} selected={selected.has(jobKey(job))}
                    manyProjects={project === "-"} onSelect={toggle} onChange={refresh} />
                ))}
              </tbody>
            </table>
          </div>
          {data.more && (
            <div className="more">
              {pageSize < kMostJobs
                ? <button onClick={() => setPageSize(Math.min(kMostJobs, pageSize + kPage))}>Load more</button>
                : <p className="hint">The first {groupedNumber(kMostJobs)}; a filter finds the others.</p>}
            </div>
          )}
        </div>
      )}
    </>
  );
}

function FilterBox({ route, error }: { readonly route: JobsRoute; readonly error: string }): JSX.Element {
  const [text, setText] = useState(route.filter);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    adjust({ ...route, filter: text.trim() });
  };
  // To empty it, as by the field's own cross, is to ask for all.
  useEffect(() => {
    if (text.trim() !== "" || route.filter === "") return;
    adjust({ ...route, filter: "" });
  }, [text]);
  return (
    <form className="filter" role="search" onSubmit={apply}>
      <input type="search" aria-label="Filter of jobs" placeholder="state=RUNNING AND label.chip=a1" value={text}
        aria-invalid={error !== ""} aria-describedby="filter-error" onChange={(event) => setText(event.target.value)} />
      <button>Filter</button>
      <span id="filter-error" className="field-error" role="alert">{error}</span>
    </form>
  );
}

function NoJobs({ route }: { readonly route: JobsRoute }): JSX.Element {
  if (route.filter !== "") {
    return (
      <Empty title="No job matches the filter">
        <button onClick={() => adjust({ ...route, filter: "" })}>Show all jobs</button>
      </Empty>
    );
  }
  return (
    <Empty title="No jobs yet">
      <Link to={{ view: "submit", from: "" }}>Submit one here</Link>, or with <code>oneloop submit</code>.
    </Empty>
  );
}

function JobsHead({ route }: { readonly route: JobsRoute }): JSX.Element {
  const key = route.sort.replace(/^-/, "");
  const reverse = route.sort.startsWith("-");
  return (
    <thead>
      <tr>
        <th scope="col"><span className="visually-hidden">Compare</span></th>
        {kColumns.map((column) => (
          <th key={column.key} scope="col" className={column.number ? "number" : ""}
            aria-sort={column.key === key ? (reverse ? "descending" : "ascending") : undefined}>
            <button className="sort" onClick={() => adjust({ ...route, sort: column.key === key && !reverse ? `-${key}` : column.key })}>
              {column.title}<span aria-hidden="true">{column.key === key ? (reverse ? " ▾" : " ▴") : ""}</span>
            </button>
          </th>
        ))}
        <th scope="col"><span className="visually-hidden">Actions</span></th>
      </tr>
    </thead>
  );
}

interface JobRowProps {
  readonly job: Job;
  readonly rate: number | undefined;
  readonly selected: boolean;
  readonly manyProjects: boolean;
  readonly onSelect: (key: string) => void;
  readonly onChange: () => void;
}

function JobRow({ job, rate, selected, manyProjects, onSelect, onChange }: JobRowProps): JSX.Element {
  const key = jobKey(job);
  const now = new Date();
  const wait = job.expected_start_time ? (job.expected_start_time.getTime() - now.getTime()) / 1000 : undefined;
  return (
    <tr className={job.delete_time ? "deleted" : ""}>
      <td><input type="checkbox" checked={selected} aria-label={`Select job ${job.id} to compare`} onChange={() => onSelect(key)} /></td>
      <th scope="row">
        <Link to={jobRoute(job.project, job.id)} title={job.name}>{manyProjects ? key : job.id}</Link>
      </th>
      <td title={job.message}><StateBadge state={job.state} /></td>
      <td><Progress job={job} /></td>
      <td title={`${job.workload} on ${job.template}`}>{job.workload}<span className="faint on-template"> on {job.template}</span></td>
      <td className="wrapped">{objectiveText(job)}</td>
      <td className="number">{shortNumber(job.best?.edp)}</td>
      <td className="number">{gapText(job)}</td>
      <td className="number">{rate === undefined ? "-" : siNumber(rate)}</td>
      <td>{job.owner}</td>
      <td className="wrapped">{labelsText(job).split(" ").map((label) => label && <span key={label} className="label">{label}</span>)}</td>
      <td className="number" title={wait === undefined ? "" : `begins in about ${shortDuration(wait)}`}>
        {job.queue_position ?? "-"}{wait !== undefined && <span className="faint"> ~{shortDuration(wait)}</span>}
      </td>
      <td className="number">{job.create_time ? shortTime(job.create_time, now) : "-"}</td>
      <td className="row-actions"><JobActions job={job} onChange={onChange} small /></td>
    </tr>
  );
}
