import assert from "node:assert/strict";
import test from "node:test";
import { frontAt, frontRevisions, mergeFront, mergeJobs } from "../../../client/web/src/api/merge";
import { parseFrontChange, parseJob, parseJobPage } from "../../../client/web/src/api/parse";
import { measureRates, serverOrder, sortJobs } from "../../../client/web/src/views/jobs/jobs_table";

const job = (id: number, more: object = {}) => parseJob({ name: `projects/default/jobs/${id}`, ...more });
const names = (jobs: readonly { readonly id: string }[]) => jobs.map(({ id }) => id).join(" ");

test("changed jobs are replaced, new ones come, those that went go", () => {
  const before = [job(1), job(2), job(3)];
  const after = mergeJobs(before, parseJobPage({
    jobs: [{ name: "projects/default/jobs/2", state: "RUNNING" }, { name: "projects/default/jobs/4" }],
    removed: ["projects/default/jobs/3"],
  }));
  assert.equal(names(after), "4 1 2");
  assert.equal(after[2]?.state, "RUNNING");
  assert.ok(after[1] === before[0], "what did not change stays the same object");
});

test("without news the very same list comes back", () => {
  const before = [job(1)];
  assert.ok(mergeJobs(before, parseJobPage({ revision: "9" })) === before);
});

test("a snapshot makes forget all others", () => {
  const after = mergeJobs([job(1), job(2)], parseJobPage({ jobs: [{ name: "projects/default/jobs/5" }], snapshot: true }));
  assert.equal(names(after), "5");
});

const change = (entered: number[], left: number[], snapshot = false) =>
  parseFrontChange({ entered: entered.map((number) => ({ number: String(number) })), left: left.map(String), snapshot });

test("a front follows what entered and what left", () => {
  const first = mergeFront([], change([1, 2], [], true));
  const second = mergeFront(first, change([3], [1]));
  assert.deepEqual(second.map(({ number }) => number), [2, 3]);
  assert.deepEqual(mergeFront(second, change([3], [])).map(({ number }) => number), [2, 3]);
  assert.ok(mergeFront(second, change([], [])) === second);
});

test("a front can be seen as it was at any revision", () => {
  const points = parseFrontChange({ entered: [
    { number: "1", entered_front_revision: "3", left_front_revision: "8" },
    { number: "2", entered_front_revision: "5" },
    { number: "3", entered_front_revision: "8" },
    { number: "4" },
  ] }).entered;
  assert.deepEqual(frontRevisions(points), [3, 5, 8]);
  assert.deepEqual(frontAt(points, 4).map(({ number }) => number), [1]);
  assert.deepEqual(frontAt(points, 7).map(({ number }) => number), [1, 2]);
  assert.deepEqual(frontAt(points, 8).map(({ number }) => number), [2, 3]);
});

test("jobs are sorted by any column, those without a value last either way", () => {
  const jobs = [
    job(1, { best: { edp: 5 } }), job(2), job(10, { best: { edp: 3 }, progress: { samples_done: "4", samples_total: "8" } }),
  ];
  assert.equal(names(sortJobs(jobs, "edp", new Map())), "10 1 2");
  assert.equal(names(sortJobs(jobs, "-edp", new Map())), "1 10 2");
  assert.equal(names(sortJobs(jobs, "-id", new Map())), "10 2 1");
  assert.equal(serverOrder("-create_time"), "create_time desc");
  assert.equal(serverOrder("-edp"), "");
});

test("a running job's rate is its average at first, and later that of the last seconds", () => {
  const running = (samples: number) => [job(1, {
    state: "RUNNING", start_time: "1970-01-01T00:00:00Z", progress: { samples_done: String(samples) },
  })];
  const rate = (seen: ReturnType<typeof measureRates>) => seen.get("projects/default/jobs/1")?.rate;
  let seen = measureRates(new Map(), running(1000), 4000);
  assert.equal(rate(seen), 250);
  seen = measureRates(seen, running(1000), 5000);
  assert.equal(rate(seen), 200, "batches that do not come yet");
  seen = measureRates(seen, running(3000), 14_000);
  assert.equal(rate(seen), 200, "since the page saw it first");
  seen = measureRates(seen, running(4100), 15_000);
  assert.equal(rate(seen), 3100 / 11);
  assert.equal(measureRates(seen, [job(1, { state: "SUCCEEDED" })], 6000).size, 0);
});
