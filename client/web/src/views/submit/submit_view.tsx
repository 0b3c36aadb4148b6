import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import { createJob, getJob, listTemplates, listWorkloads } from "../../api/calls";
import { ApiError } from "../../api/http";
import type { Job } from "../../api/types";
import { navigate } from "../../state/navigation";
import { server } from "../../state/session";
import { useStore } from "../../state/store";
import { jobRoute, type SubmitRoute } from "../../state/url";
import { useOnce } from "../../state/use_poll";
import { groupedNumber } from "../../text/numbers";
import { Pending } from "../../ui/states";
import { Field, TextField } from "./fields";
import { formOf, kEmptyForm, kNoSource, kQuantities, placeErrors, toRequest, type Form } from "./request";
import { SourceField } from "./source_field";

// After the last change, before the daemon is asked what it thinks, in ms.
const kValidateAfter = 350;

const kObjectives = [
  ["EDP", "EDP (energy × latency)"], ["ENERGY", "energy"], ["LATENCY", "latency"], ["AREA", "area"], ["POWER", "power"],
  ["THROUGHPUT", "throughput"], ["PRODUCT", "a product of powers"], ["FRONT", "a whole front"],
] as const;
const kAlgorithms = [
  ["GRADIENT", "gradient descent"], ["RANDOM", "random search"], ["BAYESIAN", "Bayesian optimisation"], ["DEFAULT_TILER", "the accelerator's own tiling"],
] as const;
const kFactors = [["", "default"], ["PERFECT", "perfect: they divide what they split"], ["IMPERFECT", "imperfect: any, last runs shorter"]] as const;
const kCombinations = [["SUM", "sum over all runs"], ["GEOMETRIC_MEAN", "geometric mean"], ["WORST_RATIO", "worst ratio"]] as const;

export function SubmitView({ route }: { readonly route: SubmitRoute }): JSX.Element {
  const workloads = useOnce("workloads", listWorkloads);
  const templates = useOnce("templates", listTemplates);
  const [project = "", job = ""] = route.from.split("/");
  const from = useOnce(route.from, (signal) => getJob(project, job, signal));
  const info = useStore(server);
  if (!workloads.data || !templates.data) return <Pending error={workloads.error ?? templates.error} what="workloads and templates" />;
  if (route.from !== "" && !from.data) return <Pending error={from.error} what="job to begin with" />;
  const [first = "default"] = (info?.projects ?? []).filter((name) => name !== "*");
  const start = from.data ? formOf(from.data) : { ...kEmptyForm, project: first };
  return <SubmitForm start={start} workloads={workloads.data} templates={templates.data} />;
}

interface SubmitFormProps {
  readonly start: Form;
  readonly workloads: Awaited<ReturnType<typeof listWorkloads>>;
  readonly templates: Awaited<ReturnType<typeof listTemplates>>;
}

function newRequestId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What the daemon says of the form as it is now.
function useVerdict(form: Form, changed: boolean): { readonly errors: Readonly<Record<string, string>>; readonly preview: Job | undefined } {
  const [verdict, setVerdict] = useState<{ errors: Readonly<Record<string, string>>; preview: Job | undefined }>({ errors: {}, preview: undefined });
  useEffect(() => {
    if (!changed) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      createJob(form.project, { ...toRequest(form, ""), validate_only: true }, abort.signal)
        .then((preview) => setVerdict({ errors: {}, preview }))
        .catch((cause) => {
          if (cause instanceof ApiError) setVerdict({ errors: placeErrors(cause.violations, cause.message), preview: undefined });
        });
    }, kValidateAfter);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [form, changed]);
  return verdict;
}

