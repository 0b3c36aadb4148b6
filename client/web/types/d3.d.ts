// What the page uses of D3.
declare module "d3-scale" {
  export interface Scale {
    (value: number): number;
    domain(values: readonly number[]): this;
    range(values: readonly number[]): this;
    invert(value: number): number;
    ticks(count?: number): number[];
  }
  export function scaleLinear(): Scale;
  export function scaleLog(): Scale;
}

declare module "d3-scale-chromatic" {
  export function interpolateViridis(share: number): string;
}

declare module "d3-shape" {
  type Curve = (context: CanvasRenderingContext2D) => object;
  export interface Line<T> {
    (items: readonly T[]): void;
    x(value: (item: T) => number): this;
    y(value: (item: T) => number): this;
    curve(curve: Curve): this;
    defined(test: (item: T) => boolean): this;
    context(context: CanvasRenderingContext2D): this;
  }
  export function line<T>(): Line<T>;
  export const curveStepAfter: Curve;
}

declare module "d3-selection" {
  export interface Selection {
    call(what: (selection: Selection, ...rest: never[]) => void, ...rest: unknown[]): this;
    remove(): this;
  }
  export function select(element: Element): Selection;
  export const event: { readonly selection: readonly [number, number] | null; readonly sourceEvent: Event | null };
}

declare module "d3-brush" {
  import type { Selection } from "d3-selection";
  export interface Brush {
    (selection: Selection): void;
    extent(extent: readonly [readonly [number, number], readonly [number, number]]): this;
    on(names: string, listener: (() => void) | null): this;
    move(selection: Selection, range: readonly [number, number] | null): void;
  }
  export function brushY(): Brush;
}
