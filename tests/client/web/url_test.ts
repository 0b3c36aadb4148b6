import assert from "node:assert/strict";
import test from "node:test";
import {
  compareRoute, designRoute, formatRoute, jobRoute, kDefaultJobs, parseRoute, type Route,
} from "../../../client/web/src/state/url";

test("every view with its settings comes back from its address", () => {
  const plot = { x: "pe_dim", y: "edp", xLog: false, yLog: true, colour: "" };
  const routes: Route[] = [
    kDefaultJobs,
    { view: "jobs", project: "chip", filter: 'state=RUNNING AND label.chip="a 1" & x', sort: "gap", deleted: true },
    { view: "submit", from: "" },
    { view: "submit", from: "default/12" },
    jobRoute("default", "7"),
    { ...jobRoute("p q", "7"), plot, all: false, curve: "energy_uj", revision: 18, ranges: { pe_dim: [16, 64], area_mm2: [0.5, 2.25] } },
    { ...jobRoute("default", "7"), ranges: { edp: [1e-7, 6.2e10] } },
    designRoute("default", "7", "best"),
    { ...designRoute("default", "7", 3233), layer: 4 },
    compareRoute([]),
    { ...compareRoute(["default/1", "chip/2"]), curve: "edp", plot: { ...plot, colour: "" } },
  ];
  for (const route of routes) assert.deepEqual(parseRoute(formatRoute(route)), route, formatRoute(route));
});

test("defaults are left out of an address", () => {
  assert.equal(formatRoute(kDefaultJobs), "/");
  assert.equal(formatRoute(jobRoute("default", "7")), "/projects/default/jobs/7");
  assert.equal(formatRoute(designRoute("default", "7", 12)), "/projects/default/jobs/7/designs/12");
  assert.equal(formatRoute(compareRoute(["default/1", "default/3"])), "/compare?jobs=default/1,default/3");
});

test("an address that makes no sense does no harm", () => {
  assert.deepEqual(parseRoute("/projects/x"), { view: "unknown", path: "/projects/x" });
  assert.deepEqual(parseRoute("/projects/a/jobs/1?ranges=pe_dim:a..b,:1..2&revision=-4"), jobRoute("a", "1"));
  assert.deepEqual(parseRoute("/projects/%ff/jobs/1").view, "job");
  assert.deepEqual(parseRoute("/compare?jobs=1,default/2,/"), compareRoute(["default/2"]));
});
