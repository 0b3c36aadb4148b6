// screenshots.mjs FOLDER: pictures of the four views, for the documents.
import { join } from "node:path";
import { Daemon, ensureFolder, launch, submitAs } from "./harness.mjs";

const folder = ensureFolder(process.argv[2]);
const daemon = await Daemon.start();
const browser = await launch();
try {
  const limits = [{ quantity: "area_mm2", max: 2 }];
  for (const [spec, chip] of [
    [{ workload_name: "resnet50", limits }, "a1"],
    [{ workload_name: "resnet50", limits, algorithm: "RANDOM" }, "a1"],
    [{ workload_name: "bert", objective_front: "energy,latency,area", starts: 4, steps: 1000 }, "b2"],
    [{ networks: [{ workload_name: "resnet50" }, { workload_name: "bert" }], starts: 4, steps: 500 }, "b2"],
  ]) daemon.wait(await submitAs(daemon, spec, { chip }));

  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(daemon.url);
  await page.getByLabel("Token").fill(daemon.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("table").waitFor();
  const leave = [daemon.work("node1:4711"), daemon.work("node2:4712")];
  const running = [];
  for (const workload_name of ["mobilenet_v2", "vit_b_16"]) {
    running.push(await submitAs(daemon, { workload_name, starts: 7, steps: 40000 }, { chip: "c3" }));
  }

  const shoot = async (name, ready, options = {}) => {
    await page.getByText(ready).first().waitFor();
    // Two frames: what arrived is drawn.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(folder, `web-${name}.png`), ...options });
  };
  // Until its rate is known.
  const rate = page.locator("tr", { has: page.locator(".badge.running") }).locator("td").nth(7);
  await rate.filter({ hasText: /\d/ }).waitFor();
  await page.locator("details.workers summary").click();
  await page.getByRole("cell", { name: "node2:4712" }).waitFor();
  await shoot("jobs", "mobilenet_v2", { clip: { x: 0, y: 0, width: 1280, height: 520 } });
  // Out of the way: searches take the processors that the browser needs.
  for (const job of running) daemon.run("oneloop", "cancel", job);
  for (const end of leave) await end();
  const go = async (path) => page.evaluate((to) => {
    window.history.pushState(null, "", to);
    window.dispatchEvent(new PopStateEvent("popstate"));
  }, path);
  await go("/projects/default/jobs/1");
  await shoot("job", /so that it is at most/, { fullPage: true });
  await go("/projects/default/jobs/1/designs/best");
  await shoot("design", "Roofline of every component", { fullPage: true });
  await go("/compare?jobs=default/1,default/2");
  await shoot("compare", /has the best EDP/, { fullPage: true });
} finally {
  await browser.close();
  await daemon.stop();
}
