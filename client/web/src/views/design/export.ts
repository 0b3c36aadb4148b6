// What a reader takes away of a design, as files.
import type { Design, Explanation } from "../../api/types";
import { toCsv } from "../../text/csv";

const kDims = ["R", "S", "P", "Q", "C", "K", "N", "G", "Wstride", "Hstride", "Wdilation", "Hdilation"] as const;

export function layersCsv(design: Design, explanation: Explanation): string {
  const header = ["network", "layer", "count", ...kDims, "mapping", "energy_uj", "latency_cycles", "bound_by", "utilisation", "idle_share"];
  return toCsv(header, design.layers.map((layer, i) => [
    layer.network, layer.name, layer.count, ...kDims.map((dim) => layer.bounds[dim] ?? 1), layer.mapping, layer.energy_uj,
    layer.latency_cycles, explanation.layers[i]?.bound_by ?? "", explanation.layers[i]?.utilisation ?? 0,
    layer.idle_share,
  ]));
}

export function fileName(design: Design, extension: string): string {
  const [, project = "", , job = ""] = design.name.split("/");
  return `oneloop-${project}-job${job}-design${design.number}.${extension}`;
}
