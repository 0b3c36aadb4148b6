// The daemon's calls by name. All throw ApiError.
import { Api } from "./http";
import {
  fields, list, parseDesign, parseExplanation, parseFrontChange, parseHistory, parseJob, parseJobPage, parseNamed,
  parsePoint, parseSample, parseServerInfo, parseTemplate, parseWorkers, text,
} from "./parse";
import type {
  Design, Explanation, FrontChange, Job, JobPage, Named, Point, PointSample, ServerInfo, StartHistory, Template, WorkerList,
} from "./types";

// Sessions end with the daemon. The token of this one stays in the page's memory, until it is closed or loaded again,
// so that the page can go on after a restart.
let token = "";

export const api = new Api((url, init) => fetch(url, init), async () => {
  if (token === "") return false;
  try {
    await openSession(token);
    return true;
  } catch {
    token = "";
    return false;
  }
});

// Past the renewal, which this is itself.
const sessions = new Api((url, init) => fetch(url, init));

async function openSession(value: string): Promise<void> {
  await sessions.change("POST", "/v1/session", { token: value });
}

// One parse for each object: an answer without news stays the same to whoever compares.
function memo<T extends object>(parse: (json: unknown) => T): (json: unknown) => T {
  const parsed = new WeakMap<object, T>();
  return (json) => {
    if (typeof json !== "object" || json === null) return parse(json);
    let value = parsed.get(json);
    if (value === undefined) parsed.set(json, (value = parse(json)));
    return value;
  };
}

const jobOf = memo(parseJob);
const jobPageOf = memo(parseJobPage);
const frontOf = memo(parseFrontChange);
const sampleOf = memo(parseSample);
const historyOf = memo(parseHistory);
const designOf = memo(parseDesign);
const explanationOf = memo(parseExplanation);

type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

// Without what is undefined, empty, 0 or false.
export function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) value.forEach((one: string) => search.append(name, one));
    else if (value) search.set(name, String(value));
  }
  const written = search.toString();
  return written === "" ? path : `${path}?${written}`;
}

export function jobPath(project: string, job: string): string {
  return `/v1/projects/${encodeURIComponent(project)}/jobs/${encodeURIComponent(job)}`;
}

export async function getServer(signal?: AbortSignal): Promise<ServerInfo> {
  return parseServerInfo(await api.get("/v1/server", signal));
}

export async function listWorkers(signal?: AbortSignal): Promise<WorkerList> {
  const { all, last } = await everyPage("/v1/workers", "workers", signal);
  return parseWorkers({ ...last, workers: all });
}

export async function logIn(value: string): Promise<void> {
  api.forget();
  await openSession(value);
  token = value;
}

export async function logOut(): Promise<void> {
  api.forget();
  token = "";
  await sessions.change("DELETE", "/v1/session");
}

export interface JobQuery {
  readonly project: string;
  readonly filter: string;
  readonly orderBy: string;
  readonly deleted: boolean;
  readonly pageSize: number;
}

export async function listJobs(query: JobQuery, more: { pageToken?: string; after?: number }, signal?: AbortSignal):
  Promise<JobPage> {
  return jobPageOf(await api.get(withQuery(`/v1/projects/${encodeURIComponent(query.project)}/jobs`, {
    page_size: query.pageSize,
    filter: query.filter,
    order_by: query.orderBy,
    show_deleted: query.deleted,
    page_token: more.pageToken,
    after_revision: more.after,
  }), signal));
}

export async function getJob(project: string, job: string, signal?: AbortSignal): Promise<Job> {
  return jobOf(await api.get(jobPath(project, job), signal));
}

export type JobAction = "pause" | "resume" | "cancel" | "undelete" | "delete";

export async function changeJob(name: string, action: JobAction): Promise<Job> {
  const path = `/v1/${name}`;
  return parseJob(action === "delete" ? await api.change("DELETE", path) : await api.change("POST", `${path}:${action}`, {}));
}

export async function createJob(project: string, request: unknown, signal?: AbortSignal): Promise<Job> {
  return parseJob(await api.change("POST", `/v1/projects/${encodeURIComponent(project)}/jobs`, request, signal));
}

export async function getFront(path: string, after: number, signal?: AbortSignal): Promise<FrontChange> {
  return frontOf(await api.get(withQuery(`${path}/front`, { after_revision: after }), signal));
}

export async function samplePoints(path: string, most: number, signal?: AbortSignal): Promise<PointSample> {
  return sampleOf(await api.get(withQuery(`${path}/points:sample`, { max_points: most }), signal));
}

export async function getHistory(path: string, most: number, signal?: AbortSignal): Promise<readonly StartHistory[]> {
  return historyOf(await api.get(withQuery(`${path}/history`, { max_improvements: most }), signal));
}

const everOf = memo((json) => list(fields(json)["points"]).map(parsePoint));

// Points that are or were on the front; the first `most` of them by number.
export async function everOnFront(path: string, most: number, signal?: AbortSignal): Promise<readonly Point[]> {
  return everOf(await api.get(withQuery(`${path}/points`, { page_size: most, ever_pareto: true }), signal));
}

export async function getDesign(path: string, point: string, signal?: AbortSignal): Promise<Design> {
  return designOf(await api.get(`${path}/designs/${encodeURIComponent(point)}`, signal));
}

export async function explainDesign(path: string, point: string, sensitivities: boolean, signal?: AbortSignal):
  Promise<Explanation> {
  const query = { no_sensitivities: !sensitivities };
  return explanationOf(await api.get(withQuery(`${path}/designs/${encodeURIComponent(point)}:explain`, query), signal));
}

export async function getTemplate(name: string, signal?: AbortSignal): Promise<Template> {
  return parseTemplate(await api.get(`/v1/templates/${encodeURIComponent(name)}`, signal));
}

// The field of all pages, and whatever else the last one says.
async function everyPage(path: string, field: string, signal?: AbortSignal):
  Promise<{ readonly all: readonly unknown[]; readonly last: Readonly<Record<string, unknown>> }> {
  const all: unknown[] = [];
  for (let next = "";;) {
    const page = fields(await api.get(withQuery(path, { page_size: 1000, page_token: next }), signal));
    all.push(...list(page[field]));
    next = text(page["next_page_token"]);
    if (next === "") return { all, last: page };
  }
}

export async function listWorkloads(signal?: AbortSignal): Promise<readonly Named[]> {
  return (await everyPage("/v1/workloads", "workloads", signal)).all.map(parseNamed);
}

export async function listTemplates(signal?: AbortSignal): Promise<readonly Template[]> {
  return (await everyPage("/v1/templates", "templates", signal)).all.map(parseTemplate);
}

// A file's text → the message to submit, as the daemon reads it.
export async function parseFile(kind: "workloads" | "templates", content: string): Promise<unknown> {
  return api.change("POST", `/v1/${kind}:parse`, { text: content });
}
