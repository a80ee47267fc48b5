/** An engine on a real database and real files, which can be killed and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, HostInfo, Probe, SidePorts } from "@patchbay/sdk";
import type { Host } from "../../host/types.ts";
import { createIds } from "../../storage/ids.ts";
import { createStorage } from "../../storage/storage.ts";
import type { Change, Storage } from "../../storage/types.ts";
import type { ConfigHooks } from "../config-hooks.ts";
import { Abandoned } from "../crash-points.ts";
import { createReconciler, type ReconcileEngine } from "../engine.ts";
import { sha256 } from "../item.ts";
import { reconcileMigrations } from "../migrations.ts";
import type { ChangeResult } from "../types.ts";
import { StrictHelper, serviceKey } from "./strict-helper.ts";
import { createToy, type Toy, toyMigrations } from "./toy.ts";
import type { ToyWorld } from "./toy-providers.ts";

export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), "patchbay-reconcile-"));
  readonly helper = new StrictHelper(join(this.dir, "etc"));
  readonly toy: Toy;
  readonly logged: { message: string; fields: unknown }[] = [];
  readonly clock: Clock & { offset: number } = { offset: 0, now: () => Date.now() + this.clock.offset };
  readonly ids = createIds(this.clock);
  /** The hooks of the engine. Set before it is restarted. */
  config: ConfigHooks | undefined;
  /** `probe.host` of probes that never hold. */
  readonly deaf = new Set<string>();
  /** The engine dies the n-th time it comes by. */
  crashAt: { point: string; left: number } | undefined;
  crashed = false;
  #hasOptions = false;
  storage!: Storage;
  engine!: ReconcileEngine;

  /** `sharesPorts`: whether the two site servers can hold the public ports together. */
  constructor(sharesPorts = true) {
    this.toy = createToy(sharesPorts);
    this.helper.sharesPorts = sharesPorts;
    const candidates = this.toy.table().order.flatMap((entry) => (entry.slot.id === "sites" ? entry.candidates : []));
    this.helper.sideOf = (port) => candidates.find(({ sidePorts }) => sidePorts.http === port)?.plugin;
  }

  static async create(options: { sharesPorts?: boolean } = {}): Promise<Bench> {
    const bench = new Bench(options.sharesPorts);
    bench.storage = await createStorage({ file: join(bench.dir, "panel.db"), clock: bench.clock, ids: bench.ids });
    await bench.storage.migrate("reconcile", reconcileMigrations);
    await bench.storage.migrate("toy", toyMigrations);
    bench.storage.onWrite((tables) => (tables.has("things") ? bench.#readOptions() : undefined));
    await bench.restart();
    return bench;
  }

  /** Chooses in a change who serves a slot, and waits for its end. */
  choose(slot: "sites" | "zones", id: string): Promise<ChangeResult> {
    return this.change((change) => choose(change, slot, id));
  }

  async #readOptions(): Promise<void> {
    const rows = await this.storage.read.all<Thing>("select * from things where slot = 'options'");
    const saved = new Map(rows.map(({ key, text }) => [key, text]));
    if (saved.size === 0 && !this.#hasOptions) return;
    this.#hasOptions = true;
    this.toy.chosen = saved.get("sites") ?? "one";
    this.toy.zoneServer = saved.get("zones") ?? "none";
  }

  /** A new engine on what the old one left. */
  async restart(): Promise<void> {
    await this.engine?.stop();
    this.crashed = false;
    const log = (message: string, fields?: unknown) => void this.logged.push({ message, fields });
    this.engine = createReconciler({
      storage: this.storage,
      host: this.#host(),
      logger: { info: log, warn: log, error: log },
      clock: this.clock,
      ids: this.ids,
      slots: () => this.toy.table(),
      onOutcome: async (change, id, result) => {
        await change.db("outcomes").insert({ id, result: JSON.stringify(result) });
      },
      outcomeOf: (id) => this.outcome(id),
      crashPoint: (point) => {
        if (this.crashed) throw new Abandoned(point);
        if (this.crashAt?.point !== point) return;
        this.crashAt.left -= 1;
        if (this.crashAt.left > 0) return;
        this.crashAt = undefined;
        this.crashed = true;
        throw new Abandoned(point);
      },
      ...(this.config ? { config: this.config } : {}),
      probeDeadlineMs: 60,
      // These daemons reload at once.
    });
    await this.engine.start();
  }

  async end(): Promise<void> {
    await this.engine.stop();
    await this.storage.close();
    rmSync(this.dir, { recursive: true });
  }

  #host(): Host {
    const probe = async (wanted: Probe, _signal: AbortSignal, ports?: SidePorts) =>
      this.helper.holds(wanted, ports) && !(wanted.kind === "http" && this.deaf.has(wanted.host));
    return { info: {} as HostInfo, helper: this.helper, probe };
  }

  async outcome(id: string): Promise<ChangeResult | undefined> {
    const row = await this.storage.read.get<{ result: string }>("select result from outcomes where id = ?", [id]);
    return row && (JSON.parse(row.result) as ChangeResult);
  }

  /** Commits a change. */
  async commit(work: (change: Change) => Promise<void>): Promise<string> {
    const id = this.ids.uuid();
    await this.storage.change(work, { id });
    this.engine.wake();
    return id;
  }

  /** Commits a change and waits for its end. */
  async change(work: (change: Change) => Promise<void>): Promise<ChangeResult> {
    return this.engine.settled(await this.commit(work));
  }

  set(...things: readonly [slot: string, key: string, text: string | null][]): Promise<ChangeResult> {
    return this.change((change) => put(change, things));
  }

  /** What is desired, `slot/key` → text. */
  async desired(): Promise<Record<string, string>> {
    const rows = await this.storage.read.all<{ slot: string; key: string; text: string }>(
      "select * from things where slot <> 'options' order by slot, key",
    );
    return Object.fromEntries(rows.map((row) => [`${row.slot}/${row.key}`, row.text]));
  }

  rows(table: string): Promise<Record<string, unknown>[]> {
    return this.storage.read.all(`select * from ${table}`);
  }

  /** Everything at odds between disk, ledger, daemons and database; empty when all is well. */
  async faults(): Promise<string[]> {
    const faults: string[] = [];
    const files = await this.rows("ledger_files");
    const lines = await this.rows("ledger_lines");
    for (const plugin of ["toy-sites", "toy-pools", "toy-other", "toy-near"]) {
      const disk = this.helper.disk(plugin);
      const ledger = new Map(files.filter((f) => f.plugin === plugin).map((f) => [f.path as string, f.sha256]));
      for (const path of new Set([...disk.keys(), ...ledger.keys()])) {
        const text = disk.get(path);
        if (text === undefined || sha256(text) !== ledger.get(path))
          faults.push(`disk and ledger differ: ${plugin}/${path}`);
        if (!path.startsWith("lines/")) continue;
        const own = lines.filter((line) => line.plugin === plugin && line.file === path);
        const wanted = own.sort((a, b) =>
          Buffer.compare(Buffer.from(a.line_key as string), Buffer.from(b.line_key as string)),
        );
        if (wanted.map((line) => `${line.line}\n`).join("") !== text) faults.push(`lines differ: ${plugin}/${path}`);
      }
      for (const [service, tree] of this.helper.running) {
        if (!service.startsWith(`${plugin}:`)) continue;
        const seen = service.includes("@") ? [`pool.d/${service.split("@")[1]}.conf`] : [...disk.keys()];
        for (const path of seen) if (tree.get(path) !== disk.get(path)) faults.push(`${service} runs another ${path}`);
      }
    }
    const wanted = new Set(
      (await this.rows("ledger_services")).map((row) =>
        serviceKey({
          plugin: row.plugin as string,
          service: row.service as string,
          ...(row.instance === "" ? {} : { instance: row.instance as string }),
        }),
      ),
    );
    for (const service of new Set([...wanted, ...this.helper.running.keys()])) {
      if (wanted.has(service) !== this.helper.running.has(service))
        faults.push(`runs and should not, or the other way: ${service}`);
    }
    faults.push(...(await this.#unitFaults()));
    for (const table of ["dirty", "undo_log", "reconcile_undo", "blocked"]) {
      if ((await this.rows(table)).length > 0) faults.push(`rows in ${table}`);
    }
    if ((await this.rows("reconcile_state")).some((row) => row.key === "pending"))
      faults.push("a transaction is pending");
    return faults;
  }

  /** Units that are not with who should serve them as they should be, or are still with somebody although they are gone. */
  async #unitFaults(): Promise<string[]> {
    const faults: string[] = [];
    const things = await this.storage.read.all<Thing>(
      "select slot, key, text, home from things where slot <> 'options'",
    );
    const rows = (await this.rows("ledger_units")).filter((row) => row.unit_key !== "");
    for (const { slot, key, text, home } of things) {
      const candidates = this.toy.table().get(slot)?.candidates ?? [];
      const only = candidates.length === 1 ? candidates[0]?.id : undefined;
      const id = home ?? only ?? (slot === "zones" ? this.toy.zoneServer : this.toy.chosen);
      const plugin = candidates.find((candidate) => candidate.id === id)?.plugin;
      const row = rows.find((unit) => unit.slot === slot && unit.unit_key === key && unit.plugin === plugin);
      if (id === "none") continue;
      if (row?.role === "relay" || row?.role === "prepared") faults.push(`${slot}/${key} is not served by ${id}`);
      if (JSON.parse((row?.unit as string | undefined) ?? "{}").text !== text) faults.push(`${slot}/${key} differs`);
      if (this.#worldOf(slot, id)?.hosts.has(key) === false) faults.push(`${slot}/${key} is missing`);
      if ((this.#worldOf(slot, id)?.hosts.get(key) ?? text) !== text) faults.push(`${slot}/${key} is another`);
    }
    for (const { slot, unit_key: key, plugin } of rows) {
      if (!things.some((thing) => thing.slot === slot && thing.key === key)) faults.push(`${plugin} still has ${key}`);
    }
    return faults;
  }

  #worldOf(slot: string, id: string | undefined): ToyWorld | undefined {
    if (slot === "hosts") return this.toy.world;
    return slot === "zones" ? this.toy.zones[id as "near" | "far"] : undefined;
  }
}

interface Thing {
  readonly slot: string;
  readonly key: string;
  readonly text: string;
  readonly home: string | null;
}

/** Chooses in a change who serves a slot. */
export async function choose(change: Change, slot: "sites" | "zones", id: string): Promise<void> {
  await put(change, [["options", slot, id]], slot);
}

/** Says in a change where a unit belongs, and marks it; null: where everybody is. */
export async function assign(
  change: Change,
  [slot, key]: readonly [string, string],
  home: string | null,
): Promise<void> {
  const row = await change.read.get<{ id: number }>("select id from things where slot = ? and key = ?", [slot, key]);
  await change.intents.update("things", row?.id ?? 0, { home });
  change.intents.touch(slot, key);
}

/** Writes things in a change and marks them, or the base of the slot that is concerned; null deletes. */
export async function put(
  change: Change,
  things: readonly (readonly [string, string, string | null])[],
  concerned?: string,
): Promise<void> {
  for (const [slot, key, text] of things) {
    const row = await change.read.get<{ id: number }>("select id from things where slot = ? and key = ?", [slot, key]);
    if (text === null) await change.intents.delete("things", row?.id ?? 0);
    else if (row) await change.intents.update("things", row.id, { text });
    else await change.intents.insert("things", { slot, key, text });
    if (concerned === undefined) change.intents.touch(slot, key);
    else change.intents.touch(concerned, "");
  }
}
