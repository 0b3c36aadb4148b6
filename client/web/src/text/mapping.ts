// The text of a mapping, outermost level first, loops outermost first, spatial loops marked by their axis:
//   L3[WIO] P28 R7 Q56 K8 - L2[WI] N1 K4X - L1[O] K2 S7 Q2 P2 C3X - L0[W] P2

export interface Loop {
  readonly dim: string; // R, S, P, Q, C, K, N or G
  readonly count: number;
  readonly axis: string; // "" for a loop over time
}

export interface NestLevel {
  readonly level: number; // 0 is the innermost
  readonly keeps: string; // of W, I, O
  readonly loops: readonly Loop[]; // without those that run once
}

// The levels, outermost first; undefined for text of another form.
export function parseMapping(text: string): NestLevel[] | undefined {
  const levels: NestLevel[] = [];
  for (const part of text.split(" - ")) {
    const head = /^L(\d+)\[([WIO]*)\](.*)$/.exec(part.trim());
    if (!head) return undefined;
    const loops: Loop[] = [];
    for (const word of (head[3] ?? "").split(" ").filter((piece) => piece !== "")) {
      const loop = /^([RSPQCKNG])(\d+)([A-Z]?)$/.exec(word);
      if (!loop) return undefined;
      if (Number(loop[2]) > 1) loops.push({ dim: loop[1] ?? "", count: Number(loop[2]), axis: loop[3] ?? "" });
    }
    levels.push({ level: Number(head[1]), keeps: head[2] ?? "", loops });
  }
  return levels;
}

export interface NestLine {
  readonly depth: number; // of indentation
  readonly level: number;
  readonly text: string;
  readonly kind: "level" | "loop" | "spatial" | "body";
}

const kTensors: Readonly<Record<string, string>> = { W: "weights", I: "inputs", O: "outputs" };

export function tensorNames(keeps: string): string {
  return [...keeps].map((letter) => kTensors[letter] ?? letter).join(", ");
}

export function keepsText(keeps: string): string {
  return keeps === "" ? "keeps nothing" : `keeps ${tensorNames(keeps)}`;
}

// The nest as one reads a program. `names` are the template's levels, innermost first.
export function nestLines(levels: readonly NestLevel[], names: readonly string[]): NestLine[] {
  const lines: NestLine[] = [];
  let depth = 0;
  for (const level of levels) {
    const name = names[level.level] ?? `level ${level.level}`;
    lines.push({ depth, level: level.level, text: `${name}: ${keepsText(level.keeps)}`, kind: "level" });
    for (const loop of level.loops) {
      const variable = loop.dim.toLowerCase();
      const spatial = loop.axis !== "";
      const text = spatial
        ? `parallel for ${variable} in 0..${loop.count} on ${loop.axis}`
        : `for ${variable} in 0..${loop.count}`;
      lines.push({ depth: ++depth, level: level.level, text, kind: spatial ? "spatial" : "loop" });
    }
  }
  lines.push({ depth: depth + 1, level: 0, text: "outputs += weights × inputs", kind: "body" });
  return lines;
}
