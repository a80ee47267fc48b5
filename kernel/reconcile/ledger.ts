import type { Read } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import { type Footprint, fileId, type LedgerUnit, type Role, serviceId } from "./item.ts";

/** A file as it was applied last. */
export interface FileRecord {
  readonly plugin: string;
  readonly path: string;
  /** Null: it is not there. */
  readonly sha256: string | null;
  /** Empty for a file of lines. */
  readonly slot: string;
  readonly key: string;
  /** True when a hand-made state was accepted: it stays until its unit changes. */
  readonly adopted: boolean;
  /** True when it holds, or held, what nobody may read. */
  readonly secret: boolean;
}

export interface LineRecord {
  readonly line: string;
  readonly slot: string;
  readonly key: string;
}

/** The part of the ledger that a batch touches. */
export interface Snapshot {
  readonly files: ReadonlyMap<string, FileRecord>;
  /** Per file its lines by key. */
  readonly lines: ReadonlyMap<string, ReadonlyMap<string, LineRecord>>;
  /** How many owners refer to a service, counted up to a bound. */
  readonly references: ReadonlyMap<string, number>;
}

/** What one provider has in one slot. */
export interface Holding {
  readonly plugin: string;
  /** Its base is live, or a daemon of it is referred to. */
  readonly awake: boolean;
  /** It serves units by assignment. */
  readonly assigned: boolean;
  /** It serves, or served, units because it was chosen. */
  readonly chosen: boolean;
}

interface UnitRow {
  readonly slot: string;
  readonly unit_key: string;
  readonly plugin: string;
  readonly role: Role;
  readonly unit: string;
  readonly hash: string;
  readonly rendered: string;
}

interface FileRow {
  readonly plugin: string;
  readonly path: string;
  readonly sha256: string | null;
  readonly slot: string;
  readonly unit_key: string;
  readonly adopted: number;
  readonly secret: number;
}

/** Reads the ledger. Statement texts are constant and lists travel as JSON, so that each is one prepared statement. */
export class Ledger {
  readonly #read: Read;

  constructor(read: Read) {
    this.#read = read;
  }

