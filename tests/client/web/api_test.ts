import assert from "node:assert/strict";
import test from "node:test";
import { Api, ApiError, errorOf } from "../../../client/web/src/api/http";
import { pauseAfter } from "../../../client/web/src/api/loop";
import { parseDesign, parseJob, parsePoint, parseWorkers } from "../../../client/web/src/api/parse";

interface Call {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly method: string;
}

// Answers from a list, and what was asked.
function scripted(...answers: (() => Response)[]): { api: Api; calls: Call[] } {
  const calls: Call[] = [];
  const api = new Api((url, init) => {
    calls.push({ url, headers: init.headers as Record<string, string>, method: init.method ?? "GET" });
    const answer = answers.shift();
    return answer ? Promise.resolve(answer()) : Promise.reject(new TypeError("refused"));
  });
  return { api, calls };
}

const ok = (json: unknown, etag?: string) => () => new Response(JSON.stringify(json), etag ? { headers: { ETag: etag } } : {});

test("a poll without news gives the same object and sends the tag", async () => {
  const { api, calls } = scripted(ok({ a: 1 }, '"t"'), () => new Response(null, { status: 304 }), ok({ a: 2 }, '"u"'));
  const first = await api.get("/v1/x");
  assert.ok((await api.get("/v1/x")) === first);
  assert.equal(calls[1]?.headers["If-None-Match"], '"t"');
  assert.deepEqual(await api.get("/v1/x"), { a: 2 });
});

test("nothing is remembered for the next user", async () => {
  const { api, calls } = scripted(ok({}, '"t"'), ok({}));
  await api.get("/v1/x");
  api.forget();
  await api.get("/v1/x");
  assert.equal(calls[1]?.headers["If-None-Match"], undefined);
});

test("a change says that it comes from the page", async () => {
  const { api, calls } = scripted(ok({}));
  await api.change("POST", "/v1/x", { b: 1 });
  assert.equal(calls[0]?.headers["X-OneLoop"], "1");
  assert.equal(calls[0]?.headers["Content-Type"], "application/json");
});

test("an error has the message, the fields and how long to wait", async () => {
  const error = errorOf({ error: {
    code: 8, message: "too many", field_violations: [{ field: "spec.starts", description: "is 0" }], retry_delay: "60s",
  } }, 429);
  assert.equal(error.message, "too many");
  assert.equal(error.violations[0]?.field, "spec.starts");
  assert.equal(error.retrySeconds, 60);
  assert.ok(error.passing && !error.loggedOut);
  const { api } = scripted(() => new Response("<html>502</html>", { status: 502 }));
  await assert.rejects(api.get("/v1/x"), (cause) => cause instanceof ApiError && cause.status === 502 && cause.passing);
});

test("a session that ended with its daemon is renewed once for all who ask", async () => {
  let renewed = 0;
  let known = false;
  const api = new Api(
    () => Promise.resolve(known ? ok({ a: 1 })() : new Response(JSON.stringify({ error: { message: "no session" } }), { status: 401 })),
    () => {
      ++renewed;
      known = true;
      return Promise.resolve(true);
    });
  assert.deepEqual(await Promise.all([api.get("/v1/x"), api.get("/v1/y")]), [{ a: 1 }, { a: 1 }]);
  assert.equal(renewed, 1);
  const { api: without } = scripted(() => new Response(JSON.stringify({ error: { message: "no session" } }), { status: 401 }));
  await assert.rejects(without.get("/v1/x"), (cause) => cause instanceof ApiError && cause.loggedOut);
});

test("a revision that the store has not reached is told from other mistakes", () => {
  const of = (field: string) => errorOf({ error: { message: "no", field_violations: [{ field, description: "no" }] } }, 400);
  assert.ok(of("after_revision").anotherStore);
  assert.ok(!of("filter").anotherStore && !errorOf({}, 400).anotherStore);
});

test("a daemon that is away is a passing error", async () => {
  const { api } = scripted();
  await assert.rejects(api.get("/v1/x"), (cause) => cause instanceof ApiError && cause.status === 0 && cause.passing);
});

test("pauses grow, are drawn at random, end at ten seconds and obey the daemon", () => {
  assert.equal(pauseAfter(1, 0, 1), 1000);
  assert.equal(pauseAfter(3, 0, 1), 4000);
  assert.equal(pauseAfter(3, 0, 0), 2000);
  assert.equal(pauseAfter(50, 0, 1), 10_000);
  assert.equal(pauseAfter(1, 60, 0.5), 60_000);
});

test("fields that the daemon leaves out have their defaults", () => {
  const job = parseJob({ name: "projects/chip/jobs/12" });
  assert.equal(job.project, "chip");
  assert.equal(job.id, "12");
  assert.equal(job.state, "PENDING");
  assert.equal(job.best, undefined);
  assert.equal(job.certificate, undefined);
  assert.equal(parsePoint({ number: "9007199254740991", edp: "Infinity" }).edp, Infinity);
  assert.equal(parsePoint({ number: "12" }).number, 12);
  assert.equal(parseDesign({ name: "projects/a/jobs/1/designs/465" }).number, 465);
  assert.equal(parseJob(null).name, "");
});

test("workers are read with what they hold", () => {
  const list = parseWorkers({
    workers: [{ name: "workers/7", display_name: "n1:12", host: "n1", threads: 4, lease_count: 3, points_per_second: 812.5,
      last_heard_time: "2026-11-27T10:00:00Z" }, {}],
    local_leases: 1, waiting_leases: "12",
  });
  assert.equal(list.workers[0]?.leases, 3);
  assert.equal(list.workers[0]?.last_heard_time?.getTime(), Date.UTC(2026, 10, 27, 10));
  assert.equal(list.workers[1]?.threads, 0);
  assert.equal(list.local_threads, 0);
  assert.equal(list.waiting_leases, 12);
});
