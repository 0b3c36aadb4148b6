import assert from "node:assert/strict";
import test from "node:test";
import { toCsv } from "../../../client/web/src/text/csv";
import { nestLines, parseMapping, tensorNames } from "../../../client/web/src/text/mapping";

const kText = "L3[WIO] P28 R7 - L2[WI] N1 K4X - L1[O] K2 C3X - L0[W] P2";

test("a mapping's text is read level by level", () => {
  const levels = parseMapping(kText) ?? [];
  assert.deepEqual(levels.map(({ level, keeps }) => `${level} ${keeps}`), ["3 WIO", "2 WI", "1 O", "0 W"]);
  assert.deepEqual(levels[1]?.loops, [{ dim: "K", count: 4, axis: "X" }], "a loop that runs once is none");
  assert.equal(parseMapping("L3[WIO] Z28"), undefined);
  assert.equal(parseMapping(""), undefined);
});

test("a nest is read as a program, each loop within the one before it", () => {
  const lines = nestLines(parseMapping(kText) ?? [], ["registers", "accumulator", "scratchpad", "dram"]);
  assert.deepEqual(lines.map(({ depth, text }) => `${" ".repeat(depth)}${text}`), [
    "dram: keeps weights, inputs, outputs",
    " for p in 0..28",
    "  for r in 0..7",
    "  scratchpad: keeps weights, inputs",
    "   parallel for k in 0..4 on X",
    "   accumulator: keeps outputs",
    "    for k in 0..2",
    "     parallel for c in 0..3 on X",
    "     registers: keeps weights",
    "      for p in 0..2",
    "       outputs += weights × inputs",
  ]);
  assert.equal(tensorNames("WO"), "weights, outputs");
});

test("a table in CSV cannot be taken for formulas or other columns", () => {
  assert.equal(toCsv(["a", "b"], [["x,y", 1.5], ['say "hi"', -2], ["=1+1", 0], ["-x", 0]]),
    'a,b\r\n"x,y",1.5\r\n"say ""hi""",-2\r\n\'=1+1,0\r\n\'-x,0\r\n');
});
