// The page in a browser, from logging in to comparing jobs, over a restart of the daemon.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { accessibility, Daemon, ensureFolder, launch, submitAs, Watch } from "./harness.mjs";

const kShots = ensureFolder(process.env.ONELOOP_SCREENSHOTS ?? "web-screenshots");
const kSizes = [{ width: 1280, height: 900 }, { width: 390, height: 844 }];

let daemon;
let browser;
let page;
let watch;

// The page in both colours and sizes: a picture of each, nothing beyond the window's width, no serious finding of axe.
async function shoot(name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const size of kSizes) {
      await page.setViewportSize(size);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      await page.screenshot({ path: join(kShots, `${name}-${colorScheme}-${size.width}.png`), fullPage: true });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} px wider than a window of ${size.width}`);
    }
    assert.deepEqual(await accessibility(page), [], `${name}, ${colorScheme}`);
  }
  await page.setViewportSize(kSizes[0]);
  await page.emulateMedia({ colorScheme: "light" });
}

const heading = (name) => page.getByRole("heading", { level: 1, name }).waitFor();
const path = () => page.evaluate(() => window.location.pathname + window.location.search);

async function download(button) {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: button }).click()]);
  return { name: file.suggestedFilename(), content: readFileSync(await file.path(), "utf8") };
}

before(async () => {
  daemon = await Daemon.start();
  browser = await launch();
  const context = await browser.newContext({ viewport: kSizes[0] });
  // A step that fails does so while somebody still waits for it.
  context.setDefaultTimeout(10_000);
  page = await context.newPage();
  watch = new Watch(page, daemon.url);
});

after(async () => {
  await browser?.close();
  await daemon?.stop();
});

test("whoever is not logged in sees how to, and stays at the address", async () => {
  await page.goto(`${daemon.url}/?sort=edp`);
  await heading("Log in");
  await shoot("login");
  await page.getByLabel("Token").fill("olt_wrong");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator("#token-error").filter({ hasText: /./ }).waitFor();
  await page.getByLabel("Token").fill(daemon.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("No jobs yet").waitFor();
  assert.equal(await path(), "/?sort=edp");
  await shoot("jobs-empty");
});

test("the first view is light and quick", async () => {
  const fresh = await page.context().newPage();
  const headers = [];
  fresh.on("response", (response) => {
    if (!new URL(response.url()).pathname.startsWith("/v1/")) headers.push(response.allHeaders());
  });
  await fresh.goto(daemon.url);
  await fresh.getByText("No jobs yet").waitFor();
  const usable = await fresh.evaluate(() => performance.now());
  const bytes = (await Promise.all(headers)).reduce((sum, header) => sum + Number(header["content-length"]), 0);
  console.log(`first view: ${bytes} bytes, usable after ${Math.round(usable)} ms`);
  assert.ok(bytes > 0 && bytes <= 300_000, `${bytes} bytes`);
  await fresh.close();
});

test("the daemon's messages stand at the fields of the form", async () => {
  await page.getByRole("link", { name: "Submit a job" }).click();
  await heading("Submit a job");
  await page.getByLabel("Starts").fill("0");
  await page.getByLabel("Workload", { exact: false }).first().selectOption("resnet50");
  await page.getByLabel("Template", { exact: false }).first().selectOption("gemmini");
  const field = page.locator(".field", { hasText: "Starts" }).first();
  await field.locator(".field-error").filter({ hasText: "valid: 1 to 10000" }).waitFor();
  await shoot("submit");
});

test("a workload is read from a file, by the daemon", async () => {
  const file = page.getByLabel("Workload: a YAML or JSON file");
  const field = page.locator(".field", { hasText: "Workload" }).first();
  const layer = (bounds) => ({
    name: "mine.yaml", mimeType: "text/yaml", buffer: Buffer.from(`name: mine\nlayers:\n  - name: fc\n    bounds: {${bounds}}\n`),
  });
  await file.setInputFiles(layer("R: 1, S: 1, P: 1, Q: 1, C: 64, K: none, N: 1"));
  await field.locator(".field-error").filter({ hasText: /^mine\.yaml: .*K/ }).waitFor();
  await file.setInputFiles(layer("R: 1, S: 1, P: 1, Q: 1, C: 64, K: 64, N: 1"));
  await field.getByRole("combobox").filter({ hasText: "mine.yaml (mine)" }).waitFor();
  await field.locator(".field-error").filter({ hasText: /./ }).waitFor({ state: "detached" });
  await field.getByRole("combobox").selectOption("resnet50");
});

test("a submitted job is seen to move and to reach a front", async () => {
  await page.getByLabel("Starts").fill("4");
  await page.getByLabel("Samples a start").fill("15000");
  await page.getByRole("button", { name: "+ limit" }).click();
  await page.getByLabel("Value of limit 1").fill("4");
  await page.getByLabel("Labels").fill("chip=a1");
  await page.getByText("Valid: 4 starts, 60,000 samples.").waitFor();
  await page.getByRole("button", { name: "Submit", exact: true }).click();
  await heading("Job 1");
  await page.locator(".badge.running, .badge.succeeded").first().waitFor();
  await page.getByRole("heading", { name: "Pareto front" }).waitFor({ timeout: 60_000 });
  const samples = page.locator(".figures dd").nth(1);
  await samples.filter({ hasNotText: await samples.innerText() }).waitFor({ timeout: 60_000 });
});

test("after a restart of the daemon the page goes on by itself", async () => {
  await page.locator(".badge.running").waitFor();
  watch.away = true;
  await daemon.down();
  try {
    await page.getByText("The daemon does not answer.").waitFor({ timeout: 30_000 });
    await shoot("job-disconnected");
  } finally {
    await daemon.up();
  }
  await page.getByText("The daemon does not answer.").waitFor({ state: "detached", timeout: 60_000 });
  watch.away = false;
  await page.locator(".badge.succeeded").first().waitFor({ timeout: 120_000 });
  await page.getByRole("progressbar").first().filter({ hasText: "100 %" }).waitFor();
});

test("a job shows its curve, its front and their history, all in the address", async () => {
  await page.getByText(/so that it is at most .* above the best possible/).waitFor();
  await shoot("job");
  const front = page.getByRole("region", { name: "Pareto front" });
  await front.getByLabel("x", { exact: true }).selectOption("area_mm2");
  await page.getByLabel("Front at").focus();
  await page.keyboard.press("Home");
  await front.getByText(/as of revision/).waitFor();
  assert.match(await path(), /x=area_mm2&revision=\d+/);
  const there = await path();
  await page.reload();
  await front.getByText(/as of revision/).waitFor();
  assert.equal(await path(), there);
  await front.getByRole("button", { name: "Now" }).click();

  await page.getByText("Ranges by number").click();
  await page.getByLabel("pe_dim from").fill("16");
  await page.getByText(/Within the ranges: /).waitFor();
  assert.match(await path(), /ranges=pe_dim:16\.\./);
});

test("a range is kept by dragging along an axis", async () => {
  await page.getByRole("button", { name: "Clear ranges" }).click();
  const axis = await page.locator(".parallel-axis .overlay").first().boundingBox();
  await page.mouse.move(axis.x + axis.width / 2, axis.y + 20);
  await page.mouse.down();
  await page.mouse.move(axis.x + axis.width / 2, axis.y + 120, { steps: 4 });
  await page.mouse.up();
  await page.getByText(/Within the ranges: /).waitFor();
  assert.match(await path(), /ranges=\w+:[\d.]+\.\.[\d.]+/);
  await page.getByRole("button", { name: "Clear ranges" }).click();
});

test("a mark of the front opens its design, by keyboard", async () => {
  const plot = page.getByRole("region", { name: "Pareto front" }).getByRole("application");
  await plot.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await heading(/^Design \d+$/);
  await page.getByRole("heading", { name: "Roofline of every component" }).waitFor();
});

test("a design is taken apart, and its sensitivities are searched on demand", async () => {
  await page.goto(`${daemon.url}/projects/default/jobs/1/designs/best`);
  await heading(/^Design \d+$/);
  await page.getByRole("table").filter({ hasText: "Bound by" }).getByRole("button").nth(2).click();
  assert.match(await path(), /layer=2$/);
  await page.locator(".nest").filter({ hasText: "parallel for" }).waitFor();
  await page.getByRole("button", { name: "Search near this design" }).click();
  await page.getByText(/Change of the objective/).waitFor({ timeout: 120_000 });
  await shoot("design");
});

test("a design is exported with its layers, workload and template", async () => {
  const design = await download("Design as JSON");
  const { layers, parameters } = JSON.parse(design.content);
  assert.ok(layers.length > 10 && parameters.pe_dim > 0);
  assert.match(design.name, /^oneloop-default-job1-design\d+\.json$/);
  const table = await download("Layers as CSV");
  assert.equal(table.content.trim().split("\r\n").length, layers.length + 1);
  assert.equal(JSON.parse((await download("Workload")).content).name, "resnet50");
  assert.equal(JSON.parse((await download("Template")).content).name, "gemmini");
});

test("two jobs are compared at equal samples", async () => {
  daemon.wait(await submitAs(daemon, {
    workload_name: "resnet50", algorithm: "RANDOM", starts: 4, steps: 500, limits: [{ quantity: "area_mm2", max: 4 }],
  }, { chip: "b2" }));
  await page.goto(daemon.url);
  await page.getByLabel("Select job 1 to compare").check();
  await page.getByLabel("Select job 2 to compare").check();
  await shoot("jobs");
  await page.getByRole("button", { name: "Compare 2" }).click();
  await page.getByText(/After 2,000 samples each, job 1 has the best EDP/).waitFor();
  assert.equal(await path(), "/compare?jobs=default/1,default/2");
  await shoot("compare");
});

test("who works for the daemon stands above its jobs", async () => {
  await page.goto(`${daemon.url}/`);
  await heading("Jobs");
  const panel = page.locator("details.workers");
  assert.equal(await panel.count(), 0, "nothing is said of workers where there are none");
  const leave = daemon.work("pilot-1");
  try {
    await panel.getByText(/1 worker: \d of 2 threads busy/).waitFor();
    await panel.locator("summary").click();
    await panel.getByRole("cell", { name: "pilot-1" }).waitFor();
    await shoot("workers");
  } finally {
    await leave();
  }
  await panel.waitFor({ state: "detached" });
});

test("jobs are filtered, in the words of the daemon, and deleted with a way back", async () => {
  await page.goto(daemon.url);
  const filter = page.getByRole("searchbox");
  await filter.fill("label.chip=b2");
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: /^(default\/)?1$/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete job 2" }).click();
  await page.getByText("No job matches the filter").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: /^(default\/)?2$/ }).waitFor();
  await filter.fill("colour=red");
  await page.keyboard.press("Enter");
  await page.getByText(/at character 1/).first().waitFor();
});

test("what is not there is said to be so", async () => {
  await page.goto(`${daemon.url}/projects/default/jobs/99`);
  await page.getByText("There is no such job").waitFor();
  await shoot("job-missing");
  await page.goto(`${daemon.url}/nowhere`);
  await page.getByText("There is no such page").waitFor();
});

test("logging out ends the session", async () => {
  await page.getByRole("button", { name: "Log out" }).click();
  await heading("Log in");
  await page.reload();
  await heading("Log in");
});

test("no console error, no exception, no request to elsewhere", () => {
  assert.deepEqual(watch.found, []);
});
