import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ChangeContext, HostInfo, Issue, Slot, Task, Unit } from "@patchbay/sdk";
import * as v from "valibot";
import { freePorts } from "../../../test/harness/ports.ts";
import type { Host } from "../../host/types.ts";
import { jobMigrations } from "../../jobs/migrations.ts";
import type { Outbox } from "../../jobs/outbox.ts";
import { Outcomes, outcomeMigrations } from "../../operations/outcome.ts";
import { TaskLog } from "../../operations/task-log.ts";
import { createReconciler, type ReconcileEngine } from "../../reconcile/engine.ts";
import { reconcileMigrations } from "../../reconcile/migrations.ts";
import { StrictHelper } from "../../reconcile/testing/strict-helper.ts";
import { settingsMigrations } from "../../settings/migrations.ts";
import { createSettings, type Settings } from "../../settings/settings.ts";
import { slotOptions } from "../../slots/slot-options.ts";
import { createSlotTable, type SlotTable } from "../../slots/slot-table.ts";
import { createIds } from "../../storage/ids.ts";
import { createSealer } from "../../storage/sealer.ts";
import { createStorage } from "../../storage/storage.ts";
import type { Storage } from "../../storage/types.ts";
import { createTasks, type Tasks } from "../../tasks/tasks.ts";
import { mortal } from "../../tasks/testing/mortal.ts";
import type { SwitchCrashPoint } from "../crash-points.ts";
import { switchMigrations } from "../migrations.ts";
import { createSwitching, type SwitchingRoom } from "../switching.ts";
import { brokenFile, daemon, remote } from "./providers.ts";

const clock = { now: () => Date.now() };
const ids = createIds(clock);
const caller = { userId: 1, username: "root", impersonator: null, ip: "::1", userAgent: "test" };
const admin = { userId: 1, role: "admin" };

/** The rooms around a switch, with two slots: `web` with one front (old, new, lame), `names` side by side and optional. */
export class TestPanel {
  readonly dir = mkdtempSync(join(tmpdir(), "patchbay-switching-"));
  /** Unit keys by slot. */
  readonly units = new Map<string, readonly string[]>([
    ["web", []],
    ["names", []],
  ]);
  /** Keys of `names` that are assigned, and to whom. */
  readonly assigned = new Map<string, string>();
  readonly installed = new Set(["old", "new", "lame", "bind", "cloud"]);
  /** What a provider cannot express, by its id. */
  readonly issues = new Map<string, (unit: Unit) => readonly Issue[]>();
  /** Keys of `web` that no daemon of these providers accepts. */
  readonly broken = new Map<string, readonly string[]>();
  /** What a daemon refuses as its main file, `new front`. */
  readonly refused = new Set<string>();
  /** What the executing providers were told, `cloud/a`. */
  readonly world = new Set<string>();
  /** Keys that such a provider finds changed. */
  readonly drifted = new Set<string>();
  /** Notify hooks, with the change they wait for. */
  readonly emitted: { readonly id: string; readonly payload: unknown; readonly heldBy: string | undefined }[] = [];
  /** Where the panel dies: nothing it does after this has an effect. */
  crashAt: SwitchCrashPoint | undefined;
  readonly helper = new StrictHelper(join(this.dir, "etc"));
  ports = { http: 0, https: 0 };
  storage!: Storage;
  outcomes!: Outcomes;
  settings!: Settings;
  engine!: ReconcileEngine;
  switching!: SwitchingRoom;
  tasks!: Tasks;
  readonly #servers: Server[] = [];
  #table!: SlotTable;

  static async create(): Promise<TestPanel> {
    const panel = new TestPanel();
    const { services } = await freePorts();
    panel.ports = { http: services + 80, https: services + 443 };
    panel.storage = await createStorage({ file: join(panel.dir, "panel.db"), clock, ids });
    for (const [owner, steps] of Object.entries({
      jobs: jobMigrations,
      reconcile: reconcileMigrations,
      operations: outcomeMigrations,
      settings: settingsMigrations,
      switching: switchMigrations,
    }))
      await panel.storage.migrate(owner, steps);
    panel.helper.refuses = (tree) => panel.#refuses(tree);
    await panel.#open();
    await panel.boot();
    await panel.engine.idle();
    return panel;
  }

