import { interpolateViridis } from "d3-scale-chromatic";

// Told apart by people who see colours differently, on light and on dark; the first is the page's accent.
const kLight = ["#0b6bcb", "#c2410c", "#0f766e", "#a21caf", "#a16207", "#4d7c0f", "#be123c", "#57534e"];
const kDark = ["#6cb6ff", "#ff9f5a", "#4fd1b5", "#e58cf0", "#f0c04a", "#a3d65c", "#ff8fa3", "#c9c5c0"];

export type Scheme = "light" | "dark";

// Of the series by its place; those after the eighth begin again.
export function seriesColour(place: number, scheme: Scheme): string {
  const colours = scheme === "dark" ? kDark : kLight;
  return colours[place % colours.length] ?? "#888";
}

// Lines of series after the eighth are dashed in another way.
export function seriesDash(place: number): readonly number[] {
  return [[], [6, 3], [2, 2], [8, 3, 2, 3]][Math.floor(place / kLight.length) % 4] ?? [];
}

export interface Palette {
  readonly ink: string;
  readonly muted: string;
  readonly faint: string;
  readonly surface: string;
  readonly accent: string;
  readonly bound: string;
}

// Those of the style sheet (styles/base.css), for canvases.
export function paletteOf(scheme: Scheme): Palette {
  return scheme === "dark"
    ? { ink: "#e6e9ee", muted: "#9aa4b2", faint: "#3a4352", surface: "#161b22", accent: "#6cb6ff", bound: "#ff8fa3" }
    : { ink: "#1b2430", muted: "#5a6675", faint: "#c6cdd6", surface: "#ffffff", accent: "#0b6bcb", bound: "#be123c" };
}

const kRampSteps = 48; // finer ones nobody could tell apart, and marks of one colour are drawn at once

// Of a share from 0 to 1: dark blue to yellow, without the end that cannot be seen on the surface.
export function rampColour(share: number, scheme: Scheme): string {
  const within = Math.round(kRampSteps * Math.min(1, Math.max(0, share))) / kRampSteps;
  return interpolateViridis(scheme === "dark" ? 0.25 + 0.75 * within : 0.92 * within);
}
