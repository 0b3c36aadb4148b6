// A daemon of the test's own, a browser on its page, and what every page must be free of.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Modules of npm are in a folder of the build's: sources stay as they are.
const require = createRequire(join(process.env.ONELOOP_NODE_MODULES ?? process.cwd(), "any.js"));
export const { chromium } = require("playwright-core");
const axe = require.resolve("axe-core/axe.min.js");

const kBrowser = process.env.ONELOOP_CHROMIUM ?? "/usr/bin/chromium";
const kBrowserFlags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

function program(name) {
  return join(process.env.ONELOOP_BIN_DIR ?? "build/release/bin", name);
}

async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// oneloopd in a directory of its own, which outlives restarts.
export class Daemon {
  static async start() {
    const daemon = new Daemon();
    daemon.folder = mkdtempSync(join(tmpdir(), "oneloop_web_"));
    daemon.url = `http://127.0.0.1:${await freePort()}`;
    daemon.token = daemon.run("oneloopd", "token", "create", "--data_dir", daemon.folder, "--user", "ada", "--scope", "user",
      "--project", "default").match(/olt_\S+/)[0];
    await daemon.up();
    return daemon;
  }

  // Until it listens.
  async up() {
    this.process = spawn(program("oneloopd"), ["--data_dir", this.folder, "--http", this.url.replace("http://", "")],
      { stdio: ["ignore", "pipe", "pipe"] });
    await new Promise((done, failed) => {
      let log = "";
      const read = (chunk) => {
        log += chunk;
        if (log.includes("listening on")) done();
      };
      this.process.stdout.on("data", read);
      this.process.stderr.on("data", read);
      this.process.on("exit", (code) => failed(new Error(`oneloopd ended with ${code}: ${log}`)));
    });
  }

  async down() {
    this.process.removeAllListeners("exit");
    const ended = new Promise((done) => this.process.on("exit", done));
    this.process.kill("SIGTERM");
    await ended;
  }

  async stop() {
    await this.down();
    rmSync(this.folder, { recursive: true });
  }

  // A worker of two threads in a process of its own. Returns what ends it.
  work(name) {
    const worker = spawn(program("oneloop-worker"),
      ["--server", `unix:${this.folder}/oneloop.sock`, "--threads", "2", "--name", name], { stdio: "ignore" });
    const ended = new Promise((done) => worker.on("exit", done));
    return async () => {
      worker.kill("SIGTERM");
      await ended;
    };
  }

  // Until a job is over.
  wait(job) {
    this.run("oneloop", "watch", job);
  }

  // What a command prints.
  run(name, ...flags) {
    const result = spawnSync(program(name), flags, { encoding: "utf8", env: { ...process.env, ONELOOP_SERVER: `unix:${this.folder}/oneloop.sock` } });
    if (result.status !== 0) throw new Error(`${name} ${flags.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }
}

// Submits a job of the token's user and gives its name.
export async function submitAs(daemon, spec, labels) {
  const response = await fetch(`${daemon.url}/v1/projects/default/jobs`, {
    method: "POST",
    headers: { Authorization: `Bearer ${daemon.token}`, "X-OneLoop": "1", "Content-Type": "application/json" },
    body: JSON.stringify({ spec: { template_name: "gemmini", ...spec }, labels }),
  });
  const job = await response.json();
  if (!response.ok) throw new Error(JSON.stringify(job));
  return job.name;
}

export async function launch() {
  return chromium.launch({ executablePath: kBrowser, args: kBrowserFlags });
}

// Notes every console error, exception and request to elsewhere of a page.
export class Watch {
  constructor(page, origin) {
    this.found = [];
    this.away = false; // while the daemon is down by intention, requests fail
    page.on("console", (message) => {
      // A refused request is shown as an error by the browser itself: those that a test means to have.
      if (message.type() === "error" && !this.away && !/status of (4\d\d)/.test(message.text())) this.found.push(`console: ${message.text()}`);
    });
    page.on("pageerror", (error) => this.found.push(`exception: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith("blob:")) this.found.push(`request: ${request.url()}`);
    });
  }
}

// Serious and critical findings of axe, a line each.
export async function accessibility(page) {
  // By the debugger: the page's policy lets no other script in.
  await page.evaluate(readFileSync(axe, "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, impact, nodes }) =>
    `${impact} ${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`);
}

export function ensureFolder(folder) {
  mkdirSync(folder, { recursive: true });
  return folder;
}
