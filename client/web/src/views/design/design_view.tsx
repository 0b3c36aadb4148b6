import { explainDesign, getDesign, getJob, jobPath, api } from "../../api/calls";
import { ApiError } from "../../api/http";
import type { Design, Explanation, Job } from "../../api/types";
import { Link, adjust } from "../../state/navigation";
import { useStore } from "../../state/store";
import { scheme } from "../../state/theme";
import { jobRoute, type DesignRoute } from "../../state/url";
import { usePoll } from "../../state/use_poll";
import { percent, percentUp, shortNumber } from "../../text/numbers";
import { download } from "../../ui/download";
import { Pending } from "../../ui/states";
import { notify } from "../../ui/toast";
import { useTemplate } from "../job/job_view";
import { isOver } from "../job/use_job";
import { BuffersPanel } from "./buffers_panel";
import { EnergyFigure } from "./energy_figure";
import { fileName, layersCsv } from "./export";
import { HierarchyFigure } from "./hierarchy_figure";
import { LayersPanel, NestPanel } from "./layers_panel";
import { RooflineFigure } from "./roofline_figure";
import { SensitivitiesPanel } from "./sensitivities_panel";

interface Loaded {
  readonly job: Job;
  readonly design: Design;
  readonly explanation: Explanation;
}

const kBestInterval = 3000; // while a job runs its best design may be another one

export function DesignView({ route }: { readonly route: DesignRoute }): JSX.Element {
  const path = jobPath(route.project, route.job);
  const colours = useStore(scheme);
  const { data, error, refresh } = usePoll<Loaded>(
    `${path}/designs/${route.point}`,
    async (before, signal) => {
      const job = await getJob(route.project, route.job, signal);
      const design = await getDesign(path, route.point, signal);
      // Of the very design, also when another one has become the best since.
      const explanation = before?.design === design ? before.explanation : await explainDesign(path, String(design.number), false, signal);
      return before && before.job === job && before.design === design ? before : { job, design, explanation };
    },
    (loaded) => (route.point === "best" && !isOver(loaded?.job) ? kBestInterval : Infinity));
  const template = useTemplate(data?.job);
  if (!data || !template) return <Pending error={error} what="design" onRetry={refresh} />;
  const { job, design, explanation } = data;
  const choose = (layer: number) => adjust({ ...route, layer });
  const selected = Math.min(route.layer, design.layers.length - 1);
  return (
    <>
      <div className="view-head">
        <h1>Design {design.number}</h1>
        <span className="head-what">
          {route.point === "best" && "the best of "}<Link to={jobRoute(route.project, route.job)}>job {route.job}</Link>: {job.workload} <span className="faint">on</span> {job.template}
        </span>
        <span className="spacer" />
        <Exports job={job} design={design} explanation={explanation} />
      </div>
      <dl className="figures panel">
        {Object.entries(design.parameters).map(([name, value]) => (
          <div key={name}><dt>{name}</dt><dd>{shortNumber(value)} <span className="unit">{template.parameters.find((one) => one.name === name)?.unit}</span></dd></div>
        ))}
        <div><dt>EDP</dt><dd>{shortNumber(design.edp)} <span className="unit">µJ·cycles</span></dd></div>
        <div><dt>energy</dt><dd>{shortNumber(design.energy_uj)} <span className="unit">µJ</span></dd></div>
        <div><dt>latency</dt><dd>{shortNumber(design.latency_cycles)} <span className="unit">cycles</span></dd></div>
        {design.latency_ms !== undefined && <div><dt>time</dt><dd>{shortNumber(design.latency_ms)} <span className="unit">ms</span></dd></div>}
        {design.power_w !== undefined && <div><dt>power</dt><dd>{shortNumber(design.power_w)} <span className="unit">W</span></dd></div>}
        <div><dt>area</dt><dd>{shortNumber(design.area_mm2)} <span className="unit">mm²</span></dd></div>
        <div><dt>utilisation</dt><dd>{percent(explanation.utilisation)}</dd></div>
        <div><dt>proven gap</dt><dd>{percentUp(design.gap)}</dd></div>
        {explanation.distance && (
          <div>
            <dt>of which</dt>
            <dd>{percent(explanation.distance.energy_share)} <span className="unit">energy</span> {percent(explanation.distance.latency_share)} <span className="unit">latency</span></dd>
          </div>
        )}
        {design.calibration && <div><dt>latency by</dt><dd>{design.calibration}</dd></div>}
      </dl>
      {design.networks.length > 0 && <Networks design={design} />}
      <div className="plots">
        <HierarchyFigure template={template} resources={explanation.resources} />
        <div className="stack">
          <RooflineFigure design={design} explanation={explanation} scheme={colours} onLayer={choose} />
          <EnergyFigure components={explanation.components} scheme={colours} />
        </div>
        <LayersPanel design={design} explanation={explanation} selected={selected} onLayer={choose} />
        <NestPanel design={design} template={template} selected={selected} />
        <div className="stack">
          <BuffersPanel explanation={explanation} />
          <SensitivitiesPanel path={path} point={String(design.number)} />
        </div>
      </div>
    </>
  );
}

function Networks({ design }: { readonly design: Design }): JSX.Element {
  return (
    <section className="panel flush" aria-label="Networks">
      <table>
        <thead>
          <tr><th scope="col">Network</th><th scope="col" className="number">Runs</th><th scope="col" className="number">Energy (µJ)</th>
            <th scope="col" className="number">Latency (cycles)</th><th scope="col" className="number">EDP (µJ·cycles)</th><th scope="col" className="number">Price of sharing</th></tr>
        </thead>
        <tbody>
          {design.networks.map(({ name, weight, energy_uj, latency_cycles, edp, price }) => (
            <tr key={name}>
              <th scope="row">{name}</th><td className="number">{shortNumber(weight)}</td><td className="number">{shortNumber(energy_uj)}</td>
              <td className="number">{shortNumber(latency_cycles)}</td><td className="number">{shortNumber(edp)}</td>
              <td className="number">{percentUp(price)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

interface ExportsProps {
  readonly job: Job;
  readonly design: Design;
  readonly explanation: Explanation;
}

// Files with the design, its layers, and the workload and the template that it is of.
function Exports({ job, design, explanation }: ExportsProps): JSX.Element {
  const json = (value: unknown) => `${JSON.stringify(value, null, 1)}\n`;
  const spec = async (kind: "workload" | "template") => {
    try {
      const whole = (await api.get(`/v1/${job.name}`)) as { readonly spec?: Readonly<Record<string, unknown>> };
      const name = kind === "workload" ? job.spec.workload_name : job.spec.template_name;
      const own = whole.spec?.[kind] ?? (kind === "workload" && job.spec.networks.length > 0 ? whole.spec?.["networks"] : undefined);
      const content = own ?? (await api.get(`/v1/${kind}s/${encodeURIComponent(name)}`));
      download(`${kind}-${name || job.id}.json`, "application/json", json(content));
    } catch (cause) {
      notify({ text: cause instanceof ApiError ? cause.message : String(cause), bad: true });
    }
  };
  return (
    <span className="actions" role="group" aria-label="Export">
      <button onClick={() => download(fileName(design, "json"), "application/json", json(design.json))}>Design as JSON</button>
      <button onClick={() => download(fileName(design, "csv"), "text/csv", layersCsv(design, explanation))}>Layers as CSV</button>
      <button onClick={() => void spec("workload")}>Workload</button>
      <button onClick={() => void spec("template")}>Template</button>
    </span>
  );
}
