// What the daemon answers, every field filled in: api/parse.ts makes these of its JSON. Units are in the names, as in
// proto/oneloop/v1.

export type Parameters = Readonly<Record<string, number>>;

export interface Point {
  readonly number: number;
  readonly start: number;
  readonly sample: number;
  readonly origin: string;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly area_mm2: number;
  readonly edp: number;
  readonly parameters: Parameters;
  readonly pareto: boolean;
  readonly entered: number; // the revision; 0 for never
  readonly left: number; // 0 while it is on the front
  readonly score: number | undefined;
}

export interface Certificate {
  readonly lower_bound: number;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly area_mm2: number;
  readonly gap: number | undefined;
}

export interface Limit {
  readonly quantity: string;
  readonly max: number; // 0 for none
  readonly min: number; // 0 for none
  readonly network: string;
}

export interface JobSpec {
  readonly objective: string;
  readonly objective_product: string;
  readonly objective_front: string;
  readonly algorithm: string;
  readonly factors: string; // "" of a daemon without a choice
  readonly workload_name: string;
  readonly template_name: string;
  readonly template: Template | undefined;
  readonly starts: number;
  readonly steps: number;
  readonly samples: number;
  readonly seed: number;
  readonly fixed_parameters: Parameters;
  readonly limits: readonly Limit[];
  readonly calibration_name: string;
  readonly stop_gap: number;
  readonly networks: readonly { readonly workload_name: string; readonly weight: number }[];
}

export type JobState = "PENDING" | "RUNNING" | "PAUSED" | "CANCELLED" | "SUCCEEDED" | "FAILED";

export interface Job {
  readonly name: string; // projects/*/jobs/*
  readonly project: string;
  readonly id: string;
  readonly state: JobState;
  readonly spec: JobSpec;
  readonly starts_done: number;
  readonly starts_total: number;
  readonly samples_done: number;
  readonly samples_total: number;
  readonly points: number;
  readonly front_size: number;
  readonly best: Point | undefined;
  readonly message: string;
  readonly revision: number;
  readonly create_time: Date | undefined;
  readonly start_time: Date | undefined;
  readonly end_time: Date | undefined;
  readonly workload: string;
  readonly template: string;
  readonly certificate: Certificate | undefined;
  readonly owner: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly delete_time: Date | undefined;
  readonly queue_position: number | undefined;
  readonly expected_start_time: Date | undefined;
  readonly warnings: readonly string[];
  readonly front: { readonly hypervolume: number; readonly ideal: number } | undefined;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly next_page_token: string;
  readonly revision: number;
  readonly removed: readonly string[];
  readonly snapshot: boolean;
}

export interface FrontChange {
  readonly revision: number;
  readonly entered: readonly Point[];
  readonly left: readonly number[];
  readonly snapshot: boolean;
}

export interface PointSample {
  readonly points: readonly Point[];
  readonly total: number;
}

export interface Improvement {
  readonly sample: number;
  readonly number: number;
  readonly score: number;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly area_mm2: number;
  readonly edp: number;
}

export interface StartHistory {
  readonly start: number;
  readonly samples_done: number;
  readonly done: boolean;
  readonly improvements: readonly Improvement[];
}

export interface Level {
  readonly name: string;
  readonly keeps: readonly string[];
  readonly axes: readonly { readonly name: string; readonly dims: readonly string[] }[];
  readonly word_bits: Readonly<Record<string, number>>;
}

export interface TemplateParameter {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly min: number;
  readonly max: number;
}

export interface Template {
  readonly name: string;
  readonly description: string;
  readonly parameters: readonly TemplateParameter[];
  readonly word_bits: Readonly<Record<string, number>>;
  readonly levels: readonly Level[];
}

export interface Named {
  readonly name: string;
  readonly description: string;
}

export type Bounds = Readonly<Record<string, number>>;

export interface LayerDesign {
  readonly name: string;
  readonly count: number;
  readonly bounds: Bounds;
  readonly mapping: string;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly network: string;
  readonly idle_share: number; // of the multiply-accumulate units, in the layer's steps
  readonly padding: readonly Padding[];
}

// What factors that divide would have needed.
export interface Padding {
  readonly dim: string;
  readonly bound: number;
  readonly padded: number;
}

export interface NetworkFigures {
  readonly name: string;
  readonly weight: number;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly edp: number;
  readonly price: number | undefined;
}

export interface Design {
  readonly name: string;
  readonly number: number;
  readonly parameters: Parameters;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly area_mm2: number;
  readonly edp: number;
  readonly layers: readonly LayerDesign[];
  readonly workload: string;
  readonly template: string;
  readonly calibration: string;
  readonly gap: number | undefined;
  readonly power_w: number | undefined;
  readonly latency_ms: number | undefined;
  readonly networks: readonly NetworkFigures[];
  readonly idle_share: number;
  readonly padding_share: number;
  readonly json: unknown; // as the daemon sent it, for export
}

export interface TensorEnergy {
  readonly tensor: string;
  readonly energy_uj: number;
}

export interface Component {
  readonly name: string; // "macs" or a level
  readonly energy_uj: number;
  readonly energy_share: number;
  readonly tensors: readonly TensorEnergy[];
  readonly bounds_latency_share: number;
}

export interface LayerExplanation {
  readonly name: string;
  readonly count: number;
  readonly energy_share: number;
  readonly latency_share: number;
  readonly latency_cycles: number;
  readonly bound_by: string;
  readonly bound_cycles: number;
  readonly next: string;
  readonly next_cycles: number;
  readonly utilisation: number;
  readonly units_in_use: number;
  readonly components: readonly { readonly name: string; readonly cycles: number; readonly energy_uj: number }[];
  readonly network: string;
}

export interface Resource {
  readonly parameter: string; // "" for a constant one
  readonly level: string;
  readonly axis: string; // "" for a capacity
  readonly unit: string; // copies, bytes or words
  readonly limit: number;
  readonly need: number;
  readonly full: number;
  readonly layers: readonly string[];
  readonly layer_count: number;
  readonly next_need: number | undefined;
  readonly next_layer: string;
}

export interface SensitivityStep {
  readonly value: number;
  readonly predicted: number | undefined;
  readonly searched: number | undefined;
  readonly broken_limits: readonly string[];
}

export interface Sensitivities {
  readonly samples: number;
  readonly resolution: number;
  readonly rows: readonly { readonly what: string; readonly from: number | undefined; readonly step: SensitivityStep }[];
  readonly prices: readonly { readonly quantity: string; readonly active: boolean; readonly price: number }[];
}

export interface Explanation {
  readonly utilisation: number;
  readonly components: readonly Component[];
  readonly layers: readonly LayerExplanation[];
  readonly resources: readonly Resource[];
  readonly limits: readonly { readonly limit: Limit; readonly figure: number; readonly used: number }[];
  readonly distance: { readonly energy_share: number; readonly latency_share: number } | undefined;
  readonly sensitivities: Sensitivities | undefined;
}

export interface ServerInfo {
  readonly version: string;
  readonly user: string;
  readonly scope: string;
  readonly projects: readonly string[]; // "*" for all
}

// Of another machine.
export interface Worker {
  readonly name: string; // "workers/7"
  readonly display_name: string;
  readonly host: string;
  readonly threads: number;
  readonly leases: number;
  readonly points_per_second: number;
  readonly last_heard_time: Date | undefined;
}

export interface WorkerList {
  readonly workers: readonly Worker[];
  readonly local_threads: number;
  readonly local_leases: number;
  readonly waiting_leases: number; // that nobody runs and somebody could
}
