import assert from "node:assert/strict";
import test from "node:test";
import { parseJob } from "../../../client/web/src/api/parse";
import { formOf, kEmptyForm, placeErrors, placeOf, toRequest, type Form } from "../../../client/web/src/views/submit/request";

const named = (name: string) => ({ name, file: undefined });
const form: Form = { ...kEmptyForm, networks: [{ source: named("net"), weight: "" }], template: named("chip") };

test("what is left empty is left to the daemon", () => {
  assert.deepEqual(toRequest(form, "id"), {
    spec: { template_name: "chip", algorithm: "GRADIENT", workload_name: "net", objective: "EDP" }, request_id: "id",
  });
});

test("all fields reach the request in the proto's units", () => {
  const request = toRequest({
    ...form, objective: "FRONT", front: ["energy", "area"], starts: "3", steps: "100", seed: "7", stopGap: "1.5", priority: "-4", deadlineHours: "0.5",
    labels: "chip=a1, team=x=y", limits: [{ quantity: "area_mm2", value: "2", network: "" }, { quantity: "throughput_per_s", value: "30", network: "net" }],
    fixed: [{ name: "pe_dim", value: "16" }], calibration: "cal",
  }, "id") as { readonly spec: Record<string, unknown> };
  assert.deepEqual(request, {
    spec: {
      template_name: "chip", algorithm: "GRADIENT", workload_name: "net", objective_front: "energy,area", starts: 3, steps: 100, seed: 7, stop_gap: 0.015,
      limits: [{ quantity: "area_mm2", max: 2 }, { quantity: "throughput_per_s", min: 30, network: "net" }],
      fixed_parameters: { pe_dim: 16 }, calibration_name: "cal",
    },
    request_id: "id", labels: { chip: "a1", team: "x=y" }, priority: -4, deadline_after: "1800s",
  });
});

test("factors are the daemon's choice unless one is made, which a copy of the job keeps", () => {
  const { spec } = toRequest({ ...form, factors: "IMPERFECT" }, "id") as { readonly spec: Record<string, unknown> };
  assert.equal(spec["factors"], "IMPERFECT");
  assert.equal(formOf(parseJob({ spec: { factors: "PERFECT" } })).factors, "PERFECT");
  assert.equal(formOf(parseJob({ spec: {} })).factors, "");
  assert.equal(placeOf("spec.factors"), "factors");
});

test("several networks share a chip, from files as well", () => {
  const request = toRequest({
    ...form, networks: [{ source: named("a"), weight: "3" }, { source: { name: "own", file: { name: "own.yaml", message: { name: "own" } } }, weight: "" }],
  }, "") as { readonly spec: Record<string, unknown> };
  assert.deepEqual(request.spec["networks"], [{ workload_name: "a", weight: 3 }, { workload: { name: "own" } }]);
  assert.equal(request.spec["combination"], "SUM");
  assert.equal(request.spec["workload_name"], undefined);
});

test("what is no number goes to the daemon as it was typed, for its message", () => {
  const request = toRequest({ ...form, starts: "many" }, "") as { readonly spec: Record<string, unknown> };
  assert.equal(request.spec["starts"], "many");
});

test("the daemon's messages stand at their fields", () => {
  assert.equal(placeOf("spec.starts"), "starts");
  assert.equal(placeOf("spec.limits[1].max"), "limit 1");
  assert.equal(placeOf("spec.networks[2].weight"), "network 2");
  assert.equal(placeOf("spec.workload_name"), "network 0");
  assert.equal(placeOf("spec.workload.layers[3].bounds.R"), "network 0");
  assert.equal(placeOf("spec.fixed_parameters[\"foo\"]"), "fixed");
  assert.equal(placeOf("spec.something_new"), "");
  assert.deepEqual(placeErrors([
    { field: "spec.starts", description: "is 0" }, { field: "spec.new", description: "is odd" },
  ], "whole"), { starts: "is 0", "": "spec.new: is odd" });
  assert.deepEqual(placeErrors([{ field: "spec.starts", description: "spec.starts: is 0" }], ""), { starts: "is 0" });
  assert.deepEqual(placeErrors([], "quota"), { "": "quota" });
});

test("a job can be submitted again as it was", () => {
  const again = toRequest(formOf(parseJob({
    name: "projects/p/jobs/3",
    spec: { workload_name: "net", template_name: "chip", objective: "LATENCY", algorithm: "RANDOM", starts: 4, steps: 10, seed: "5", stop_gap: 0.01,
      limits: [{ quantity: "area_mm2", max: 2 }], fixed_parameters: { pe_dim: 8 } },
    labels: { chip: "a1" },
  })), "") as { readonly spec: Record<string, unknown> };
  assert.deepEqual(again.spec, {
    template_name: "chip", algorithm: "RANDOM", workload_name: "net", objective: "LATENCY", starts: 4, steps: 10, seed: 5, stop_gap: 0.01,
    limits: [{ quantity: "area_mm2", max: 2 }], fixed_parameters: { pe_dim: 8 },
  });
});
