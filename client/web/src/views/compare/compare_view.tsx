import { useMemo, useState, type FormEvent } from "react";
import { getFront, getHistory, getJob, jobPath } from "../../api/calls";
import { mergeFront } from "../../api/merge";
import type { Job, Point, StartHistory } from "../../api/types";
import { seriesColour, type Scheme } from "../../plots/colours";
import { Figure } from "../../plots/figure";
import { inTurn, kMostMarks, thin, type Step } from "../../plots/scales";
import { Scatter, type Mark } from "../../plots/scatter";
import { Staircases } from "../../plots/staircases";
import { Link, adjust, navigate } from "../../state/navigation";
import { useStore } from "../../state/store";
import { scheme } from "../../state/theme";
import { designRoute, jobRoute, type CompareRoute } from "../../state/url";
import { usePoll } from "../../state/use_poll";
import { figureOf, findFigure, kPointFigures, objectiveFigure, objectiveText, parameterFigures, titleOf } from "../../text/figures";
import { counted, groupedNumber, shortNumber } from "../../text/numbers";
import { gapText, jobKey, StateBadge } from "../../ui/job_parts";
import { PlotTools } from "../../ui/plot_tools";
import { Select } from "../../ui/select";
import { Empty, Pending } from "../../ui/states";
import { falling, improvementOf } from "../job/convergence";
import { pointHeader, pointLines, pointRow } from "../job/marks";
import { isOver } from "../job/use_job";
import { bestRows, comparedSamples } from "./equal_samples";

const kInterval = 2000;
const kMostJobs = 12;

interface Compared {
  readonly job: Job;
  readonly history: readonly StartHistory[];
  readonly front: readonly Point[];
  readonly revision: number; // of the front
}

async function load(key: string, before: Compared | undefined, signal: AbortSignal): Promise<Compared> {
  const [project = "", id = ""] = key.split("/");
  const path = jobPath(project, id);
  const job = await getJob(project, id, signal);
  if (before && before.job === job && isOver(job)) return before;
  const [history, change] = await Promise.all([getHistory(path, kMostMarks, signal), getFront(path, before?.revision ?? 0, signal)]);
  return { job, history, front: mergeFront(before?.front ?? [], change), revision: change.revision };
}

export function CompareView({ route }: { readonly route: CompareRoute }): JSX.Element {
  const colours = useStore(scheme);
  const keys = route.jobs.slice(0, kMostJobs);
  const { data, error, refresh } = usePoll<readonly Compared[]>(
    keys.join(","),
    async (before, signal) => {
      const after = await Promise.all(keys.map((key, i) => load(key, before?.[i], signal)));
      return before && after.every((one, i) => one === before[i]) ? before : after;
    },
    (loaded) => (loaded?.every(({ job }) => isOver(job)) ? Infinity : kInterval));
  return (
    <>
      <div className="view-head">
        <h1>Compare</h1>
        <AddJob route={route} />
      </div>
      {keys.length === 0 ? (
        <Empty title="No jobs to compare">Select some in the table of jobs, or add one by its number.</Empty>
      ) : !data ? (
        <Pending error={error} what="jobs to compare" onRetry={refresh} />
      ) : (
        <Comparison route={route} jobs={data} scheme={colours} />
      )}
    </>
  );
}

function AddJob({ route }: { readonly route: CompareRoute }): JSX.Element {
  const [text, setText] = useState("");
  const add = (event: FormEvent) => {
    event.preventDefault();
    const [project, id] = text.includes("/") ? text.trim().split("/") : [route.jobs[0]?.split("/")[0] ?? "default", text.trim()];
    if (!project || !id) return;
    setText("");
    navigate({ ...route, jobs: [...new Set([...route.jobs, `${project}/${id}`])] });
  };
  return (
    <form className="filter" onSubmit={add}>
      <input aria-label="Job to add" placeholder="job, or project/job" value={text} onChange={(event) => setText(event.target.value)} />
      <button disabled={route.jobs.length >= kMostJobs}>Add</button>
    </form>
  );
}

