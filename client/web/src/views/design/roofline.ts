// The roofline of every component on the same axes. Pure.
//
// A component alone would let a layer run at MACs / cycles(component) multiply-accumulates a cycle: the layer's
// intensity on it times its bandwidth. With that on the x axis, the slanted roofs of all components are one line, y = x,
// and the flat roof is all units at work. A layer stands once for each component, all at the height that it reaches:
// the component that bounds it on the roof, the others to the right by as much as they have to spare.
import type { LayerDesign, LayerExplanation } from "../../api/types";

export interface RooflineMark {
  readonly layer: number;
  readonly component: string;
  readonly sustains: number; // MACs per cycle, by the component alone
  readonly reaches: number; // MACs per cycle
  readonly bounds: boolean;
}

const kDims = ["R", "S", "P", "Q", "C", "K", "N", "G"] as const;

export function macsOf(layer: LayerDesign): number {
  return kDims.reduce((product, dim) => product * (layer.bounds[dim] ?? 1), 1);
}

export function rooflineMarks(layers: readonly LayerDesign[], explained: readonly LayerExplanation[]): RooflineMark[] {
  return layers.flatMap((layer, i) => {
    const explanation = explained[i];
    if (!explanation) return [];
    const macs = macsOf(layer);
    return explanation.components.filter(({ cycles }) => cycles > 0).map(({ name, cycles }) => ({
      layer: i,
      component: name,
      sustains: macs / cycles,
      reaches: macs / layer.latency_cycles,
      bounds: name === explanation.bound_by,
    }));
  });
}

// MACs per cycle with all units at work.
export function peakOf(layers: readonly LayerDesign[], explained: readonly LayerExplanation[]): number {
  return Math.max(0, ...layers.map((layer, i) => {
    const utilisation = explained[i]?.utilisation ?? 0;
    return utilisation > 0 ? macsOf(layer) / layer.latency_cycles / utilisation : 0;
  }));
}
