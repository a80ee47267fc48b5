/** An engine on a real database and real files, which can be killed and started again. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock, HostInfo, Probe } from "@patchbay/sdk";
import type { Host } from "../../host/types.ts";
import { createIds } from "../../storage/ids.ts";
import { createStorage } from "../../storage/storage.ts";
import type { Change, Storage } from "../../storage/types.ts";
import { Abandoned } from "../crash-points.ts";
import { createReconciler, type ReconcileEngine } from "../engine.ts";
import { sha256 } from "../item.ts";
import { reconcileMigrations } from "../migrations.ts";
import type { ChangeResult } from "../types.ts";
import { StrictHelper, serviceKey } from "./strict-helper.ts";
import { createToy, toyMigrations } from "./toy.ts";

export class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), "patchbay-reconcile-"));
  readonly helper = new StrictHelper(join(this.dir, "etc"));
  readonly toy = createToy();
  readonly logged: { message: string; fields: unknown }[] = [];
  readonly clock: Clock & { offset: number } = { offset: 0, now: () => Date.now() + this.clock.offset };
  readonly ids = createIds(this.clock);
  /** `probe.host` of probes that never hold. */
  readonly deaf = new Set<string>();
  /** The engine dies the n-th time it comes by. */
  crashAt: { point: string; left: number } | undefined;
  crashed = false;
  storage!: Storage;
  engine!: ReconcileEngine;

  static async create(): Promise<Bench> {
    const bench = new Bench();
    bench.storage = await createStorage({ file: join(bench.dir, "panel.db"), clock: bench.clock, ids: bench.ids });
    await bench.storage.migrate("reconcile", reconcileMigrations);
    await bench.storage.migrate("toy", toyMigrations);
    await bench.restart();
    return bench;
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
    const probe = async (wanted: Probe) =>
      this.helper.holds(wanted) && !(wanted.kind === "http" && this.deaf.has(wanted.host));
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
      "select * from things order by slot, key",
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
    for (const plugin of ["toy-sites", "toy-pools", "toy-other"]) {
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
    const applied = Object.fromEntries(
      (await this.rows("ledger_units"))
        .filter((u) => u.unit_key !== "")
        .map((u) => [`${u.slot}/${u.unit_key}`, JSON.parse(u.unit as string).text]),
    );
    const sorted = (record: object) => JSON.stringify(Object.entries(record).sort());
    if (sorted(applied) !== sorted(await this.desired())) faults.push("applied and desired differ");
    for (const [key, text] of this.toy.world.hosts)
      if (applied[`hosts/${key}`] !== text) faults.push(`host ${key} differs`);
    for (const key of Object.keys(applied)) {
      if (key.startsWith("hosts/") && !this.toy.world.hosts.has(key.slice(6))) faults.push(`${key} is missing`);
    }
    for (const table of ["dirty", "undo_log", "reconcile_undo", "blocked"]) {
      if ((await this.rows(table)).length > 0) faults.push(`rows in ${table}`);
    }
    if ((await this.rows("reconcile_state")).some((row) => row.key === "pending"))
      faults.push("a transaction is pending");
    return faults;
  }
}

/** Writes things in a change and marks them; null deletes. */
export async function put(
  change: Change,
  things: readonly (readonly [string, string, string | null])[],
): Promise<void> {
  for (const [slot, key, text] of things) {
    const row = await change.read.get<{ id: number }>("select id from things where slot = ? and key = ?", [slot, key]);
    if (text === null) await change.intents.delete("things", row?.id ?? 0);
    else if (row) await change.intents.update("things", row.id, { text });
    else await change.intents.insert("things", { slot, key, text });
    change.intents.touch(slot, key);
  }
}
