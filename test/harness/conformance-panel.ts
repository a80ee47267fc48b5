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
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PanelUnderTest, RunningDaemon, TestMachine } from "@patchbay/sdk/conformance";
import { openSqlite3Read } from "../../kernel/storage/sqlite3-read.ts";
import { SmallDisk } from "../faults/full-disk.ts";
import type { Client } from "./client.ts";
import { TestInstance } from "./instance.ts";

const isRoot = process.getuid?.() === 0;

/** What this machine can do for a conformance suite. */
export const testMachine: TestMachine = { separateUsers: isRoot, smallDisk: isRoot };

/** Starts a real panel for a conformance suite; as root on a small disk of its own. */
export async function startConformancePanel(): Promise<PanelUnderTest> {
  const parent = mkdtempSync(join(tmpdir(), "patchbay-conformance-"));
  chmodSync(parent, 0o755);
  const disk = testMachine.smallDisk ? new SmallDisk(parent, 128) : undefined;
  const remove = () => {
    disk?.free();
    disk?.remove();
    rmSync(parent, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const instance = await TestInstance.start(disk === undefined ? {} : { data: join(disk.path, "var") });
    return toPanel(instance, await instance.admin(), { disk, remove });
  } catch (error) {
    remove();
    throw error;
  }
}

function toPanel(
  instance: TestInstance,
  admin: Client,
  { disk, remove }: { readonly disk: SmallDisk | undefined; readonly remove: () => void },
): PanelUnderTest {
  const at = (name: string) => join(instance.data, name);
  return {
    call: async (method, path, input = {}) => {
      const query = Object.fromEntries(Object.entries(input).map(([key, value]) => [key, String(value)]));
      const { status, body, text } = await admin.call(method, path, method === "GET" ? { query } : { body: input });
      return { status, code: body?.code, data: body?.data, text };
    },
    http: { address: "127.0.0.1", port: instance.ports.services + 80 },
    https: { address: "127.0.0.1", port: instance.ports.services + 443 },
    dns: { address: "127.0.0.1", port: instance.ports.services + 53 },
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
    applies: () => countApplies(at("panel/panel.db")),
    ...(disk === undefined ? {} : { disk: { fill: (except: number) => disk.fill(except), free: () => disk.free() } }),
    stop: async () => {
      disk?.free();
      admin.close();
      await instance.destroy().finally(remove);
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

async function countApplies(file: string): Promise<number> {
  const database = await openSqlite3Read(file);
  try {
    const [row] = await database.all<{ value: string }>("SELECT value FROM reconcile_state WHERE key = 'generation'");
    return Number(row?.value ?? 0);
  } finally {
    await database.close();
  }
}
