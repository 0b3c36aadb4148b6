// How large the parts of a design are. Pure: sizes come from the daemon's explanation, which has evaluated the
// template's formulas.
import type { Resource, Template } from "../../api/types";

export interface Fan {
  readonly axis: string;
  readonly copies: number;
  readonly dims: readonly string[];
}

export interface LevelSize {
  readonly name: string;
  readonly keeps: readonly string[];
  readonly capacity: number | undefined; // bytes of one instance; undefined for an unlimited level
  readonly words: number | undefined; // of a level that is sized in words
  readonly instances: number;
  readonly total: number | undefined; // bytes of all instances
  readonly full: number | undefined; // of one instance, by the layer that needs the most
  readonly fans: readonly Fan[]; // to the next level inwards
}

const kBitsPerWord = 8; // where the template says nothing

// Outermost level first.
export function levelSizes(template: Template, resources: readonly Resource[]): LevelSize[] {
  const sizes: LevelSize[] = [];
  let instances = 1;
  for (const level of [...template.levels].reverse()) {
    const capacity = resources.find((resource) => resource.level === level.name && resource.axis === "");
    const fans = level.axes.map((axis) => ({
      axis: axis.name,
      dims: axis.dims,
      copies: resources.find((resource) => resource.level === level.name && resource.axis === axis.name)?.limit ?? 1,
    }));
    const [tensor = ""] = level.keeps;
    const bits = level.word_bits[tensor] ?? template.word_bits[tensor] ?? kBitsPerWord;
    const inWords = capacity?.unit === "words";
    const bytes = capacity === undefined ? undefined : inWords ? (capacity.limit * bits) / 8 : capacity.limit;
    sizes.push({
      name: level.name,
      keeps: level.keeps,
      capacity: bytes,
      words: inWords ? capacity?.limit : undefined,
      instances,
      total: bytes === undefined ? undefined : bytes * instances,
      full: capacity?.full,
      fans,
    });
    instances *= fans.reduce((product, fan) => product * fan.copies, 1);
  }
  return sizes;
}

// Multiply-accumulate units: what the innermost level fans out to.
export function unitsOf(sizes: readonly LevelSize[]): number {
  const innermost = sizes[sizes.length - 1];
  return innermost ? innermost.instances * innermost.fans.reduce((product, fan) => product * fan.copies, 1) : 1;
}
