// proto3 JSON → api/types.ts. The daemon leaves out what has its default, writes 64-bit numbers as strings and
// infinities as "Infinity".
import type {
  Certificate, Component, Design, Explanation, FrontChange, Improvement, Job, JobPage, JobSpec, JobState,
  LayerDesign, LayerExplanation, Level, Limit, Named, NetworkFigures, Point, PointSample, Resource, Sensitivities,
  SensitivityStep, ServerInfo, StartHistory, Template, TemplateParameter, Worker, WorkerList,
} from "./types";

type Fields = Readonly<Record<string, unknown>>;

export function fields(json: unknown): Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Fields) : {};
}

export function text(json: unknown): string {
  return typeof json === "string" ? json : "";
}

export function list(json: unknown): readonly unknown[] {
  return Array.isArray(json) ? json : [];
}

function texts(json: unknown): string[] {
  return list(json).map(text);
}

export function number(json: unknown, fallback = 0): number {
  if (typeof json === "number") return json;
  return typeof json === "string" && json !== "" ? Number(json) : fallback;
}

function optional(json: unknown): number | undefined {
  return json === undefined || json === null ? undefined : number(json);
}

function time(json: unknown): Date | undefined {
  const date = new Date(text(json));
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function numbers(json: unknown): Record<string, number> {
  return Object.fromEntries(Object.entries(fields(json)).map(([name, value]) => [name, number(value)]));
}

export function parsePoint(json: unknown): Point {
  const f = fields(json);
  return {
    number: number(f["number"]),
    start: number(f["start"]),
    sample: number(f["sample"]),
    origin: text(f["origin"]),
    energy_uj: number(f["energy_uj"]),
    latency_cycles: number(f["latency_cycles"]),
    area_mm2: number(f["area_mm2"]),
    edp: number(f["edp"]),
    parameters: numbers(f["parameters"]),
    pareto: f["pareto"] === true,
    entered: number(f["entered_front_revision"]),
    left: number(f["left_front_revision"]),
    score: optional(f["score"]),
  };
}

function parseCertificate(json: unknown): Certificate | undefined {
  if (json === undefined || json === null) return undefined;
  const f = fields(json);
  return {
    lower_bound: number(f["lower_bound"]),
    energy_uj: number(f["energy_uj_bound"]),
    latency_cycles: number(f["latency_cycles_bound"]),
    area_mm2: number(f["area_mm2_bound"]),
    gap: optional(f["gap"]),
  };
}

function parseLimit(json: unknown): Limit {
  const f = fields(json);
  return { quantity: text(f["quantity"]), max: number(f["max"]), min: number(f["min"]), network: text(f["network"]) };
}

function parseSpec(json: unknown): JobSpec {
  const f = fields(json);
  return {
    objective: text(f["objective"]),
    objective_product: text(f["objective_product"]),
    objective_front: text(f["objective_front"]),
    algorithm: text(f["algorithm"]),
    factors: text(f["factors"]),
    workload_name: text(f["workload_name"]),
    template_name: text(f["template_name"]),
    template: f["template"] === undefined ? undefined : parseTemplate(f["template"]),
    starts: number(f["starts"], 1),
    steps: number(f["steps"]),
    samples: number(f["samples"]),
    seed: number(f["seed"]),
    fixed_parameters: numbers(f["fixed_parameters"]),
    limits: list(f["limits"]).map(parseLimit),
    calibration_name: text(f["calibration_name"]),
    stop_gap: number(f["stop_gap"]),
    networks: list(f["networks"]).map((network) => ({
      workload_name: text(fields(network)["workload_name"]),
      weight: number(fields(network)["weight"], 1),
    })),
  };
}

const kStates: readonly JobState[] = ["PENDING", "RUNNING", "PAUSED", "CANCELLED", "SUCCEEDED", "FAILED"];

export function parseJob(json: unknown): Job {
  const f = fields(json);
  const progress = fields(f["progress"]);
  const name = text(f["name"]);
  const [, project = "", , id = ""] = name.split("/");
  const front = fields(f["front"]);
  return {
    name,
    project,
    id,
    state: kStates.find((state) => state === f["state"]) ?? "PENDING",
    spec: parseSpec(f["spec"]),
    starts_done: number(progress["starts_done"]),
    starts_total: number(progress["starts_total"]),
    samples_done: number(progress["samples_done"]),
    samples_total: number(progress["samples_total"]),
    points: number(progress["points"]),
    front_size: number(progress["front_size"]),
    best: f["best"] === undefined ? undefined : parsePoint(f["best"]),
    message: text(f["message"]),
    revision: number(f["revision"]),
    create_time: time(f["create_time"]),
    start_time: time(f["start_time"]),
    end_time: time(f["end_time"]),
    workload: text(f["workload_display_name"]),
    template: text(f["template_display_name"]),
    certificate: parseCertificate(f["certificate"]),
    owner: text(f["owner"]),
    labels: Object.fromEntries(Object.entries(fields(f["labels"])).map(([label, value]) => [label, text(value)])),
    priority: number(f["priority"]),
    delete_time: time(f["delete_time"]),
    queue_position: optional(f["queue_position"]),
    expected_start_time: time(f["expected_start_time"]),
    warnings: texts(f["warnings"]),
    front: f["front"] === undefined ? undefined : {
      hypervolume: number(front["hypervolume"]),
      ideal: number(front["ideal_hypervolume"]),
    },
  };
}

export function parseJobPage(json: unknown): JobPage {
  const f = fields(json);
  return {
    jobs: list(f["jobs"]).map(parseJob),
    next_page_token: text(f["next_page_token"]),
    revision: number(f["revision"]),
    removed: texts(f["removed"]),
    snapshot: f["snapshot"] === true,
  };
}

export function parseFrontChange(json: unknown): FrontChange {
  const f = fields(json);
  return {
    revision: number(f["revision"]),
    entered: list(f["entered"]).map(parsePoint),
    left: list(f["left"]).map((value) => number(value)),
    snapshot: f["snapshot"] === true,
  };
}

export function parseSample(json: unknown): PointSample {
  const f = fields(json);
  return { points: list(f["points"]).map(parsePoint), total: number(f["total"]) };
}

function parseImprovement(json: unknown): Improvement {
  const f = fields(json);
  return {
    sample: number(f["sample"]),
    number: number(f["number"]),
    score: number(f["score"]),
    energy_uj: number(f["energy_uj"]),
    latency_cycles: number(f["latency_cycles"]),
    area_mm2: number(f["area_mm2"]),
    edp: number(f["edp"]),
  };
}

export function parseHistory(json: unknown): StartHistory[] {
  return list(fields(json)["starts"]).map((start) => {
    const f = fields(start);
    return {
      start: number(f["start"]),
      samples_done: number(f["samples_done"]),
      done: f["done"] === true,
      improvements: list(f["improvements"]).map(parseImprovement),
    };
  });
}

function parseLevel(json: unknown): Level {
  const f = fields(json);
  return {
    name: text(f["name"]),
    keeps: texts(f["keeps"]),
    axes: list(f["spatial"]).map((axis) => ({ name: text(fields(axis)["name"]), dims: texts(fields(axis)["dims"]) })),
    word_bits: numbers(f["word_bits"]),
  };
}

function parseParameter(json: unknown): TemplateParameter {
  const f = fields(json);
  return {
    name: text(f["name"]),
    unit: text(f["unit"]),
    description: text(f["description"]),
    min: number(f["min"]),
    max: number(f["max"]),
  };
}

export function parseTemplate(json: unknown): Template {
  const f = fields(json);
  return {
    name: text(f["name"]),
    description: text(f["description"]),
    parameters: list(f["parameters"]).map(parseParameter),
    word_bits: numbers(f["word_bits"]),
    levels: list(f["levels"]).map(parseLevel),
  };
}

export function parseNamed(json: unknown): Named {
  return { name: text(fields(json)["name"]), description: text(fields(json)["description"]) };
}

function parseLayer(json: unknown): LayerDesign {
  const f = fields(json);
  return {
    name: text(f["name"]),
    count: number(f["count"], 1),
    bounds: numbers(f["bounds"]),
    mapping: text(f["mapping"]),
    energy_uj: number(f["energy_uj"]),
    latency_cycles: number(f["latency_cycles"]),
    network: text(f["network"]),
    idle_share: number(f["idle_share"]),
    padding: list(f["padding"]).map((padding) => ({
      dim: text(fields(padding)["dim"]),
      bound: number(fields(padding)["bound"]),
      padded: number(fields(padding)["padded"]),
    })),
  };
}

function parseNetwork(json: unknown): NetworkFigures {
  const f = fields(json);
  return {
    name: text(f["name"]),
    weight: number(f["weight"]),
    energy_uj: number(f["energy_uj"]),
    latency_cycles: number(f["latency_cycles"]),
    edp: number(f["edp"]),
    price: optional(f["price"]),
  };
}

export function parseDesign(json: unknown): Design {
  const f = fields(json);
  const name = text(f["name"]);
  return {
    name,
    number: number(name.split("/")[5]),
    parameters: numbers(f["parameters"]),
    energy_uj: number(f["energy_uj"]),
    latency_cycles: number(f["latency_cycles"]),
    area_mm2: number(f["area_mm2"]),
    edp: number(f["edp"]),
    layers: list(f["layers"]).map(parseLayer),
    workload: text(f["workload"]),
    template: text(f["template"]),
    calibration: text(f["calibration"]),
    gap: parseCertificate(f["certificate"])?.gap,
    power_w: optional(f["power_w"]),
    latency_ms: optional(f["latency_ms"]),
    networks: list(f["networks"]).map(parseNetwork),
    idle_share: number(f["idle_share"]),
    padding_share: number(f["padding_share"]),
    json,
  };
}

function parseComponent(json: unknown): Component {
  const f = fields(json);
  return {
    name: text(f["name"]),
    energy_uj: number(f["energy_uj"]),
    energy_share: number(f["energy_share"]),
    tensors: list(f["tensors"]).map((tensor) => ({
      tensor: text(fields(tensor)["tensor"]),
      energy_uj: number(fields(tensor)["energy_uj"]),
    })),
    bounds_latency_share: number(f["bounds_latency_share"]),
  };
}

function parseLayerExplanation(json: unknown): LayerExplanation {
  const f = fields(json);
  return {
    name: text(f["name"]),
    count: number(f["count"], 1),
    energy_share: number(f["energy_share"]),
    latency_share: number(f["latency_share"]),
    latency_cycles: number(f["latency_cycles"]),
    bound_by: text(f["bound_by"]),
    bound_cycles: number(f["bound_cycles"]),
    next: text(f["next"]),
    next_cycles: number(f["next_cycles"]),
    utilisation: number(f["utilisation"]),
    units_in_use: number(f["units_in_use"]),
    components: list(f["components"]).map((component) => ({
      name: text(fields(component)["name"]),
      cycles: number(fields(component)["cycles"]),
      energy_uj: number(fields(component)["energy_uj"]),
    })),
    network: text(f["network"]),
  };
}

function parseResource(json: unknown, parameter: string): Resource {
  const f = fields(json);
  return {
    parameter,
    level: text(f["level"]),
    axis: text(f["axis"]),
    unit: text(f["unit"]),
    limit: number(f["limit"]),
    need: number(f["need"]),
    full: number(f["full"]),
    layers: texts(f["layers"]),
    layer_count: number(f["layer_count"]),
    next_need: optional(f["next_need"]),
    next_layer: text(f["next_layer"]),
  };
}

function parseStep(json: unknown): SensitivityStep {
  const f = fields(json);
  return {
    value: number(f["value"]),
    predicted: optional(f["predicted"]),
    searched: optional(f["searched"]),
    broken_limits: texts(f["broken_limits"]),
  };
}

function parseSensitivities(json: unknown): Sensitivities | undefined {
  if (json === undefined) return undefined;
  const f = fields(json);
  const rows = [];
  for (const entry of list(f["parameters"]).map(fields)) {
    for (const step of [entry["less"], entry["more"]].filter((value) => value !== undefined)) {
      rows.push({ what: text(entry["name"]), from: number(entry["value"]), step: parseStep(step) });
    }
  }
  for (const entry of list(f["limits"]).map(fields)) {
    for (const step of [entry["tighter"], entry["wider"]].filter((value) => value !== undefined)) {
      rows.push({ what: `limit ${text(entry["quantity"])}`, from: undefined, step: parseStep(step) });
    }
  }
  return {
    samples: number(f["samples"]),
    resolution: number(f["resolution"]),
    rows,
    prices: list(f["limits"]).map(fields).map((entry) => ({
      quantity: text(entry["quantity"]),
      active: entry["active"] === true,
      price: number(entry["price"]),
    })),
  };
}

export function parseExplanation(json: unknown): Explanation {
  const f = fields(json);
  const distance = fields(f["distance"]);
  const sized = list(f["parameter_explanations"]).map(fields).flatMap((parameter) =>
    list(parameter["resources"]).map((resource) => parseResource(resource, text(parameter["name"]))));
  const constant = list(f["constant_resources"]).map((resource) => parseResource(resource, ""));
  return {
    utilisation: number(f["utilisation"]),
    components: list(f["components"]).map(parseComponent),
    layers: list(f["layers"]).map(parseLayerExplanation),
    resources: [...sized, ...constant],
    limits: list(f["limits"]).map(fields).map((entry) => ({
      limit: parseLimit(entry["limit"]),
      figure: number(entry["figure"]),
      used: number(entry["used"]),
    })),
    distance: f["distance"] === undefined ? undefined : {
      energy_share: number(distance["energy_share"]),
      latency_share: number(distance["latency_share"]),
    },
    sensitivities: parseSensitivities(f["sensitivities"]),
  };
}

export function parseServerInfo(json: unknown): ServerInfo {
  const f = fields(json);
  return { version: text(f["version"]), user: text(f["user"]), scope: text(f["scope"]), projects: texts(f["projects"]) };
}

function parseWorker(json: unknown): Worker {
  const f = fields(json);
  return {
    name: text(f["name"]),
    display_name: text(f["display_name"]),
    host: text(f["host"]),
    threads: number(f["threads"]),
    leases: number(f["lease_count"]),
    points_per_second: number(f["points_per_second"]),
    last_heard_time: time(f["last_heard_time"]),
  };
}

export function parseWorkers(json: unknown): WorkerList {
  const f = fields(json);
  return {
    workers: list(f["workers"]).map(parseWorker),
    local_threads: number(f["local_threads"]),
    local_leases: number(f["local_leases"]),
    waiting_leases: number(f["waiting_leases"]),
  };
}
