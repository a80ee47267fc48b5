import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HostInfo, Logger, Principal } from "@patchbay/sdk";
import { type Foundation, openFoundation } from "../foundation.ts";
import type { Host } from "../host/types.ts";
import { createKernel, type Kernel } from "../kernel.ts";
import type { PluginProcesses } from "../plugins/guests.ts";
import type { LoadedPlugin } from "../plugins/load.ts";
import type { BundledPlugins } from "../plugins/shelf.ts";
import { toyBundle } from "../plugins/testing/plugins.ts";

export interface ToyKernelOptions {
  readonly processes?: PluginProcesses;
  /** Called with every line of the log that is a warning or an error. */
  readonly onLog?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly now?: () => number;
}

/** A real kernel with a real database, whose helper knows no daemons. */
export class ToyKernel {
  readonly dir = mkdtempSync(join(tmpdir(), "patchbay-kernel-"));
  readonly #options: ToyKernelOptions;
  #running: { readonly foundation: Foundation; readonly kernel: Kernel } | undefined;

  constructor(options: ToyKernelOptions = {}) {
    this.#options = options;
    for (const name of ["panel", "plugins"]) mkdirSync(join(this.dir, name));
  }

  get kernel(): Kernel {
    return this.#parts.kernel;
  }

  get foundation(): Foundation {
    return this.#parts.foundation;
  }

  /** Makes the kernel of these plugins; it is not started. One that ran before has ended. */
  async boot(plugins: readonly LoadedPlugin[] | BundledPlugins): Promise<Kernel> {
    await this.stop();
    const instance = instanceIn(this.dir);
    const foundation = this.#listen(await openFoundation(instance));
    const ports = { http: 20_080, https: 20_443 };
    const info = { address: instance.bind, ports, paths: { run: join(this.dir, "run") } } as HostInfo;
    const kernel = await createKernel({
      instance,
      foundation,
      host: { info, helper: { call: helper }, probe: async () => true } as Host,
      bundled: "read" in plugins ? plugins : toyBundle(plugins),
      processes: () => this.#options.processes ?? noProcesses,
      serverCertificate: { certificate: "", privateKey: "" },
      crashAt: undefined,
    });
    this.#running = { foundation, kernel };
    return kernel;
  }

  /** Calls an operation as somebody of this role. */
  async call(id: string, raw: Readonly<Record<string, unknown>> = {}, role: Principal["role"] = "admin") {
    const operation = this.kernel.generation().operations.get(id);
    if (!operation) throw new Error(`no operation ${id}`);
    const principal = {
      userId: 1,
      username: role,
      role,
      via: "session",
      credentialId: 1,
      scopes: null,
      accountId: null,
      suspended: false,
      impersonator: null,
      ip: "127.0.0.1",
      userAgent: "test",
    } as Principal;
    const answer = await this.kernel.run({ operation, principal, raw });
    return answer.data as Record<string, never>;
  }

  async stop(): Promise<void> {
    await this.#running?.kernel.stop();
    this.#running = undefined;
  }

  async destroy(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true });
  }

  get #parts() {
    if (!this.#running) throw new Error("no kernel runs");
    return this.#running;
  }

  #listen(foundation: Foundation): Foundation {
    const { now, onLog } = this.#options;
    const tell = (message: string, fields: Readonly<Record<string, unknown>> = {}) => onLog?.(message, fields);
    const logger: Logger = { info: () => undefined, warn: tell, error: tell };
    return { ...foundation, ...(onLog ? { logger } : {}), ...(now ? { clock: { now } } : {}) };
  }
}

const noProcesses: PluginProcesses = {
  load: async () => {
    throw new Error("no plugin has a process here");
  },
  close: async () => undefined,
};

const helper = async (op: string) => {
  if (op === "apply.recover") return { rolledBack: [] } as never;
  if (op === "service.list") return { services: [] } as never;
  throw new Error(`unexpected ${op}`);
};

function instanceIn(dir: string) {
  return {
    data: dir,
    panel: join(dir, "panel"),
    root: dir,
    version: "1.0.0",
    built: false,
    port: 28_000,
    servicesPort: 20_000,
    host: "sandbox",
    bind: "127.0.0.1",
    dialect: "sqlite3",
    rateStandard: 0,
    rateLogin: 0,
  } as const;
}
