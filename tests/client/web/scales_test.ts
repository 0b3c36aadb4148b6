import assert from "node:assert/strict";
import test from "node:test";
import {
  bestAt, domainOf, inTurn, kMostMarks, nearest, scaleOf, thin, thinSteps, ticksOf,
} from "../../../client/web/src/plots/scales";
import { bestRows, comparedSamples } from "../../../client/web/src/views/compare/equal_samples";

test("a domain holds all values with a margin, and a logarithmic one only what is positive", () => {
  const log = domainOf([1, 1000, 0, Infinity, NaN], true);
  assert.ok(log.log && log.low < 1 && log.low > 0 && log.high > 1000);
  assert.equal(domainOf([0, -1], true).log, false);
  assert.deepEqual(domainOf([], true), { low: 0, high: 1, log: false });
  const one = domainOf([5], false);
  assert.ok(one.low < 5 && one.high > 5);
  assert.equal(domainOf([0.1, 100], false).low, 0, "positive figures have no axis below 0");
});

test("any domain has at least two ticks, all inside, and no crowd of labels", () => {
  for (const [low, high] of [[1, 1000], [1e7, 1.05e7], [6.2e10, 9e10], [1e-3, 1e12], [5e6, 5e9]] as const) {
    for (const count of [3, 6, 12]) {
      const ticks = ticksOf({ low, high, log: true }, count);
      const labels = ticks.filter(({ label }) => label !== "");
      assert.ok(labels.length >= 2, `${low} to ${high}: ${labels.length}`);
      assert.ok(labels.length <= 2.5 * count + 2, `${low} to ${high}, ${count}: ${labels.length}`);
      assert.ok(ticks.every(({ value }) => value >= low && value <= high));
    }
  }
});

test("a logarithmic scale is one", () => {
  const scale = scaleOf({ low: 1, high: 100, log: true }, 0, 200);
  assert.ok(Math.abs(scale(10) - 100) < 1e-9);
  assert.ok(Math.abs(scale.invert(100) - 10) < 1e-9);
});

test("thinning keeps what is to be kept, the order and the limit", () => {
  const items = Array.from({ length: 100_000 }, (_, i) => i);
  const kept = thin(items, kMostMarks, (i) => i % 1000 === 7);
  assert.equal(kept.length, kMostMarks);
  assert.equal(kept.filter((i) => i % 1000 === 7).length, 100);
  assert.ok(kept.every((item, i) => i === 0 || item > (kept[i - 1] ?? 0)));
  assert.ok((kept[kept.length - 1] ?? 0) > 99_000 && (kept[0] ?? 0) < 1000, "an even choice");
  assert.ok(thin(items.slice(0, 5), 10, () => false).length === 5);
});

test("a thinned staircase begins and ends where it did", () => {
  const steps = Array.from({ length: 5000 }, (_, i) => ({ x: i + 1, y: 5000 - i }));
  const thinned = thinSteps(steps, 200);
  assert.ok(thinned.length <= 200);
  assert.deepEqual(thinned[0], steps[0]);
  assert.deepEqual(thinned[thinned.length - 1], steps[4999]);
});

// As client/best_curve.h takes them.
test("the starts of a job take turns", () => {
  const curve = inTurn([
    { improvements: [{ sample: 1, value: 9 }, { sample: 4, value: 2 }] },
    { improvements: [{ sample: 1, value: 7 }, { sample: 3, value: 5 }, { sample: 5, value: 3 }] },
  ], 2);
  assert.deepEqual(curve, [{ x: 2, y: 7 }, { x: 6, y: 5 }, { x: 8, y: 2 }]);
  assert.equal(bestAt(curve, 1), undefined);
  assert.equal(bestAt(curve, 7), 5);
  assert.equal(bestAt(curve, 1e9), 2);
});

test("jobs are compared at samples that all of them have", () => {
  assert.deepEqual(comparedSamples([10_430, 2000]), [125, 250, 500, 1000, 2000]);
  assert.deepEqual(comparedSamples([3, 9]), [1, 3]);
  assert.deepEqual(comparedSamples([0]), []);
  assert.deepEqual(bestRows([[{ x: 4, y: 2 }]], [2, 4]), [{ values: [undefined, 2] }]);
});

test("the nearest mark is found within reach only", () => {
  assert.equal(nearest([0, 10, 20], [0, 0, 0], 12, 1, 24), 1);
  assert.equal(nearest([0], [0], 30, 0, 24), -1);
});
