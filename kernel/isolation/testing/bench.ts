/** Plugins in processes of their own, started by the real helper. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Contributions,
  Logger,
  type Manifest,
  type Operation,
  type Provider,
  type Task,
  type Token,
} from "@patchbay/sdk";
import { rolldown } from "rolldown";
import { HelperRig, type RunningHelper } from "../../host/testing/rig.ts";
import type { FoundPlugin } from "../../plugins/manifest.ts";
import { toyManifest } from "../../plugins/testing/plugins.ts";
import { createPluginProcesses } from "../processes.ts";
import type { Fault, GuestPlugin, PluginProcesses } from "../types.ts";

/** What a guest contributes, by its id. */
export interface Parts {
  readonly operations: Map<string, Operation>;
  readonly taps: Map<string, (payload: unknown, ctx: { signal: AbortSignal }) => Promise<unknown>>;
  readonly providers: Map<string, Provider>;
  readonly tasks: Map<string, Task>;
  readonly settings: Map<string, unknown>;
  readonly schedules: Map<string, Parameters<Contributions["schedule"]>[0]>;
}

export class Bench {
  readonly rig: HelperRig;
  readonly helper: RunningHelper;
  readonly faults: Fault[] = [];
  readonly logged: string[] = [];
  readonly services = new Map<symbol, unknown>();
  readonly processes: PluginProcesses;

  private constructor(rig: HelperRig, helper: RunningHelper) {
    this.rig = rig;
    this.helper = helper;
    const find = <T>(token: Token<T>) => this.services.get(token.key) as T | undefined;
    const log = (message: string, fields?: Readonly<Record<string, unknown>>) =>
      void this.logged.push(`${message} ${JSON.stringify(fields ?? {})}`);
    const logger: Logger = { info: log, warn: log, error: log };
    this.give(Logger, logger);
    this.processes = createPluginProcesses({
      helper: helper.client,
      runDir: helper.hello.paths.run,
      onFault: (fault) => void this.faults.push(fault),
      logger,
      servicesOf: () => ({
        find,
        use: (token) => {
          const service = find(token);
          if (service === undefined) throw new Error(`no ${token.id}`);
          return service;
        },
      }),
      entryOf: ({ dir }) => join(dir, "index.mjs"),
    });
  }

  /** `uid`: the helper runs as this user instead of root. */
  static async open(uid?: number): Promise<Bench> {
    const rig = await HelperRig.create([]);
    await bundleGuest(rig.base);
    if (uid !== undefined) chmodSync(rig.base, 0o777);
    return new Bench(rig, await rig.start({}, uid));
  }

  give<T>(token: Token<T>, service: T): void {
    this.services.set(token.key, service);
  }

  /** Writes a plugin. `code` is the body of `contribute(to)`, `before` what stands above it. */
  write(id: string, code: string, before = ""): FoundPlugin {
    const dir = join(this.rig.dataDir, "plugins", id);
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
    chmodSync(dir, 0o755);
    const text = `${before}\nexport default { $type: "patchbay/plugin", version: 1, contribute(to) {\n${code}\n} };\n`;
    writeFileSync(join(dir, "index.mjs"), text);
    return { manifest: toyManifest(id, { memoryMb: 128 }), version: "1.0.0", dir };
  }

  load(id: string, code: string, more: { before?: string; manifest?: Partial<Manifest> } = {}): Promise<GuestPlugin> {
    const found = this.write(id, code, more.before);
    return this.processes.load({ ...found, manifest: { ...found.manifest, ...more.manifest } });
  }

  /** Processes of the guest program of this bench. */
  guests(): number[] {
    const program = join(this.rig.base, "code", "isolation", "guest.js");
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => titleOf(pid).split("\0").includes(program))
      .map(Number);
  }

  async close(): Promise<void> {
    await this.processes.close();
    await this.rig.end();
  }
}

function titleOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

/** What a loaded plugin contributes in the kernel. */
export function partsOf({ plugin }: GuestPlugin): Parts {
  const parts: Parts = {
    operations: new Map(),
    taps: new Map(),
    providers: new Map(),
    tasks: new Map(),
    settings: new Map(),
    schedules: new Map(),
  };
  const to: Partial<Contributions> = {
    operation: (operation) => void parts.operations.set(operation.id, operation),
    tap: (hook, tap) => void parts.taps.set(hook.id, tap as never),
    provider: (entry) =>
      void parts.providers.set(entry.slot, entry.create(() => undefined as never) as unknown as Provider),
    task: (task) => void parts.tasks.set(task.id, task as unknown as Task),
    setting: (setting) => void parts.settings.set(setting.key, setting),
    pluginSetting: (setting) => void parts.settings.set(setting.key, setting),
    schedule: (schedule) => void parts.schedules.set(schedule.id, schedule),
  };
  plugin.contribute(to as Contributions);
  return parts;
}

async function bundleGuest(base: string): Promise<void> {
  const build = await rolldown({
    input: fileURLToPath(new URL("../guest.ts", import.meta.url)),
    platform: "node",
    resolve: { conditionNames: ["source", "node", "import"] },
  });
  mkdirSync(join(base, "code", "isolation"));
  await build.write({ file: join(base, "code", "isolation", "guest.js"), format: "esm", codeSplitting: false });
  await build.close();
  writeFileSync(join(base, "package.json"), '{"type":"module"}');
  symlinkSync(fileURLToPath(new URL("../../../node_modules", import.meta.url)), join(base, "node_modules"));
}
