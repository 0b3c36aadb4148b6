// The form ↔ the request to submit a job, and the daemon's messages → the form's fields. Pure.
import type { FieldViolation } from "../../api/http";
import type { Job } from "../../api/types";

// A shipped one by its name, or the message that the daemon made of a file.
export interface Source {
  readonly name: string;
  readonly file: { readonly name: string; readonly message: unknown } | undefined;
}

export interface NetworkField {
  readonly source: Source;
  readonly weight: string;
}

export interface LimitField {
  readonly quantity: string;
  readonly value: string;
  readonly network: string;
}

export interface FixedField {
  readonly name: string;
  readonly value: string;
}

// As typed: the daemon says what is wrong with it.
export interface Form {
  readonly project: string;
  readonly networks: readonly NetworkField[];
  readonly combination: string;
  readonly template: Source;
  readonly objective: string; // of the proto, PRODUCT and FRONT included
  readonly product: string;
  readonly front: readonly string[];
  readonly algorithm: string;
  readonly factors: string; // "": the daemon's default
  readonly starts: string;
  readonly steps: string;
  readonly samples: string; // of the whole job, instead of steps
  readonly seed: string;
  readonly stopGap: string; // %
  readonly limits: readonly LimitField[];
  readonly fixed: readonly FixedField[];
  readonly calibration: string;
  readonly labels: string; // "chip=a1 team=x"
  readonly priority: string;
  readonly deadlineHours: string;
}

export const kNoSource: Source = { name: "", file: undefined };

export const kEmptyForm: Form = {
  project: "default",
  networks: [{ source: kNoSource, weight: "" }],
  combination: "SUM",
  template: kNoSource,
  objective: "EDP",
  product: "",
  front: ["energy", "latency", "area"],
  algorithm: "GRADIENT",
  factors: "",
  starts: "",
  steps: "",
  samples: "",
  seed: "",
  stopGap: "",
  limits: [],
  fixed: [],
  calibration: "",
  labels: "",
  priority: "",
  deadlineHours: "",
};

export const kQuantities =
  ["area_mm2", "energy_uj", "latency_cycles", "edp", "power_w", "latency_ms", "throughput_per_s"] as const;

