// Every view and its settings ↔ its address. What has its default is left out, what is not understood is ignored.

export interface JobsRoute {
  readonly view: "jobs";
  readonly project: string; // "-" for all that the user may see
  readonly filter: string;
  readonly sort: string; // a column's key, "-" before it for the reverse
  readonly deleted: boolean;
}

export interface SubmitRoute {
  readonly view: "submit";
  readonly from: string; // PROJECT/JOB whose settings to begin with; "" for none
}

// Of a scatter plot: keys of figures or parameters.
export interface PlotSettings {
  readonly x: string;
  readonly y: string;
  readonly xLog: boolean;
  readonly yLog: boolean;
  readonly colour: string; // "" for one colour
}

export type Ranges = Readonly<Record<string, readonly [number, number]>>;

export interface JobRoute {
  readonly view: "job";
  readonly project: string;
  readonly job: string;
  readonly plot: PlotSettings;
  readonly all: boolean; // points beside the front, too
  readonly curve: string; // the figure whose best is drawn against samples; "" for the objective
  readonly revision: number; // of the front that is shown; 0 for now
  readonly ranges: Ranges; // of the parallel coordinates, by axis
}

export interface DesignRoute {
  readonly view: "design";
  readonly project: string;
  readonly job: string;
  readonly point: string; // a number, or "best"
  readonly layer: number; // whose loops are shown, from 0
}

export interface CompareRoute {
  readonly view: "compare";
  readonly jobs: readonly string[]; // PROJECT/JOB
  readonly curve: string;
  readonly plot: PlotSettings;
}

export interface UnknownRoute {
  readonly view: "unknown";
  readonly path: string;
}

export type Route = JobsRoute | SubmitRoute | JobRoute | DesignRoute | CompareRoute | UnknownRoute;

export const kDefaultPlot: PlotSettings = { x: "latency_cycles", y: "energy_uj", xLog: true, yLog: true, colour: "area_mm2" };
export const kDefaultJobs: JobsRoute = { view: "jobs", project: "-", filter: "", sort: "-create_time", deleted: false };

export function jobRoute(project: string, job: string): JobRoute {
  return { view: "job", project, job, plot: kDefaultPlot, all: true, curve: "", revision: 0, ranges: {} };
}

export function designRoute(project: string, job: string, point: string | number): DesignRoute {
  return { view: "design", project, job, point: String(point), layer: 0 };
}

export function compareRoute(jobs: readonly string[]): CompareRoute {
  return { view: "compare", jobs, curve: "", plot: { ...kDefaultPlot, colour: "" } };
}

export function parseRoute(address: string): Route {
  const url = new URL(address, "http://page");
  const query = url.searchParams;
  const parts = url.pathname.split("/").filter((part) => part !== "").map(decoded);
  const [first, project = "", third, job = "", fifth, point = ""] = parts;
  if (parts.length === 0 || (first === "jobs" && parts.length === 1)) {
    return {
      view: "jobs",
      project: query.get("project") ?? kDefaultJobs.project,
      filter: query.get("filter") ?? "",
      sort: query.get("sort") ?? kDefaultJobs.sort,
      deleted: query.get("deleted") === "1",
    };
  }
  if (first === "submit" && parts.length === 1) return { view: "submit", from: query.get("from") ?? "" };
  if (first === "compare" && parts.length === 1) {
    const jobs = (query.get("jobs") ?? "").split(",").filter((name) => /^[^/]+\/[^/]+$/.test(name));
    return { ...compareRoute(jobs), curve: query.get("curve") ?? "", plot: parsePlot(query, "") };
  }
  if (first === "projects" && third === "jobs" && parts.length === 4) {
    return {
      ...jobRoute(project, job),
      plot: parsePlot(query, kDefaultPlot.colour),
      all: query.get("points") !== "front",
      curve: query.get("curve") ?? "",
      revision: wholeNumber(query.get("revision")),
      ranges: parseRanges(query.get("ranges") ?? ""),
    };
  }
  if (first === "projects" && third === "jobs" && fifth === "designs" && parts.length === 6) {
    return { ...designRoute(project, job, point), layer: wholeNumber(query.get("layer")) };
  }
  return { view: "unknown", path: url.pathname };
}

export function formatRoute(route: Route): string {
  switch (route.view) {
    case "jobs":
      return written("/", {
        project: unless(route.project, kDefaultJobs.project),
        filter: route.filter,
        sort: unless(route.sort, kDefaultJobs.sort),
        deleted: route.deleted ? "1" : "",
      });
    case "submit":
      return written("/submit", { from: route.from });
    case "job":
      return written(`/projects/${encodeURIComponent(route.project)}/jobs/${encodeURIComponent(route.job)}`, {
        ...formatPlot(route.plot, kDefaultPlot.colour),
        points: route.all ? "" : "front",
        curve: route.curve,
        revision: route.revision > 0 ? String(route.revision) : "",
        ranges: formatRanges(route.ranges),
      });
    case "design":
      return written(
        `/projects/${encodeURIComponent(route.project)}/jobs/${encodeURIComponent(route.job)}` +
          `/designs/${encodeURIComponent(route.point)}`,
        { layer: route.layer > 0 ? String(route.layer) : "" });
    case "compare":
      return written("/compare", { jobs: route.jobs.join(","), curve: route.curve, ...formatPlot(route.plot, "") });
    case "unknown":
      return route.path;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parsePlot(query: URLSearchParams, colour: string): PlotSettings {
  return {
    x: query.get("x") ?? kDefaultPlot.x,
    y: query.get("y") ?? kDefaultPlot.y,
    xLog: query.get("xscale") !== "linear",
    yLog: query.get("yscale") !== "linear",
    colour: query.get("colour") ?? colour,
  };
}

function formatPlot(plot: PlotSettings, colour: string): Record<string, string | undefined> {
  return {
    x: unless(plot.x, kDefaultPlot.x),
    y: unless(plot.y, kDefaultPlot.y),
    xscale: plot.xLog ? "" : "linear",
    yscale: plot.yLog ? "" : "linear",
    // An empty one is a choice, too.
    colour: plot.colour === colour ? undefined : plot.colour === "" ? kEmpty : plot.colour,
  };
}

// "pe_dim:16..64,area_mm2:0.5..2"
function parseRanges(text: string): Ranges {
  const ranges: Record<string, [number, number]> = {};
  for (const part of text.split(",")) {
    const match = /^(\w+):([^.]+(?:\.\d[^.]*)?)\.\.(.+)$/.exec(part);
    const low = Number(match?.[2]);
    const high = Number(match?.[3]);
    if (match?.[1] && Number.isFinite(low) && Number.isFinite(high)) ranges[match[1]] = [low, high];
  }
  return ranges;
}

function formatRanges(ranges: Ranges): string {
  return Object.entries(ranges).map(([axis, [low, high]]) => `${axis}:${low}..${high}`).join(",");
}

function wholeNumber(text: string | null): number {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function unless(value: string, ordinary: string): string {
  return value === ordinary ? "" : value;
}

const kEmpty = "\0";

// A query that people can read: commas, colons and slashes as they are.
function written(path: string, query: Readonly<Record<string, string | undefined>>): string {
  const parts = Object.entries(query).filter(([, value]) => value !== undefined && value !== "").map(([name, value]) =>
    `${name}=${encodeURIComponent(value === kEmpty ? "" : value ?? "").replace(/%(2C|3A|2F)/g, decodeURIComponent)}`);
  return parts.length === 0 ? path : `${path}?${parts.join("&")}`;
}