function SubmitForm({ start, workloads, templates }: SubmitFormProps): JSX.Element {
  const [form, setForm] = useState(start);
  const [changed, setChanged] = useState(false);
  const [refused, setRefused] = useState<Readonly<Record<string, string>>>();
  const [busy, setBusy] = useState(false);
  const summary = useRef<HTMLDivElement>(null);
  // Of one form: submitting it twice, as after a lost answer, makes one job.
  const requestId = useMemo(newRequestId, [form]);
  const { errors: said, preview } = useVerdict(form, changed);
  const errors = refused ?? said;
  const change = (what: Partial<Form>) => {
    setForm((old) => ({ ...old, ...what }));
    setChanged(true);
    setRefused(undefined);
  };
  const template = templates.find(({ name }) => name === form.template.name);
  const parameters = template?.parameters.map(({ name }) => name) ?? [];
  const info = useStore(server);
  const projects = (info?.projects ?? []).filter((name) => name !== "*");

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const job = await createJob(form.project, toRequest(form, requestId));
      navigate(jobRoute(job.project, job.id));
    } catch (cause) {
      setRefused(cause instanceof ApiError ? placeErrors(cause.violations, cause.message) : { "": String(cause) });
      setBusy(false);
      summary.current?.focus();
    }
  };

  return (
    <form className="submit" onSubmit={(event) => void submit(event)} noValidate>
      <div className="view-head"><h1>Submit a job</h1></div>
      <div className="form-grid">
        <section className="panel" aria-label="What">
          <h2>What</h2>
          {form.networks.map((network, i) => (
            <div key={i} className="network">
              <SourceField label={form.networks.length > 1 ? `Network ${i + 1}` : "Workload"} kind="workloads" shipped={workloads} value={network.source}
                error={errors[`network ${i}`]}
                onChange={(source) => change({ networks: form.networks.map((one, k) => (k === i ? { ...one, source } : one)) })} />
              {form.networks.length > 1 && (
                <>
                  <TextField label="Weight" hint="runs" value={network.weight} error={undefined} number placeholder="1"
                    onChange={(weight) => change({ networks: form.networks.map((one, k) => (k === i ? { ...one, weight } : one)) })} />
                  <button type="button" className="quiet" aria-label={`Remove network ${i + 1}`} onClick={() => change({ networks: form.networks.filter((_, k) => k !== i) })}>✕</button>
                </>
              )}
            </div>
          ))}
          <button type="button" className="add" onClick={() => change({ networks: [...form.networks, { source: kNoSource, weight: "" }] })}>
            + network on the same chip
          </button>
          {form.networks.length > 1 && (
            <Field label="Objectives of the networks together" error={errors["combination"]}>
              {(attributes) => (
                <select {...attributes} value={form.combination} onChange={(event) => change({ combination: event.target.value })}>
                  {kCombinations.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
                </select>
              )}
            </Field>
          )}
          <SourceField label="Template" kind="templates" shipped={templates} value={form.template} error={errors["template"]}
            onChange={(source) => change({ template: source })} />
          <Field label="Objective" error={errors["objective"]}>
            {(attributes) => (
              <select {...attributes} value={form.objective} onChange={(event) => change({ objective: event.target.value })}>
                {kObjectives.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
              </select>
            )}
          </Field>
          {form.objective === "PRODUCT" && (
            <TextField label="Product" hint="of energy, latency, area, power" placeholder="energy*latency^2" value={form.product} error={errors["product"]}
              onChange={(product) => change({ product })} />
          )}
          {form.objective === "FRONT" && (
            <fieldset className="checks">
              <legend>Front over</legend>
              {["energy", "latency", "area"].map((metric) => (
                <label key={metric} className="check">
                  <input type="checkbox" checked={form.front.includes(metric)}
                    onChange={(event) => change({ front: ["energy", "latency", "area"].filter((one) => (one === metric ? event.target.checked : form.front.includes(one))) })} />
                  {metric}
                </label>
              ))}
              <span className="field-error" role={errors["front"] ? "alert" : undefined}>{errors["front"] ?? ""}</span>
            </fieldset>
          )}
        </section>

        <section className="panel" aria-label="Limits">
          <h2>Limits and fixed parameters</h2>
          {form.limits.map((limit, i) => (
            <div key={i} className="line-field">
              <select aria-label={`Quantity of limit ${i + 1}`} value={limit.quantity}
                onChange={(event) => change({ limits: form.limits.map((one, k) => (k === i ? { ...one, quantity: event.target.value } : one)) })}>
                {[...kQuantities, ...parameters].map((name) => <option key={name} value={name}>{name}</option>)}
              </select>
              <span>{limit.quantity === "throughput_per_s" ? "≥" : "≤"}</span>
              <input aria-label={`Value of limit ${i + 1}`} value={limit.value} inputMode="decimal" aria-invalid={errors[`limit ${i}`] !== undefined}
                onChange={(event) => change({ limits: form.limits.map((one, k) => (k === i ? { ...one, value: event.target.value } : one)) })} />
              <button type="button" className="quiet" aria-label={`Remove limit ${i + 1}`} onClick={() => change({ limits: form.limits.filter((_, k) => k !== i) })}>✕</button>
              <span className="field-error" role={errors[`limit ${i}`] ? "alert" : undefined}>{errors[`limit ${i}`] ?? ""}</span>
            </div>
          ))}
          <button type="button" className="add" onClick={() => change({ limits: [...form.limits, { quantity: "area_mm2", value: "", network: "" }] })}>+ limit</button>
          {form.fixed.map((fixed, i) => (
            <div key={i} className="line-field">
              <select aria-label={`Fixed parameter ${i + 1}`} value={fixed.name}
                onChange={(event) => change({ fixed: form.fixed.map((one, k) => (k === i ? { ...one, name: event.target.value } : one)) })}>
                {[...new Set([fixed.name, ...parameters])].map((name) => <option key={name} value={name}>{name}</option>)}
              </select>
              <span>=</span>
              <input aria-label={`Value of fixed parameter ${i + 1}`} value={fixed.value} inputMode="decimal" aria-invalid={errors["fixed"] !== undefined}
                onChange={(event) => change({ fixed: form.fixed.map((one, k) => (k === i ? { ...one, value: event.target.value } : one)) })} />
              <button type="button" className="quiet" aria-label={`Remove fixed parameter ${i + 1}`} onClick={() => change({ fixed: form.fixed.filter((_, k) => k !== i) })}>✕</button>
            </div>
          ))}
          <span className="field-error" role={errors["fixed"] ? "alert" : undefined}>{errors["fixed"] ?? ""}</span>
          <button type="button" className="add" disabled={parameters.length === 0}
            onClick={() => change({ fixed: [...form.fixed, { name: parameters[0] ?? "", value: "" }] })}>+ fixed parameter</button>
          {template && (
            <p className="hint">
              Ranges: {template.parameters.map(({ name, unit, min, max }) => `${name} ${min} to ${max} ${unit}`).join("; ")}.
            </p>
          )}
        </section>

        <section className="panel" aria-label="Search">
          <h2>Search</h2>
          <Field label="Algorithm" error={errors["algorithm"]}>
            {(attributes) => (
              <select {...attributes} value={form.algorithm} onChange={(event) => change({ algorithm: event.target.value })}>
                {kAlgorithms.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
              </select>
            )}
          </Field>
          <Field label="Factors" error={errors["factors"]}>
            {(attributes) => (
              <select {...attributes} value={form.factors} onChange={(event) => change({ factors: event.target.value })}>
                {kFactors.map(([value, name]) => <option key={value} value={value}>{name}</option>)}
              </select>
            )}
          </Field>
          <div className="field-row">
            <TextField label="Starts" value={form.starts} error={errors["starts"]} number placeholder="7" onChange={(starts) => change({ starts })} />
            <TextField label="Samples a start" value={form.steps} error={errors["steps"]} number placeholder="1490" onChange={(steps) => change({ steps })} />
            <TextField label="or of all" value={form.samples} error={errors["samples"]} number onChange={(samples) => change({ samples })} />
          </div>
          <div className="field-row">
            <TextField label="Seed" value={form.seed} error={errors["seed"]} number placeholder="0" onChange={(seed) => change({ seed })} />
            <TextField label="Stop at gap" hint="%" value={form.stopGap} error={errors["stopGap"]} number placeholder="never" onChange={(stopGap) => change({ stopGap })} />
            <TextField label="Calibration" value={form.calibration} error={errors["calibration"]} placeholder="none" onChange={(calibration) => change({ calibration })} />
          </div>
        </section>

        <section className="panel" aria-label="Job">
          <h2>Job</h2>
          <div className="field-row">
            {projects.length > 0 ? (
              <Field label="Project" error={errors["project"]}>
                {(attributes) => (
                  <select {...attributes} value={form.project} onChange={(event) => change({ project: event.target.value })}>
                    {[...new Set([form.project, ...projects])].map((name) => <option key={name}>{name}</option>)}
                  </select>
                )}
              </Field>
            ) : (
              <TextField label="Project" value={form.project} error={errors["project"]} onChange={(project) => change({ project })} />
            )}
            <TextField label="Priority" value={form.priority} error={errors["priority"]} number placeholder="0" onChange={(priority) => change({ priority })} />
            <TextField label="Deadline" hint="hours from now" value={form.deadlineHours} error={errors["deadlineHours"]} number placeholder="none"
              onChange={(deadlineHours) => change({ deadlineHours })} />
          </div>
          <TextField label="Labels" hint="name=value …" value={form.labels} error={errors["labels"]} placeholder="chip=a1" onChange={(labels) => change({ labels })} />
          <div ref={summary} tabIndex={-1} role="status" className="verdict">
            {errors[""] && <p className="field-error">{errors[""]}</p>}
            {Object.keys(errors).length > 0 && !errors[""] && <p className="field-error">The daemon would refuse this: see the fields in red.</p>}
            {preview && (
              <p className="hint">
                Valid: {preview.spec.starts} starts, {groupedNumber(preview.samples_total || preview.spec.starts * preview.spec.steps)} samples.
                {preview.warnings.map((warning) => <span key={warning} className="warning"> {warning}</span>)}
              </p>
            )}
          </div>
          <button className="primary" disabled={busy}>{busy ? "Submitting…" : "Submit"}</button>
        </section>
      </div>
    </form>
  );
}
