import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ChangeOperation, type Operation, PanelError } from "@patchbay/sdk";
import * as v from "valibot";
import type { ManifestLike } from "../../../helper/options.ts";
import { HelperRig, type RunningHelper } from "../../../host/testing/rig.ts";
import { createLogger } from "../../../observe/logger.ts";
import { createIds } from "../../../storage/ids.ts";
import { createStorage } from "../../../storage/storage.ts";
import type { Storage } from "../../../storage/types.ts";
import { toyManifest } from "../../testing/plugins.ts";
import { createInstalls } from "../install.ts";
import type { Installs, OpenedInstall } from "../types.ts";

const clock = { now: () => Date.now() };

/** A plugin that comes with the panel of the tests. */
export const bundledManifest = toyManifest("web", { title: "Web" });

/** The installing room on a real helper, a real database and real npm; of the running plugins only what it asks them for. */
export class InstallRoomRig {
  readonly rig: HelperRig;
  readonly helper: RunningHelper;
  readonly storage: Storage;
  readonly installs: Installs;
  /** Versions that were to be run in the place of another. */
  readonly replaced: OpenedInstall[] = [];
  readonly emitted: unknown[] = [];
  readonly logged: string[] = [];
  /** What `replace` fails with. */
  refusal: Error | undefined;

  private constructor(rig: HelperRig, helper: RunningHelper, storage: Storage) {
    this.rig = rig;
    this.helper = helper;
    this.storage = storage;
    this.installs = createInstalls({
      instance: { data: rig.dataDir, panel: join(rig.dataDir, "panel"), root: writeRoot(rig.base), host: "sandbox" },
      storage,
      helper: helper.client,
      logger: createLogger({ write: (line) => this.logged.push(line) }),
      live: {
        known: () => [{ manifest: bundledManifest, source: "bundled" }],
        replace: async (opened) => {
          if (this.refusal) throw this.refusal;
          this.replaced.push(opened);
        },
      },
    });
  }

  static async start(): Promise<InstallRoomRig> {
    const rig = await HelperRig.create([bundledManifest as unknown as ManifestLike]);
    const helper = await rig.start();
    const storage = await createStorage({ file: join(rig.base, "panel.db"), clock, ids: createIds(clock) });
    const room = new InstallRoomRig(rig, helper, storage);
    await storage.migrate("kernel", room.installs.migrations);
    return room;
  }

  get plugins(): string {
    return join(this.rig.dataDir, "plugins");
  }

  install(source: string, more: Readonly<Record<string, unknown>> = { allow_unsigned: true }, dryRun = false) {
    return this.#run("plugins.install", { source, ...more }, dryRun) as Promise<Record<string, unknown>>;
  }

  approve(id: string, more: Readonly<Record<string, unknown>> = {}) {
    return this.#run("plugins.approve", { id, ...more }, false);
  }

  async end(): Promise<void> {
    await this.storage.close();
    await this.rig.end();
  }

  async #run(id: string, raw: unknown, dryRun: boolean): Promise<unknown> {
    const operation = this.installs.operations.find((one: Operation) => one.id === id) as ChangeOperation<
      unknown,
      unknown
    >;
    const input = v.parse(operation.input, raw);
    const context = { read: this.storage.read, dryRun } as never;
    const prepared = await operation.prepare?.(input, context);
    const output = await this.storage.change(
      ({ read, intents }) => {
        const emit = async (_hook: unknown, payload: unknown) => void this.emitted.push(payload);
        return operation.handle(input, { read, intents, dryRun, emit, note: () => {} } as never, prepared);
      },
      { rollback: dryRun },
    );
    return v.parse(operation.output, output);
  }
}

/** What an operation was refused with. */
export async function refusalOf(work: Promise<unknown>): Promise<PanelError> {
  const error = await work.then(
    () => new Error("it was not refused"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof PanelError) return error;
  throw error;
}

/** A panel whose own packages were built. */
function writeRoot(base: string): string {
  const root = join(base, "root");
  for (const name of ["sdk", "kernel"]) {
    mkdirSync(join(root, "dist", "packages", name), { recursive: true });
    writeFileSync(join(root, "dist", "packages", name, "package.json"), JSON.stringify({ name: `@patchbay/${name}` }));
  }
  return root;
}