  async #open(): Promise<void> {
    this.#table = createSlotTable({
      slots: [this.#slot("web", "one"), this.#slot("names", "many")],
      providers: [...["old", "new", "lame"].map(this.#source("web")), ...["bind", "cloud"].map(this.#source("names"))],
      ports: this.ports,
      chosen: (option) => this.settings.get(option) || undefined,
      installed: (plugin) => this.installed.has(plugin),
    });
    const sealer = createSealer(Buffer.alloc(32, 1));
    this.outcomes = new Outcomes(sealer);
    this.settings = createSettings({
      storage: this.storage,
      sealer,
      declared: () => new Map(),
      choices: () => slotOptions(this.#table),
      pluginSettings: () => new Map(),
      slotsOf: () => [],
    });
    await this.settings.load();
    await this.settings.settleChoices();
  }

  /** A kernel on what the one before left; that one has died or was stopped. */
  async boot(): Promise<void> {
    const life = { isOver: false };
    const storage = mortal(this.storage, life);
    const host: Host = {
      info: { address: "127.0.0.1", ports: this.ports } as HostInfo,
      helper: mortal(this.helper, life),
      probe: async (probe, _signal, ports) => probe.kind === "http" && this.#isServed(probe.body ?? "", ports?.http),
    };
    const die = (point: string) => {
      if (this.crashAt !== point) return;
      this.crashAt = undefined;
      life.isOver = true;
    };
    const log = () => undefined;
    const logger = { info: log, warn: log, error: log };
    const rooms = { storage, ids, clock, logger, host, slots: () => this.#table };
    this.engine = createReconciler({
      ...rooms,
      outcomeOf: (id) => this.outcomes.ended(storage.read, id),
      onOutcome: (change, id, result) => this.outcomes.finish(change, id, result, clock.now()),
      crashPoint: () => undefined,
      probeDeadlineMs: 1000,
    });
    await this.engine.start();
    const engine = this.engine;
    const { outcomes, settings } = this;
    const emit: Outbox["emit"] = async (_db, hook, payload, heldBy) => {
      this.emitted.push({ id: hook.id, payload, heldBy });
    };
    this.switching = createSwitching({ ...rooms, outcomes, settings, emit, engine: () => engine, crashPoint: die });
    const task = this.switching.task as Task;
    this.tasks = createTasks({
      ...rooms,
      log: new TaskLog(this.outcomes.watchers),
      audit: { append: async () => undefined },
      declared: () => new Map([[task.id, { plugin: "kernel", task, use: () => undefined as never }]]),
      timing: { lease: 150, idle: 20, stop: 300 },
    });
    this.tasks.start();
  }

  async end(): Promise<void> {
    await this.tasks.stop();
    await this.engine.stop();
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    await this.storage.close();
    rmSync(this.dir, { recursive: true });
  }

  /** What the provider at a port answers: the public one, or the side port of one of `web`. */
  async answer(at: "public" | "old" | "new" | "lame", listener: RequestListener): Promise<void> {
    const side = this.#table.get("web")?.candidates.find(({ id }) => id === at)?.sidePorts.http;
    const server = createServer(listener);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(side ?? this.ports.http, "127.0.0.1", resolve));
  }

  /** What `system/save-option` does: resolves with the id of the task, or null when it was saved at once. */
  async save(option: string, value: string, { force = false, dryRun = false } = {}): Promise<string | null> {
    const id = ids.uuid();
    const before = (await this.settings.choices()).find((choice) => choice.option === option)?.chosen;
    let started: { task: Task; payload: unknown } | undefined;
    await this.storage.change(
      async (change) => {
        const context = {
          ...change,
          read: change.read,
          operationId: id,
          dryRun,
          emit: async ({ id: hook }: { id: string }, payload: unknown) => {
            if (!dryRun) this.emitted.push({ id: hook, payload, heldBy: id });
          },
          start: (task: Task, payload: unknown) => {
            started = { task, payload };
          },
        } as unknown as ChangeContext;
        await this.switching.begin(context, { option, value, force });
        const answer = { message: "OK", data: null };
        const task = started?.task.id;
        const state = task === undefined ? "running" : "queued";
        await this.outcomes.open(change.read, { id, action: "save", userId: 1, state, task, answer, now: 0 });
        if (started) await this.tasks.begin(change, { ...started, caller, held: false });
      },
      { id, rollback: dryRun },
    );
    if (started || dryRun) return started ? id : null;
    this.engine.wake();
    if (value !== before) await this.engine.settled(id);
    return null;
  }

  /** These units are what a slot has from now on, and live. */
  async give(slot: string, keys: readonly string[]): Promise<void> {
    this.units.set(slot, keys);
    const id = ids.uuid();
    const row = {
      id,
      action: "give",
      userId: 1,
      state: "running" as const,
      answer: { message: "OK", data: null },
      now: 0,
    };
    await this.storage.change(
      async (change) => {
        for (const key of keys) change.intents.touch(slot, key);
        await this.outcomes.open(change.read, row);
      },
      { id },
    );
    this.engine.wake();
    const end = await this.engine.settled(id);
    if (end.state !== "done") throw new Error(`the units of ${slot} are not live`);
  }

  /** The daemons that run, with how they stand: `new front`. */
  running(): readonly string[] {
    return [...this.helper.running.values()].map((tree) => tree.get("main.conf")?.trim() ?? "").sort();
  }

  view(id: string | null) {
    return this.outcomes.view(this.storage.read, id ?? "", admin);
  }

  /** Waits until an operation has ended. */
  async ended(id: string | null) {
    for (;;) {
      const view = await this.view(id);
      if (view.state !== "queued" && view.state !== "running") return view;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async chosen(option: string): Promise<string> {
    await this.settings.load();
    return this.settings.get(option);
  }

  #slot(id: string, cardinality: "one" | "many"): Slot {
    const keys = () => [...(this.units.get(id) ?? [])].sort();
    return {
      id,
      title: id === "web" ? "Web server" : "Name server",
      option: `${id}_server`,
      cardinality,
      optional: cardinality === "many",
      unit: v.looseObject({}),
      after: [],
      load: async (_read, wanted) => new Map(wanted.map((key) => [key, { name: key }])),
      keys: async (_read, after, limit) =>
        keys()
          .filter((key) => key > after)
          .slice(0, limit),
      assigned: async (_read, wanted) =>
        new Map(wanted.flatMap((key) => (this.assigned.has(key) ? [[key, this.assigned.get(key) ?? ""]] : []))),
      ...(cardinality === "one" ? { parity: (key: string) => [{ port: "http", host: key, path: "/" } as const] } : {}),
    };
  }

  #source = (slot: string) => (id: string) => ({
    plugin: id,
    sharesPorts: true,
    use: () => undefined as never,
    entry: {
      slot,
      id,
      title: id.toUpperCase(),
      default: id === "old" || id === "bind",
      create: () => (slot === "web" ? daemon(id, this) : remote(id, this)),
    },
  });

  /** True when the daemon on the public ports, or the one of this side port, has loaded what answers so. */
  #isServed(body: string, sidePort: number | undefined): boolean {
    const side = this.#table.get("web")?.candidates.find(({ sidePorts }) => sidePorts.http === sidePort)?.id;
    return [...this.helper.running.values()].some((tree) => {
      const stand = tree.get("main.conf")?.trim() ?? "";
      const isAsked = sidePort === undefined ? stand.endsWith(" front") : stand.startsWith(`${side} `);
      return isAsked && [...tree.values()].includes(`${body}\n`);
    });
  }

  #refuses(tree: ReadonlyMap<string, string>): boolean {
    return this.refused.has(tree.get("main.conf")?.trim() ?? "") || [...tree.values()].includes(brokenFile);
  }
}
