import assert from "node:assert/strict";
import test from "node:test";
import {
  change, counted, groupedNumber, percent, percentUp, shortBytes, shortDuration, shortNumber, shortTime, siNumber,
} from "../../../client/web/src/text/numbers";

// The cases of tests/client/numbers_test.cc: the page and the command line write numbers alike.
test("short numbers have four digits and are scientific from a million up", () => {
  const cases: [number, string][] = [
    [0, "0"], [12.144769, "12.14"], [9870.40972, "9870"], [999999.4, "999999"], [999999.5, "1.000e6"], [6376781, "6.377e6"],
    [6.2941441192918686e10, "6.294e10"], [0.02174, "0.02174"], [0.0001, "1.000e-4"], [-12.5, "-12.5"], [100, "100"], [Infinity, "inf"],
  ];
  for (const [value, text] of cases) assert.equal(shortNumber(value), text);
  assert.equal(shortNumber(undefined), "-");
  assert.equal(shortNumber(NaN), "-");
});

test("a proven gap is never shown below what it is", () => {
  assert.equal(percentUp(0.0163803), "1.7 %");
  assert.equal(percentUp(0.25001), "26 %");
  assert.equal(percentUp(0.000301), "0.04 %");
  assert.equal(percentUp(0), "0 %");
  assert.equal(percentUp(undefined), "-");
  assert.equal(percentUp(Infinity), "inf %");
});

test("shares, changes, counts, rates and times", () => {
  assert.equal(percent(0.99604), "99.6 %");
  assert.equal(change(0.167, 0.001), "+16.7 %");
  assert.equal(change(-0.0979, 0.001), "-9.79 %");
  assert.equal(change(-0.0004, 0.001), "none");
  assert.equal(groupedNumber(10430), "10,430");
  assert.equal(groupedNumber(999), "999");
  assert.equal(counted(1, "design"), "1 design");
  assert.equal(counted(2400, "design"), "2,400 designs");
  assert.equal(siNumber(1243), "1.24k");
  assert.equal(siNumber(999.6), "1k");
  assert.equal(siNumber(950), "950");
  assert.equal(shortDuration(250), "4 min 10 s");
  assert.equal(shortDuration(7500), "2 h 5 min");
  assert.equal(shortBytes(208), "208 B");
  assert.equal(shortBytes(784 * 1024), "784 KiB");
  assert.equal(shortBytes(1.5 * 1024 * 1024), "1.5 MiB");
});

test("a moment of today has no date", () => {
  const now = new Date(2026, 10, 27, 14, 3, 7);
  assert.equal(shortTime(new Date(2026, 10, 27, 9, 5, 1), now), "09:05:01");
  assert.equal(shortTime(new Date(2026, 10, 26, 9, 5, 1), now), "2026-11-26 09:05");
});