interface ComparisonProps {
  readonly route: CompareRoute;
  readonly jobs: readonly Compared[];
  readonly scheme: Scheme;
}

// The figure that is compared when none is chosen: the objective, if it is the same for all.
function commonFigure(jobs: readonly Compared[]): string {
  const figures = new Set(jobs.map(({ job }) => objectiveFigure(job)));
  const [first = ""] = figures;
  return figures.size === 1 && first !== "" ? first : "edp";
}

function Comparison({ route, jobs, scheme: colours }: ComparisonProps): JSX.Element {
  const key = findFigure(kPointFigures, route.curve)?.key ?? commonFigure(jobs);
  const figure = findFigure(kPointFigures, key);
  const title = figure ? titleOf(figure) : key;
  const curves = useMemo((): readonly (readonly Step[])[] => jobs.map(({ job, history }) => inTurn(
    history.map(({ improvements }) => ({
      improvements: falling(improvements.map((one) => ({ x: one.sample, y: improvementOf(one, key) }))).map(({ x, y }) => ({ sample: x, value: y })),
    })),
    Math.max(1, job.spec.starts))), [jobs, key]);
  const samples = comparedSamples(jobs.map(({ job }) => job.samples_done));
  const rows = bestRows(curves, samples);
  const series = useMemo(() => jobs.map(({ job }, i) => ({
    name: `job ${job.id}`, steps: curves[i] ?? [], end: Math.max(1, job.samples_done), colour: seriesColour(i, colours), place: i, strong: true,
  })), [jobs, curves, colours]);
  const shortest = samples[samples.length - 1] ?? 0;
  const atEnd = rows.map(({ values }) => values[values.length - 1]);
  const least = Math.min(...atEnd.map((value) => value ?? Infinity));
  const winner = atEnd.indexOf(least);
  const summary = winner < 0 ? "No designs yet." :
    `After ${groupedNumber(shortest)} samples each, job ${jobs[winner]?.job.id} has the best ${title}, ${shortNumber(least)}. The starts of a job are taken in turn.`;

  return (
    <div className="plots">
      <section className="panel wide flush" aria-label="Jobs that are compared">
        <div className="scroll" tabIndex={0} role="region" aria-label="Jobs that are compared">
          <table>
            <thead>
              <tr>
                <th scope="col">Job</th><th scope="col">State</th><th scope="col">Workload</th><th scope="col">Objective</th><th scope="col">Algorithm</th>
                <th scope="col" className="number">Samples</th>
                {kPointFigures.map((one) => <th key={one.key} scope="col" className="number">{titleOf(one)}</th>)}
                <th scope="col" className="number">Proven gap</th><th scope="col" className="number">Front</th><th scope="col"><span className="visually-hidden">Actions</span></th>
              </tr>
            </thead>
            <tbody>
              {jobs.map(({ job, front }, i) => (
                <tr key={job.name}>
                  <th scope="row">
                    <span className="swatch" style={{ background: seriesColour(i, colours) }} aria-hidden="true" />
                    <Link to={jobRoute(job.project, job.id)}>{jobKey(job)}</Link>
                  </th>
                  <td><StateBadge state={job.state} /></td>
                  <td>{job.workload}<span className="faint"> on {job.template}</span></td>
                  <td>{objectiveText(job)}</td>
                  <td>{job.spec.algorithm.toLowerCase()}{job.spec.factors !== "" && <span className="faint">, {job.spec.factors.toLowerCase()} factors</span>}</td>
                  <td className="number">{groupedNumber(job.samples_done)}</td>
                  {kPointFigures.map((one) => <td key={one.key} className="number">{shortNumber(job.best && figureOf(job.best, one.key))}</td>)}
                  <td className="number">{gapText(job)}</td>
                  <td className="number">{groupedNumber(front.length)}</td>
                  <td className="row-actions">
                    <button className="quiet" aria-label={`Take job ${job.id} out`}
                      onClick={() => navigate({ ...route, jobs: route.jobs.filter((one) => one !== jobKey(job)) })}>✕</button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>

      <Figure title="Best against samples" summary={summary}
        tools={<Select label="figure" value={key} choices={kPointFigures.map((one) => ({ value: one.key, name: one.label }))}
          onChange={(curve) => adjust({ ...route, curve })} />}
        table={() => ({ header: ["job", "samples", title], rows: curves.flatMap((curve, i) => curve.map(({ x, y }) => [jobs[i]?.job.id ?? "", groupedNumber(x), shortNumber(y)])) })}>
        <Staircases label={`Best ${title} against samples of ${jobs.length} jobs. ${summary}`} series={series} bounds={[]} shade={false}
          xTitle="samples of the job" yTitle={title} scheme={colours} />
        <div className="legend">{series.map(({ name, colour }) => <span key={name}><span className="swatch" style={{ background: colour }} aria-hidden="true" />{name}</span>)}</div>
      </Figure>

      <Fronts route={route} jobs={jobs} scheme={colours} />

      <section className="panel wide flush" aria-label="Bests at equal samples">
        <header className="panel-head"><h2>Best {title} at equal samples</h2></header>
        <div className="scroll" tabIndex={0} role="region" aria-label="Bests at equal samples">
          <table>
            <thead><tr><th scope="col">Job</th>{samples.map((count) => <th key={count} scope="col" className="number">{groupedNumber(count)}</th>)}</tr></thead>
            <tbody>
              {jobs.map(({ job }, i) => (
                <tr key={job.name}>
                  <th scope="row"><span className="swatch" style={{ background: seriesColour(i, colours) }} aria-hidden="true" />{jobKey(job)}</th>
                  {(rows[i]?.values ?? []).map((value, k) => {
                    const best = Math.min(...rows.map(({ values }) => values[k] ?? Infinity));
                    return <td key={k} className={value === best ? "number better" : "number"}>{shortNumber(value)}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </section>
    </div>
  );
}

function Fronts({ route, jobs, scheme: colours }: ComparisonProps): JSX.Element {
  const { plot } = route;
  const figures = useMemo(() => [...kPointFigures, ...parameterFigures(jobs.flatMap(({ front }) => front.slice(0, 1)), [])], [jobs]);
  const most = Math.floor(kMostMarks / jobs.length);
  const marks = useMemo((): Mark[] => jobs.flatMap(({ job, front }, i) => thin(front, most, () => false).map((point) => ({
    key: `${jobKey(job)}/${point.number}`,
    x: figureOf(point, plot.x) ?? NaN,
    y: figureOf(point, plot.y) ?? NaN,
    colour: seriesColour(i, colours),
    strong: true,
    lines: () => [`job ${job.id}, ${pointLines(point)[0]}`, ...pointLines(point).slice(1)],
  }))), [jobs, plot.x, plot.y, colours]);
  const titles = [plot.x, plot.y].map((key) => {
    const figure = findFigure(figures, key);
    return figure ? titleOf(figure) : key;
  });
  const summary = `Fronts of ${jobs.map(({ job, front }) => `job ${job.id} with ${counted(front.length, "design")}`).join(", ")}.`;
  const parameters = figures.slice(kPointFigures.length).map(({ key }) => key);
  return (
    <Figure title="Fronts" summary={summary}
      tools={<PlotTools plot={plot} figures={figures} coloured={false} onChange={(next) => adjust({ ...route, plot: next })} />}
      table={() => ({
        header: ["job", ...pointHeader(parameters)],
        rows: jobs.flatMap(({ job, front }) => front.map((point) => [job.id, ...pointRow(point, parameters)])),
      })}>
      <Scatter label={`${titles[1]} against ${titles[0]}. ${summary}`} marks={marks} x={{ title: titles[0] ?? "", log: plot.xLog }}
        y={{ title: titles[1] ?? "", log: plot.yLog }} scheme={colours}
        onPick={(mark) => {
          const [project = "", job = "", point = ""] = mark.key.split("/");
          navigate(designRoute(project, job, point));
        }} />
    </Figure>
  );
}
