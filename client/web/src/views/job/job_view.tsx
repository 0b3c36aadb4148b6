import { useCallback, useMemo, useRef } from "react";
import { getTemplate } from "../../api/calls";
import type { Job, Template } from "../../api/types";
import { adjust } from "../../state/navigation";
import { useStore } from "../../state/store";
import { scheme } from "../../state/theme";
import { useOnce } from "../../state/use_poll";
import type { JobRoute, Ranges } from "../../state/url";
import { kPointFigures, parameterFigures } from "../../text/figures";
import { Empty, Pending } from "../../ui/states";
import { Convergence } from "./convergence";
import { FrontPlot } from "./front_plot";
import { JobHead } from "./job_head";
import { ParallelPlot } from "./parallel_plot";
import { useJob } from "./use_job";

// The template of a job: its own, when it was read from a file.
export function useTemplate(job: Job | undefined): Template | undefined {
  const own = job?.spec.template;
  const name = own ? "" : job?.spec.template_name ?? "";
  const shipped = useOnce(name === "" ? "" : `template ${name}`, (signal) => getTemplate(name, signal));
  return own ?? shipped.data;
}

export function JobView({ route }: { readonly route: JobRoute }): JSX.Element {
  const { job, front, history, sample, ever, error } = useJob(route.project, route.job);
  const template = useTemplate(job.data);
  const colours = useStore(scheme);
  // Of the last one: two changes in a row are both kept.
  const latest = useRef(route);
  latest.current = route;
  const onFigure = useCallback((curve: string) => adjust({ ...latest.current, curve }), []);
  const onRanges = useCallback((ranges: Ranges) => adjust({ ...latest.current, ranges }), []);

  const points = useMemo(() => {
    const known = new Map((sample?.points ?? []).map((point) => [point.number, point]));
    // The front is asked for more often than the sample.
    known.forEach((point, number) => known.set(number, point.pareto ? { ...point, pareto: false } : point));
    front.forEach((point) => known.set(point.number, point));
    return [...known.values()];
  }, [sample, front]);
  // What is asked for at once ends at a number; what is on the front now is never missing.
  const everOn = useMemo(() => ever && [...new Map([...ever, ...front].map((point) => [point.number, point])).values()], [ever, front]);
  const hasPoints = points.length > 0;
  const parameters = useMemo(
    () => parameterFigures(hasPoints ? points.slice(0, 1) : [], template?.parameters ?? []), [hasPoints, template]);
  const figures = useMemo(() => [...kPointFigures, ...parameters], [parameters]);

  if (!job.data) return <Pending error={job.error} what="job" onRetry={job.refresh} />;
  const empty = job.data.state === "PENDING"
    ? { title: "The job waits for a worker", text: "Its plots fill as soon as it runs." }
    : job.data.state === "RUNNING"
      ? { title: "No design yet", text: "The first points arrive within seconds." }
      : { title: "The job found no design", text: job.data.message };
  return (
    <>
      <JobHead job={job.data} onChange={job.refresh} />
      {!history || !sample ? (
        <Pending error={error} what="points" />
      ) : !hasPoints ? (
        <Empty title={empty.title}>{empty.text}</Empty>
      ) : (
        <div className="plots">
          <Convergence job={job.data} history={history} figure={route.curve} scheme={colours}
            onFigure={onFigure} />
          <FrontPlot job={job.data} route={route} front={front} sample={points} total={sample.total} ever={everOn} figures={figures}
            scheme={colours} onChange={adjust} />
          <ParallelPlot project={route.project} job={route.job} ranges={route.ranges} colour={route.plot.colour || "edp"} points={points}
            parameters={parameters} scheme={colours} onRanges={onRanges} />
        </div>
      )}
    </>
  );
}