// A number, or what was typed instead of one.
function typed(text: string): number | string {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

function set(target: Record<string, unknown>, field: string, text: string): void {
  if (text.trim() !== "") target[field] = typed(text);
}

function named(source: Source, field: string): Record<string, unknown> {
  return source.file ? { [field]: source.file.message } : { [`${field}_name`]: source.name };
}

export function toRequest(form: Form, requestId: string): Record<string, unknown> {
  const spec: Record<string, unknown> = { ...named(form.template, "template"), algorithm: form.algorithm };
  const [only] = form.networks;
  if (form.networks.length === 1 && only) {
    Object.assign(spec, named(only.source, "workload"));
  } else {
    spec["combination"] = form.combination;
    spec["networks"] = form.networks.map(({ source, weight }) => {
      const network = named(source, "workload");
      set(network, "weight", weight);
      return network;
    });
  }
  if (form.objective === "PRODUCT") spec["objective_product"] = form.product;
  else if (form.objective === "FRONT") spec["objective_front"] = form.front.join(",");
  else spec["objective"] = form.objective;
  set(spec, "factors", form.factors);
  set(spec, "starts", form.starts);
  set(spec, "steps", form.steps);
  set(spec, "samples", form.samples);
  set(spec, "seed", form.seed);
  if (form.stopGap.trim() !== "") {
    const gap = typed(form.stopGap);
    spec["stop_gap"] = typeof gap === "number" ? gap / 100 : gap;
  }
  if (form.limits.length > 0) {
    spec["limits"] = form.limits.map(({ quantity, value, network }) => ({
      quantity,
      [quantity === "throughput_per_s" ? "min" : "max"]: value.trim() === "" ? 0 : typed(value),
      ...(network === "" ? {} : { network }),
    }));
  }
  if (form.fixed.length > 0) {
    spec["fixed_parameters"] = Object.fromEntries(form.fixed.map(({ name, value }) => [name, value.trim() === "" ? 0 : typed(value)]));
  }
  if (form.calibration !== "") spec["calibration_name"] = form.calibration;
  const request: Record<string, unknown> = { spec, request_id: requestId };
  const labels = parseLabels(form.labels);
  if (Object.keys(labels).length > 0) request["labels"] = labels;
  set(request, "priority", form.priority);
  const hours = Number(form.deadlineHours);
  if (form.deadlineHours.trim() !== "") request["deadline_after"] = `${Math.round(3600 * hours)}s`;
  return request;
}

function parseLabels(text: string): Record<string, string> {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  return Object.fromEntries(words.map((word) => {
    const [name = "", ...value] = word.split("=");
    return [name, value.join("=")];
  }));
}

// The settings of a job, to submit another one like it. What was read from a file is not in it.
export function formOf(job: Job): Form {
  const { spec } = job;
  const text = (value: number) => (value === 0 ? "" : String(value));
  const networks = spec.networks.length > 0
    ? spec.networks.map(({ workload_name, weight }) => ({ source: { name: workload_name, file: undefined }, weight: String(weight) }))
    : [{ source: { name: spec.workload_name, file: undefined }, weight: "" }];
  return {
    ...kEmptyForm,
    project: job.project,
    networks,
    template: { name: spec.template_name, file: undefined },
    objective: spec.objective_product !== "" ? "PRODUCT" : spec.objective_front !== "" ? "FRONT" : spec.objective || "EDP",
    product: spec.objective_product,
    front: spec.objective_front !== "" ? spec.objective_front.split(",") : kEmptyForm.front,
    algorithm: spec.algorithm || "GRADIENT",
    factors: spec.factors,
    starts: text(spec.starts),
    steps: spec.samples > 0 ? "" : text(spec.steps),
    samples: text(spec.samples),
    seed: text(spec.seed),
    stopGap: spec.stop_gap > 0 ? String(100 * spec.stop_gap) : "",
    limits: spec.limits.map(({ quantity, max, min, network }) => ({ quantity, value: String(max > 0 ? max : min), network })),
    fixed: Object.entries(spec.fixed_parameters).map(([name, value]) => ({ name, value: String(value) })),
    calibration: spec.calibration_name,
    labels: Object.entries(job.labels).map(([name, value]) => `${name}=${value}`).join(" "),
    priority: text(job.priority),
  };
}

// Which field of the form shows what the daemon says of a field of the request: "" for the form as a whole.
const kPlaces: readonly (readonly [RegExp, string])[] = [
  [/^(spec\.)?networks?\[(\d+)\]/, "network $2"],
  [/^(spec\.)?(workload|workload_name|networks)\b/, "network 0"],
  [/^(spec\.)?(template|template_name)\b/, "template"],
  [/^(spec\.)?limits?\[(\d+)\]/, "limit $2"],
  [/^(spec\.)?limits\b/, "limit 0"],
  [/^(spec\.)?fixed_parameters\b/, "fixed"],
  [/^(spec\.)?objective_product\b/, "product"],
  [/^(spec\.)?objective_front\b/, "front"],
  [/^(spec\.)?objective\b/, "objective"],
  [/^(spec\.)?combination\b/, "combination"],
  [/^(spec\.)?algorithm\b/, "algorithm"],
  [/^(spec\.)?factors\b/, "factors"],
  [/^(spec\.)?starts\b/, "starts"],
  [/^(spec\.)?steps\b/, "steps"],
  [/^(spec\.)?samples\b/, "samples"],
  [/^(spec\.)?seed\b/, "seed"],
  [/^(spec\.)?stop_gap\b/, "stopGap"],
  [/^(spec\.)?(calibration_name|predictor)\b/, "calibration"],
  [/^labels\b/, "labels"],
  [/^priority\b/, "priority"],
  [/^deadline/, "deadlineHours"],
  [/^parent\b/, "project"],
];

export function placeOf(field: string): string {
  for (const [pattern, place] of kPlaces) {
    const match = pattern.exec(field);
    if (match) return place.replace("$2", match[2] ?? "");
  }
  return "";
}

// By place in the form; several messages of one place are joined.
export function placeErrors(violations: readonly FieldViolation[], message: string): Readonly<Record<string, string>> {
  const placed: Record<string, string> = {};
  const add = (place: string, text: string) => {
    placed[place] = placed[place] === undefined ? text : `${placed[place]} ${text}`;
  };
  for (const { field, description } of violations) {
    const place = placeOf(field);
    // The daemon begins with the field's name, which its place in the form says already.
    const bare = description.startsWith(`${field}: `) ? description.slice(field.length + 2) : description;
    add(place, place === "" && field !== "" ? `${field}: ${bare}` : bare);
  }
  if (violations.length === 0 && message !== "") add("", message);
  return placed;
}
