import type { Read } from "@patchbay/sdk";
import type { ServiceName } from "@patchbay/sdk/privileged";
import { type Footprint, fileId, type LedgerUnit, serviceId } from "./item.ts";

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

interface UnitRow {
  readonly slot: string;
  readonly unit_key: string;
  readonly plugin: string;
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
}

/** Reads the ledger. Statement texts are constant and lists travel as JSON, so that each is one prepared statement. */
export class Ledger {
  readonly #read: Read;

  constructor(read: Read) {
    this.#read = read;
  }

  async units(slot: string, keys: readonly string[]): Promise<ReadonlyMap<string, LedgerUnit>> {
    const rows = await this.#read.all<UnitRow>(
      "select u.* from json_each(?) j cross join ledger_units u on u.slot = ? and u.unit_key = j.value",
      [JSON.stringify(keys), slot],
    );
    return new Map(rows.map((row) => [row.unit_key, toUnit(row)]));
  }

  /** Keys of units that were applied, without the base, sorted. */
  async keys(slot: string, after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#read.all<{ unit_key: string }>(
      "select unit_key from ledger_units where slot = ? and unit_key > ? order by unit_key limit ?",
      [slot, after, limit],
    );
    return rows.map((row) => row.unit_key);
  }

  async count(slot: string): Promise<number> {
    const row = await this.#read.get<{ n: number }>(
      "select count(*) as n from ledger_units where slot = ? and unit_key <> ''",
      [slot],
    );
    return row?.n ?? 0;
  }

  async ownedFiles(slot: string, key: string): Promise<readonly FileRecord[]> {
    const rows = await this.#read.all<FileRow>("select * from ledger_files where slot = ? and unit_key = ?", [
      slot,
      key,
    ]);
    return rows.map(toFile);
  }

  async pluginFiles(plugin: string): Promise<readonly FileRecord[]> {
    return (await this.#read.all<FileRow>("select * from ledger_files where plugin = ? order by path", [plugin])).map(
      toFile,
    );
  }

  /** Plugins that have anything applied in this slot. */
  async plugins(slot: string): Promise<readonly string[]> {
    const rows = await this.#read.all<{ plugin: string }>("select distinct plugin from ledger_units where slot = ?", [
      slot,
    ]);
    return rows.map((row) => row.plugin);
  }

  async services(): Promise<readonly ServiceName[]> {
    const rows = await this.#read.all<ServiceRow>("select distinct plugin, service, instance from ledger_services");
    return rows.map(toService);
  }

  /** Services that these owners refer to. */
  async servicesOf(owners: readonly { slot: string; key: string }[]): Promise<readonly ServiceName[]> {
    const rows = await this.#read.all<ServiceRow>(
      `select distinct s.plugin, s.service, s.instance from json_each(?) j cross join ledger_services s
       on s.slot = json_extract(j.value, '$.slot') and s.owner_key = json_extract(j.value, '$.key')`,
      [JSON.stringify(owners.map(({ slot, key }) => ({ slot, key })))],
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
  };
}