  /** What each provider holds of these units. With `baseKey` among them, the bases too. */
  async units(slot: string, keys: readonly string[]): Promise<ReadonlyMap<string, readonly LedgerUnit[]>> {
    const rows = await this.#read.all<UnitRow>(
      "select u.* from json_each(?) j cross join ledger_units u on u.slot = ? and u.unit_key = j.value",
      [JSON.stringify(keys), slot],
    );
    const found = new Map<string, LedgerUnit[]>();
    for (const row of rows) found.set(row.unit_key, [...(found.get(row.unit_key) ?? []), toUnit(row)]);
    return found;
  }

  /** Units that one provider holds, without its base, sorted by key. */
  async unitsOf(at: { slot: string; plugin: string }, after: string, limit: number): Promise<readonly LedgerUnit[]> {
    const rows = await this.#read.all<UnitRow>(
      "select * from ledger_units where slot = ? and plugin = ? and unit_key > ? order by unit_key limit ?",
      [at.slot, at.plugin, after, limit],
    );
    return rows.map(toUnit);
  }

  /** Keys of units that anybody holds, without the base, sorted. */
  async keys(slot: string, after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#read.all<{ unit_key: string }>(
      "select distinct unit_key from ledger_units where slot = ? and unit_key > ? order by unit_key limit ?",
      [slot, after, limit],
    );
    return rows.map((row) => row.unit_key);
  }

  async count(slot: string): Promise<number> {
    const row = await this.#read.get<{ n: number }>(
      "select count(distinct unit_key) as n from ledger_units where slot = ? and unit_key <> ''",
      [slot],
    );
    return row?.n ?? 0;
  }

  /** What these plugins have in a slot, those that have nothing left out, and who is its front. */
  async holdings(
    slot: string,
    plugins: readonly string[],
  ): Promise<{ front: string | undefined; holdings: readonly Holding[] }> {
    const rows = await this.#read.all<HoldingRow>(holdingsSql, [
      slot,
      slot,
      slot,
      slot,
      slot,
      slot,
      JSON.stringify(plugins),
    ]);
    const holdings = rows.filter((row) => row.known === 1).map(toHolding);
    return { front: rows[0]?.front ?? undefined, holdings };
  }

  async pluginFiles(plugin: string): Promise<readonly FileRecord[]> {
    return (await this.#read.all<FileRow>("select * from ledger_files where plugin = ? order by path", [plugin])).map(
      toFile,
    );
  }

  /** All services that anything refers to. */
  async services(): Promise<readonly ServiceName[]> {
    const rows = await this.#read.all<ServiceRow>("select distinct plugin, service, instance from ledger_services");
    return rows.map(toService);
  }

  /** Services of a plugin that nothing refers to but its units in this slot. */
  async ownServices(slot: string, plugin: string): Promise<readonly ServiceName[]> {
    const rows = await this.#read.all<ServiceRow>(
      `select plugin, service, instance from ledger_services where plugin = ?
       group by service, instance having max(slot) = ? and min(slot) = ?`,
      [plugin, slot, slot],
    );
    return rows.map(toService);
  }

  async lines(plugin: string, files: readonly string[]): Promise<Map<string, Map<string, LineRecord>>> {
    const found = new Map<string, Map<string, LineRecord>>(files.map((file) => [fileId(plugin, file), new Map()]));
    if (files.length === 0) return found;
    const rows = await this.#read.all<{ file: string; line_key: string; line: string; slot: string; unit_key: string }>(
      `select l.file, l.line_key, l.line, l.slot, l.unit_key from json_each(?) j
       cross join ledger_lines l on l.plugin = ? and l.file = j.value`,
      [JSON.stringify(files), plugin],
    );
    for (const row of rows) {
      found.get(fileId(plugin, row.file))?.set(row.line_key, { line: row.line, slot: row.slot, key: row.unit_key });
    }
    return found;
  }

  async files(plugin: string, paths: readonly string[]): Promise<readonly FileRecord[]> {
    if (paths.length === 0) return [];
    const rows = await this.#read.all<FileRow>(
      "select f.* from json_each(?) j cross join ledger_files f on f.plugin = ? and f.path = j.value",
      [JSON.stringify(paths), plugin],
    );
    return rows.map(toFile);
  }

  /** How many owners refer to each service, counted up to `bound`. */
  async references(services: readonly ServiceName[], bound: number): Promise<ReadonlyMap<string, number>> {
    if (services.length === 0) return new Map();
    const rows = await this.#read.all<ServiceRow & { n: number }>(
      `select json_extract(j.value, '$.plugin') as plugin, json_extract(j.value, '$.service') as service,
         coalesce(json_extract(j.value, '$.instance'), '') as instance,
         (select count(*) from (select 1 from ledger_services s where s.plugin = json_extract(j.value, '$.plugin')
            and s.service = json_extract(j.value, '$.service')
            and s.instance = coalesce(json_extract(j.value, '$.instance'), '') limit ?)) as n
       from json_each(?) j`,
      [bound, JSON.stringify(services)],
    );
    return new Map(rows.map((row) => [serviceId(toService(row)), row.n]));
  }

  async state(key: string): Promise<string | undefined> {
    return (await this.#read.get<{ value: string }>("select value from reconcile_state where key = ?", [key]))?.value;
  }
}

interface HoldingRow {
  readonly plugin: string;
  readonly front: string | null;
  readonly hash: string | null;
  readonly runs: number;
  readonly assigned: number;
  readonly chosen: number;
  readonly known: number;
}

const holdingsSql = `select j.value as plugin, (select plugin from slot_fronts where slot = ?) as front,
    (select hash from ledger_units u where u.slot = ? and u.unit_key = '' and u.plugin = j.value) as hash,
    exists (select 1 from ledger_services s where s.plugin = j.value and s.slot = ?) as runs,
    exists (select 1 from ledger_units u where u.slot = ? and u.plugin = j.value and u.role = 'assigned') as assigned,
    exists (select 1 from ledger_units u where u.slot = ? and u.plugin = j.value and u.role = 'chosen') as chosen,
    exists (select 1 from ledger_units u where u.slot = ? and u.plugin = j.value) as known
  from json_each(?) j`;

function toHolding(row: HoldingRow): Holding {
  return {
    plugin: row.plugin,
    awake: row.runs === 1 || (row.hash ?? "") !== "",
    assigned: row.assigned === 1,
    chosen: row.chosen === 1,
  };
}

interface ServiceRow {
  readonly plugin: string;
  readonly service: string;
  readonly instance: string;
}

function toService(row: ServiceRow): ServiceName {
  const { plugin, service, instance } = row;
  return instance === "" ? { plugin, service } : { plugin, service, instance };
}

function toUnit(row: UnitRow): LedgerUnit {
  return {
    slot: row.slot,
    key: row.unit_key,
    plugin: row.plugin,
    role: row.role,
    unit: JSON.parse(row.unit) as LedgerUnit["unit"],
    hash: row.hash,
    rendered: JSON.parse(row.rendered) as Footprint,
  };
}

function toFile(row: FileRow): FileRecord {
  return {
    plugin: row.plugin,
    path: row.path,
    sha256: row.sha256,
    slot: row.slot,
    key: row.unit_key,
    adopted: row.adopted === 1,
    secret: row.secret === 1,
  };
}
