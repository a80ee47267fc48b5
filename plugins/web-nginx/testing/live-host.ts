import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { HostInfo, Rendered, Stand } from "@patchbay/sdk";
import { type Answer, ask, type Question } from "../../../test/harness/ask.ts";
import { testHostInfo } from "../../../test/harness/host-info.ts";
import { freePorts } from "../../../test/harness/ports.ts";
import { makeCertificate, type TestCertificate } from "../../../test/harness/site-certificate.ts";

const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).patchbay;
const isRoot = process.getuid?.() === 0;
/** The ids of the web daemons in tests: nobody's, when we may choose. */
const web = isRoot ? { uid: 29_990, gid: 29_990 } : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A directory of its own with real nginx, run as the manifest says. */
export interface LiveHost {
  readonly info: HostInfo;
  readonly root: string;
  /** On the public ports. */
  readonly front: Stand;
  /** On the side ports alone. */
  readonly side: Stand;
  /** Lays the rendered files and lines down in the tree of the plugin. */
  write(...rendered: readonly Rendered[]): void;
  /** Writes a new certificate for these names into a file below the configuration directory. */
  certify(file: string, names: readonly string[]): TestCertificate;
  /** Runs the manifest's test. */
  test(): { status: number | null; output: string };
  start(): Promise<void>;
  reload(): void;
  /** Over HTTP, on the public port unless another is named. */
  get(host: string, path: string, more?: Partial<Question>): Promise<Answer>;
  /** Over HTTPS, on the public port unless another is named. */
  getTls(host: string, path: string, more?: Partial<Question>): Promise<Answer>;
  stop(): Promise<void>;
}

/** `at`: another host, whose public ports and address are this one's as well. */
export async function createLiveHost(at?: HostInfo): Promise<LiveHost> {
  const root = mkdtempSync(join(tmpdir(), "patchbay-nginx-"));
  chmodSync(root, 0o755);
  const ports = await freePorts();
  const own = { http: ports.services + 80, https: ports.panel };
  const { http, https } = at?.ports ?? own;
  const info = testHostInfo({ root, ports: { http, https }, web, multiUser: isRoot });
  const side: Stand = { role: "side", ports: { http: ports.panel + 1, https: ports.panel + 2 } };
  layDirectories(root);
  const daemon = createDaemon(root);
  const get: LiveHost["get"] = (host, path, more) => ask({ port: http, host, path, ...more });
  return {
    info,
    root,
    front: { ...side, role: "front" },
    side,
    write: (...rendered) => writeTree(join(root, "etc/web-nginx"), rendered),
    certify: (file, names) => {
      const made = makeCertificate(names);
      mkdirSync(dirname(join(root, "etc", file)), { recursive: true });
      writeFileSync(join(root, "etc", file), made.pem);
      return made;
    },
    test: daemon.test,
    start: async () => {
      daemon.start();
      await until(async () => (await ask({ port: side.ports.http, host: "start.invalid", path: "/" })).status === 404);
    },
    reload: daemon.reload,
    get,
    getTls: (host, path, more) => get(host, path, { port: https, sni: host, ...more }),
    stop: async () => {
      await daemon.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function layDirectories(root: string): void {
  for (const path of ["run/web-nginx", "run/php", "log/web-nginx", "state/web-nginx", "homes"]) {
    mkdirSync(join(root, path), { recursive: true });
    if (isRoot) chownSync(join(root, path), web.uid, web.gid);
  }
  mkdirSync(join(root, "etc/web-nginx"), { recursive: true });
}

function createDaemon(root: string) {
  const grant = manifest.grants.services.nginx as { argv: string[]; test: string[] };
  const identity = isRoot ? web : {};
  const fill = (argv: readonly string[]) =>
    argv.map((word) =>
      word.replace("{tree}", join(root, "etc/web-nginx")).replace("{log}", join(root, "log/web-nginx")),
    );
  let child: ChildProcess | undefined;
  return {
    test: () => {
      const [program = "", ...words] = fill(grant.test);
      const run = spawnSync(program, words, { encoding: "utf8", ...identity });
      return { status: run.status, output: run.stderr };
    },
    start: () => {
      const [program = "", ...words] = fill(grant.argv);
      child = spawn(program, words, { stdio: "ignore", ...identity });
    },
    reload: () => {
      child?.kill("SIGHUP");
    },
    stop: async () => {
      if (child === undefined || child.exitCode !== null) return;
      const gone = new Promise((resolve) => child?.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
    },
  };
}

function writeTree(tree: string, rendered: readonly Rendered[]): void {
  for (const [path, content] of filesOf(rendered)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), content);
  }
}

/** The files of a tree, lines gathered as the kernel does. */
export function filesOf(rendered: readonly Rendered[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const lines = new Map<string, string[]>();
  for (const part of rendered) {
    for (const file of part.files ?? []) files.set(file.path, file.content);
    for (const line of part.lines ?? []) lines.set(line.file, [...(lines.get(line.file) ?? []), line.line]);
  }
  for (const [path, list] of lines) files.set(path, `${list.sort().join("\n")}\n`);
  return files;
}

/** Polls until `check` holds; fails after ten seconds. */
export async function until(check: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await check().catch(() => false))) {
    if (Date.now() > end) throw new Error("the daemon did not come to the expected state");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
