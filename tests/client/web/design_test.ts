import assert from "node:assert/strict";
import test from "node:test";
import { parseDesign, parseExplanation, parseTemplate } from "../../../client/web/src/api/parse";
import { layersCsv, fileName } from "../../../client/web/src/views/design/export";
import { levelSizes, unitsOf } from "../../../client/web/src/views/design/hierarchy";
import { paddingText } from "../../../client/web/src/views/design/padding";
import { peakOf, rooflineMarks } from "../../../client/web/src/views/design/roofline";

const template = parseTemplate({
  levels: [
    { name: "registers", keeps: ["W"], capacity_words: "1" },
    { name: "accumulator", keeps: ["O"], spatial: [{ name: "X", dims: ["C"] }], word_bits: { O: 32 } },
    { name: "scratchpad", keeps: ["W", "I"], spatial: [{ name: "X", dims: ["K"] }] },
    { name: "dram", keeps: ["W", "I", "O"] },
  ],
});

const explanation = parseExplanation({
  utilisation: 0.25,
  parameter_explanations: [
    { name: "pe_dim", resources: [
      { level: "accumulator", axis: "X", unit: "copies", limit: 64 }, { level: "scratchpad", axis: "X", unit: "copies", limit: 32 },
    ] },
    { name: "scratchpad_kib", resources: [{ level: "scratchpad", unit: "bytes", limit: 2048, need: 1024, full: 0.5 }] },
    { name: "accumulator_kib", resources: [{ level: "accumulator", unit: "bytes", limit: 100 }] },
  ],
  constant_resources: [{ level: "registers", unit: "words", limit: 1, full: 1 }],
  layers: [{ bound_by: "dram", utilisation: 0.5, components: [{ name: "macs", cycles: 50 }, { name: "registers" }, { name: "dram", cycles: 100 }] }],
});

const design = parseDesign({
  name: "projects/p/jobs/3/designs/465",
  layers: [{ name: "conv", count: 2, bounds: { P: 10, K: 20 }, mapping: "L1[O] K20 - L0[W] P10", energy_uj: 1.5, latency_cycles: 100 }],
});

test("instances multiply inwards, and bytes are those of all of them", () => {
  const sizes = levelSizes(template, explanation.resources);
  assert.deepEqual(sizes.map(({ name, instances, total }) => [name, instances, total]), [
    ["dram", 1, undefined], ["scratchpad", 1, 2048], ["accumulator", 32, 3200], ["registers", 2048, 2048],
  ]);
  assert.equal(sizes[1]?.full, 0.5);
  assert.equal(unitsOf(sizes), 2048);
});

test("on the roofline the component that bounds a layer stands on the roof", () => {
  const marks = rooflineMarks(design.layers, explanation.layers);
  assert.deepEqual(marks, [
    { layer: 0, component: "macs", sustains: 4, reaches: 2, bounds: false },
    { layer: 0, component: "dram", sustains: 2, reaches: 2, bounds: true },
  ]);
  assert.equal(peakOf(design.layers, explanation.layers), 4);
});

test("padding is told by dimension", () => {
  const layer = parseDesign({ layers: [{ padding: [{ dim: "K", bound: "197", padded: "208" }, { dim: "P", bound: "7", padded: "8" }] }, {}] }).layers;
  assert.equal(paddingText(layer[0]?.padding ?? []), "K 197→208 (+5.6 %), P 7→8 (+14.3 %)");
  assert.equal(paddingText(layer[1]?.padding ?? []), "");
});

test("an exported table has a row for each layer", () => {
  const [header = "", row = ""] = layersCsv(design, explanation).split("\r\n");
  assert.equal(header.split(",").length, row.split(",").length);
  assert.ok(row.includes("conv,2,") && row.includes("L1[O] K20 - L0[W] P10,1.5,100,dram,0.5"));
  assert.equal(fileName(design, "csv"), "oneloop-p-job3-design465.csv");
});
