import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PanelUnderTest, RunningDaemon, TestMachine } from "../conformance/panel.ts";
import { findKernel } from "./find-kernel.ts";
import { SmallDisk } from "./small-disk.ts";
import { type PanelOptions, startPanel, type TestPanel } from "./start-panel.ts";

const isRoot = process.getuid?.() === 0;
const diskMegabytes = 128;

/** What this machine can do for a conformance suite: as root accounts are users, and the data can lie on a small disk. */
export const testMachine: TestMachine = { separateUsers: isRoot, smallDisk: isRoot };

/**
 * Starts a real panel for a conformance suite, with plugins installed and enabled; as root on a small disk of its own, which
 * the suite fills up.
 *
 * @example
 * webConformance({
 *   title: "Example", option: "example", plugin: "example", service: "exampled", can: {},
 *   logs: (site) => ({ access: `${site}.access.log`, errors: `${site}.error.log` }),
 *   record: join(import.meta.dirname, "capabilities.json"),
 *   machine: testMachine,
 *   start: () => conformancePanel({ plugins: [import.meta.dirname] }),
 * });
 */
export async function conformancePanel(options: Omit<PanelOptions, "data"> = {}): Promise<PanelUnderTest> {
  const parent = mkdtempSync(join(tmpdir(), "patchbay-conformance-"));
  chmodSync(parent, 0o755);
  const disk = testMachine.smallDisk ? new SmallDisk(parent, diskMegabytes) : undefined;
  const remove = () => {
    disk?.free();
    disk?.remove();
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const kernel = options.kernel ?? findKernel(process.cwd());
    const data = join(disk?.path ?? parent, "var");
    return toPanel(await startPanel({ ...options, kernel, data }), { kernel, disk, remove });
  } catch (error) {
    remove();
    throw error;
  }
}

interface Surroundings {
  readonly kernel: string;
  readonly disk: SmallDisk | undefined;
  readonly remove: () => void;
}

function toPanel(panel: TestPanel, { disk, kernel, remove }: Surroundings): PanelUnderTest {
  const at = (name: string) => join(panel.data, name);
  const service = (offset: number) => ({ address: "127.0.0.1", port: panel.servicesPort + offset });
  return {
    call: (method, path, input) => panel.call(method, path, input),
    http: service(80),
    https: service(443),
    dns: service(53),
    paths: { etc: at("etc"), log: at("log"), run: at("run"), homes: at("homes") },
    writeFile: (home, path, content) => {
      makeDirectories(home, dirname(path));
      writeFileSync(join(home, path), content);
      giveTo(home, path);
    },
    link: (home, path, target) => {
      makeDirectories(home, dirname(path));
      symlinkSync(target, join(home, path));
      giveTo(home, path);
    },
    daemons: () => runningDaemons(at("helper/services.json")),
    applies: () => countApplies(kernel, at("panel/panel.db")),
    ...(disk === undefined ? {} : { disk }),
    stop: async () => {
      disk?.free();
      await panel.stop().finally(remove);
    },
  };
}

function makeDirectories(home: string, path: string): void {
  if (path === "." || existsSync(join(home, path))) return;
  makeDirectories(home, dirname(path));
  mkdirSync(join(home, path));
  giveTo(home, path);
}

/** What lies in a home belongs to its account. */
function giveTo(home: string, path: string): void {
  if (!isRoot) return;
  const { uid } = lstatSync(home);
  lchownSync(join(home, path), uid, uid);
}

interface Registered {
  readonly name: { readonly service: string; readonly instance?: string };
  readonly pid: number | null;
}

function runningDaemons(registry: string): RunningDaemon[] {
  const { services } = JSON.parse(readFileSync(registry, "utf8")) as { services: readonly Registered[] };
  return services.flatMap(({ name: { service, instance }, pid }) =>
    pid === null ? [] : [{ name: instance === undefined ? service : `${service}@${instance}`, pid }],
  );
}

interface Database {
  all(sql: string, done: (error: Error | null, rows: readonly { readonly value: string }[]) => void): void;
  close(): void;
}

interface Driver {
  readonly OPEN_READONLY: number;
  readonly Database: new (file: string, mode: number) => Database;
}

/** Read from the panel's database with the panel's own driver: no operation tells it. */
function countApplies(kernel: string, file: string): Promise<number> {
  const { Database, OPEN_READONLY } = createRequire(join(kernel, "package.json"))("sqlite3") as Driver;
  const database = new Database(file, OPEN_READONLY);
  return new Promise((resolve, reject) => {
    database.all("SELECT value FROM reconcile_state WHERE key = 'generation'", (error, rows) => {
      database.close();
      if (error) reject(error);
      else resolve(Number(rows[0]?.value ?? 0));
    });
  });
}
