// The figures that plots and tables can show: the four of every point, and the template's parameters.
import type { Job, Parameters, TemplateParameter } from "../api/types";

export interface Figure {
  readonly key: string;
  readonly label: string;
  readonly unit: string;
}

const kFigures: readonly Figure[] = [
  { key: "edp", label: "EDP", unit: "µJ·cycles" },
  { key: "energy_uj", label: "energy", unit: "µJ" },
  { key: "latency_cycles", label: "latency", unit: "cycles" },
  { key: "area_mm2", label: "area", unit: "mm²" },
];

export const kPointFigures = kFigures;

export type PointFigures = {
  readonly edp: number;
  readonly energy_uj: number;
  readonly latency_cycles: number;
  readonly area_mm2: number;
  readonly parameters: Parameters;
};

// undefined for what the point does not have.
export function figureOf(point: PointFigures, key: string): number | undefined {
  switch (key) {
    case "edp":
    case "energy_uj":
    case "latency_cycles":
    case "area_mm2":
      return point[key];
    default:
      return point.parameters[key];
  }
}

export function parameterFigures(points: readonly PointFigures[], parameters: readonly TemplateParameter[]): Figure[] {
  const units = new Map(parameters.map((parameter) => [parameter.name, parameter.unit]));
  const names = new Set(units.keys());
  for (const point of points) Object.keys(point.parameters).forEach((name) => names.add(name));
  return [...names].map((name) => ({ key: name, label: name, unit: units.get(name) ?? "" }));
}

export function findFigure(figures: readonly Figure[], key: string): Figure | undefined {
  return figures.find((figure) => figure.key === key);
}

export function titleOf(figure: Figure): string {
  return figure.unit === "" ? figure.label : `${figure.label} (${figure.unit})`;
}

// What a job minimises, for people: "EDP", "energy*latency^2", "front of energy, latency, area".
export function objectiveText(job: Job): string {
  const { objective, objective_product, objective_front } = job.spec;
  if (objective_front !== "") return `front of ${objective_front.replace(/,/g, ", ")}`;
  if (objective_product !== "") return objective_product;
  return objective === "" || objective === "EDP" ? "EDP" : objective.toLowerCase();
}

// What a point's score is: the objective, or of a front the product of its metrics.
export function scoreText(job: Job): string {
  const { objective_front } = job.spec;
  return objective_front !== "" ? objective_front.replace(/,/g, " × ") : objectiveText(job);
}

// The point's figure that the objective is, or "" when it is none of the four.
export function objectiveFigure(job: Job): string {
  if (job.spec.objective_front !== "" || job.spec.objective_product !== "" || job.spec.networks.length > 0) return "";
  switch (job.spec.objective) {
    case "": case "EDP": return "edp";
    case "ENERGY": return "energy_uj";
    case "LATENCY": case "THROUGHPUT": return "latency_cycles";
    case "AREA": return "area_mm2";
    default: return "";
  }
}
