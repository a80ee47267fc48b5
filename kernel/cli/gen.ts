import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { instanceOptions } from "../helper/config.ts";
import { type ApiDocument, PanelClient, runningInstance } from "./client.ts";
import { capabilitiesPage, errorsPage, flagsPage, operationsPage, permissionsPage } from "./reference.ts";
import { hooksPage } from "./reference-hooks.ts";
import { manifestPage } from "./reference-manifest.ts";
import { portsPage } from "./reference-ports.ts";
import { qualityPage } from "./reference-quality.ts";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * `npm run gen`: writes docs/reference from what a running panel says of itself. With `--check` it writes nothing and ends
 * with 1 when a page is stale.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const { api, active } = await describePanel();
  const pages: Readonly<Record<string, string>> = {
    "openapi.json": `${JSON.stringify(api, null, 2)}\n`,
    "operations.md": operationsPage(api),
    "permissions.md": permissionsPage(api),
    "errors.md": errorsPage(root),
    "capabilities.md": capabilitiesPage(root),
    "flags.md": flagsPage(instanceOptions),
    "hooks.md": hooksPage(root),
    "manifest.md": manifestPage(),
    "ports.md": portsPage(root),
    "quality.md": qualityPage(root, active),
  };
  const folder = join(root, "docs", "reference");
  const stale = Object.entries(pages).filter(([name, text]) => current(join(folder, name)) !== text);
  if (argv.includes("--check")) {
    for (const [name] of stale) process.stderr.write(`docs/reference/${name} is stale: npm run gen\n`);
    return stale.length === 0 ? 0 : 1;
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of stale) writeFileSync(join(folder, name), text);
  process.stdout.write(`${stale.length} of ${Object.keys(pages).length} pages written\n`);
  return 0;
}

function current(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

interface PanelFacts {
  readonly api: ApiDocument;
  /** Ids of the plugins that run. */
  readonly active: ReadonlySet<string>;
}

/** Runs a panel of its own for as long as it takes to ask it. */
async function describePanel(): Promise<PanelFacts> {
  const dir = mkdtempSync(join(tmpdir(), "patchbay-gen-"));
  chmodSync(dir, 0o711);
  const data = join(dir, "var");
  const ports = ["--port", String(await freePort(21_000)), "--services-port", String(await freePort(24_000))];
  const argv = [join(root, "bin", "patchbay.mjs"), "up", "--data", data, ...ports];
  const panel = spawn(process.execPath, argv, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<void>((resolve) => panel.on("exit", () => resolve()));
  try {
    for (;;) {
      const instance = runningInstance(data);
      if (instance && instance.pid === panel.pid) return await ask(new PanelClient(data, instance));
      if (panel.exitCode !== null) throw new Error("the panel did not start");
      await sleep(20);
    }
  } finally {
    panel.kill("SIGTERM");
    await ended;
    rmSync(dir, { recursive: true, force: true });
  }
}

async function ask(client: PanelClient): Promise<PanelFacts> {
  const { data } = await client.call("GET", "/api/plugins/list");
  const running = (data as { id: string; state: string }[]).filter(({ state }) => state === "active");
  return { api: await client.describe(), active: new Set(running.map(({ id }) => id)) };
}

/** The first of three neighbouring ports nobody listens on. */
async function freePort(from: number): Promise<number> {
  for (let port = from; port < from + 2_000; port += 3) {
    if ((await Promise.all([port, port + 1, port + 2, port + 80].map(isFree))).every(Boolean)) return port;
  }
  throw new Error("no free ports");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
