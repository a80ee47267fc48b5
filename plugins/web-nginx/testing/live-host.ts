import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostInfo, Rendered } from "@patchbay/sdk";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).patchbay;
const isRoot = process.getuid?.() === 0;
/** The ids of the web daemons in tests: nobody's, when we may choose. */
const web = isRoot ? { uid: 29_990, gid: 29_990 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A directory of its own with real nginx, run as the manifest says. */
export interface LiveHost {
  readonly info: HostInfo;
  readonly root: string;
  /** Lays the rendered files and lines down in the tree of the plugin. */
  write(...rendered: readonly Rendered[]): void;
  /** Runs the manifest's test. */
  test(): { status: number | null; output: string };
  start(): Promise<void>;
  reload(): void;
  pid(): number;
  get(host: string, path: string, options?: { method?: string; port?: number }): Promise<Answer>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export async function createLiveHost(): Promise<LiveHost> {
  const root = mkdtempSync(join(tmpdir(), "patchbay-nginx-"));
  chmodSync(root, 0o755);
  const info = await hostInfo(root);
  for (const path of ["run/web-nginx", "run/php", "log/web-nginx", "state/web-nginx", "homes"]) makeDir(root, path);
  mkdirSync(join(root, "etc/web-nginx"), { recursive: true });
  const grant = manifest.grants.services.nginx as { argv: string[]; test: string[] };
  const fill = (argv: readonly string[]) =>
    argv.map((word) =>
      word.replace("{tree}", join(root, "etc/web-nginx")).replace("{log}", join(root, "log/web-nginx")),
    );
  let child: ChildProcess | undefined;
  const get: LiveHost["get"] = (host, path, options = {}) =>
    httpGet({
      host: info.address,
      port: options.port ?? info.ports.http,
      name: host,
      path,
      method: options.method ?? "GET",
    });
  return {
    info,
    root,
    write: (...rendered) => writeTree(join(root, "etc/web-nginx"), rendered),
    test: () => {
      const [program = "", ...words] = fill(grant.test);
      const run = spawnSync(program, words, { encoding: "utf8", ...(isRoot ? web : {}) });
      return { status: run.status, output: run.stderr };
    },
    start: async () => {
      const [program = "", ...words] = fill(grant.argv);
      child = spawn(program, words, { stdio: "ignore", ...(isRoot ? web : {}) });
      await until(async () => (await get("start.invalid", "/")).status === 404);
    },
    reload: () => child?.kill("SIGHUP"),
    pid: () => child?.pid ?? 0,
    get,
    stop: async () => {
      if (child && child.exitCode === null) {
        const gone = new Promise((resolve) => child?.once("exit", resolve));
        child.kill("SIGTERM");
        await gone;
      }
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function makeDir(root: string, path: string): void {
  mkdirSync(join(root, path), { recursive: true });
  if (isRoot) chownSync(join(root, path), web.uid, web.gid);
}

async function hostInfo(root: string): Promise<HostInfo> {
  const port = await freePort();
  const ports = {
    http: port,
    https: 0,
    dns: 0,
    smtp: 0,
    submission: 0,
    imap: 0,
    imaps: 0,
    ftp: 0,
    mysql: 0,
    postgresql: 0,
  };
  const path = (name: string) => join(root, name);
  return {
    kind: "sandbox",
    address: "127.0.0.1",
    ports,
    paths: {
      etc: path("etc"),
      run: path("run"),
      log: path("log"),
      state: path("state"),
      homes: path("homes"),
      archive: path("archive"),
    },
    multiUser: isRoot,
    accounts: { firstUid: 29_991, count: 8 },
    web,
    phpVersions: ["8.2"],
  };
}

/** A free port outside the range the system hands out by itself. */
async function freePort(): Promise<number> {
  for (let port = 20_000 + (process.pid % 9000); port < 32_000; port += 1) {
    const free = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  throw new Error("no free port");
}

function writeTree(tree: string, rendered: readonly Rendered[]): void {
  const files = new Map<string, string>();
  const lines = new Map<string, string[]>();
  for (const part of rendered) {
    for (const file of part.files ?? []) files.set(file.path, file.content);
    for (const line of part.lines ?? []) lines.set(line.file, [...(lines.get(line.file) ?? []), line.line]);
  }
  for (const [path, list] of lines) files.set(path, `${list.sort().join("\n")}\n`);
  for (const [path, content] of files) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
}

/** Polls until `check` holds; fails after ten seconds. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) throw new Error("the daemon did not come to the expected state");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function httpGet(to: { host: string; port: number; name: string; path: string; method: string }): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Host: to.name, Connection: "close" };
    const call = request({ host: to.host, port: to.port, path: to.path, method: to.method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on("data", (part: Buffer) => parts.push(part));
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts).toString() });
      });
    });
    call.on("error", reject).end();
  });
}
