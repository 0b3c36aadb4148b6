// screenshots.mjs FOLDER: pictures of the four views, for the documents.
import { join } from "node:path";
import { Daemon, ensureFolder, launch } from "./harness.mjs";

const folder = ensureFolder(process.argv[2]);
const daemon = await Daemon.start();
const browser = await launch();
try {
  const submit = (...flags) => daemon.run("oneloop", "submit", "--template", "gemmini", ...flags);
  submit("--workload", "resnet50", "--limit", "area_mm2<=2", "--starts", "7", "--steps", "1490", "--label", "chip=a1", "--wait");
  submit("--workload", "resnet50", "--limit", "area_mm2<=2", "--algorithm", "random", "--starts", "7", "--steps", "1490", "--label", "chip=a1", "--wait");
  submit("--workload", "bert", "--objective", "pareto:energy,latency,area", "--starts", "4", "--steps", "1000", "--label", "chip=b2", "--wait");
  submit("--workload", "resnet50", "--workload", "bert", "--starts", "4", "--steps", "500", "--label", "chip=b2", "--wait");

  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(daemon.url);
  await page.getByLabel("Token").fill(daemon.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("table").waitFor();
  submit("--workload", "mobilenet_v2", "--starts", "7", "--steps", "20000", "--label", "chip=c3");
  submit("--workload", "vit_b_16", "--starts", "7", "--steps", "20000", "--label", "chip=c3", "--priority", "-1");

  const shoot = async (name, ready, options = {}) => {
    await page.getByText(ready).first().waitFor();
    // Two frames: what arrived is drawn.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await page.screenshot({ path: join(folder, `web-${name}.png`), ...options });
  };
  await page.locator(".badge.running").first().waitFor();
  await page.locator("tr", { has: page.locator(".badge.running") }).getByText(/\d[kM]?$/).nth(3).waitFor();
  await shoot("jobs", "mobilenet_v2", { clip: { x: 0, y: 0, width: 1280, height: 360 } });
  // Out of the way: searches take the processors that the browser needs.
  for (const id of ["5", "6"]) daemon.run("oneloop", "cancel", id);
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
