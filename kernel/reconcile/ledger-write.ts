import type { Db, Read } from "@patchbay/sdk";
import { toPages } from "./all-keys.ts";
import { baseKey, footprint, type Item, toServiceName } from "./item.ts";
import type { FileRecord } from "./ledger.ts";

/** Items whose rows go into one statement: while it runs the next ones are put into words. */
const itemsAtOnce = 1000;

/** Records that these items are live as rendered, through the connection of a change. A few statements for many items. */
export async function writeItems(read: Read, items: readonly Item[]): Promise<void> {
  let before: Promise<unknown> = Promise.resolve();
  for (const page of toPages(items, itemsAtOnce)) {
    const statements = toStatements(page);
    await before;
    before = runInTurn(read, statements);
    // Waited for below, and at the next round.
    before.catch(() => undefined);
  }
  await before;
}

/** What goes out side by side. */
type Statements = readonly (readonly [sql: string, ...params: string[]])[];

async function runInTurn(read: Read, groups: readonly Statements[]): Promise<void> {
  for (const group of groups) await Promise.all(group.map(([sql, ...params]) => read.all(sql, params)));
}

/** What the ledger held of the items goes before what it holds now comes. */
function toStatements(items: readonly Item[]): readonly Statements[] {
  const known = items.filter((item) => item.before !== undefined);
  const live = items.filter((item) => item.unit !== null);
  const gone = items.filter((item) => item.unit === null);
  return [
    known.length > 0 ? dropFootprints(known) : [],
    gone.length > 0 ? [[removeUnitsSql, ownersOf(gone)]] : [],
    live.length > 0 ? addUnits(live) : [],
  ];
}

const ownerColumns = "json_extract(value, '$.plugin'), json_extract(value, '$.slot'), json_extract(value, '$.key')";

const removeUnitsSql = `delete from ledger_units where (plugin, slot, unit_key) in (select ${ownerColumns} from json_each(?))`;

const ownersOf = (items: readonly Item[]) => json(items.map(({ slot, key, plugin }) => ({ slot, key, plugin })));

/** Takes out what the ledger holds of these items besides themselves. */
function dropFootprints(items: readonly Item[]): Statements {
  const owners = ownersOf(items);
  const lines = items.flatMap(({ plugin, before }) =>
    (before?.rendered.lines ?? []).map((line) => ({ plugin, ...line })),
  );
  return [
    [
      `delete from ledger_lines where (plugin, file, line_key) in (
         select json_extract(value, '$.plugin'), json_extract(value, '$.file'), json_extract(value, '$.key') from json_each(?))
       and (plugin, slot, unit_key) in (select ${ownerColumns} from json_each(?))`,
      json(lines),
      owners,
    ],
    [
      `delete from ledger_services where (plugin, slot, owner_key) in (select ${ownerColumns} from json_each(?))`,
      owners,
    ],
  ];
}

function addUnits(items: readonly Item[]): Statements {
  const units = items.map(({ slot, key, plugin, role, unit, hash, rendered }) => {
    return { slot, key, plugin, role, unit: json(unit), hash, rendered: json(footprint(rendered)) };
  });
  const lines = items.flatMap(({ key, plugin, rendered, slot }) =>
    (rendered.lines ?? []).map((line) => ({ ...line, plugin, slot, unit: key })),
  );
  const services = items.flatMap(({ key, plugin, rendered, slot }) =>
    (rendered.services ?? []).map((ref) => ({ ...toServiceName(plugin, ref), slot, key })),
  );
  return [
    [
      `insert into ledger_units (slot, unit_key, plugin, role, unit, hash, rendered)
       select json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.plugin'),
         json_extract(value, '$.role'), json_extract(value, '$.unit'), json_extract(value, '$.hash'),
         json_extract(value, '$.rendered')
       from json_each(?) where true
       on conflict do update set role = excluded.role, unit = excluded.unit, hash = excluded.hash,
         rendered = excluded.rendered`,
      json(units),
    ],
    [
      `insert into ledger_lines (plugin, file, line_key, line, slot, unit_key)
       select json_extract(value, '$.plugin'), json_extract(value, '$.file'), json_extract(value, '$.key'),
         json_extract(value, '$.line'), json_extract(value, '$.slot'), json_extract(value, '$.unit') from json_each(?) where true
       on conflict do update set line = excluded.line, slot = excluded.slot, unit_key = excluded.unit_key`,
      json(lines),
    ],
    [
      `insert or ignore into ledger_services (plugin, service, instance, slot, owner_key)
       select json_extract(value, '$.plugin'), json_extract(value, '$.service'), coalesce(json_extract(value, '$.instance'), ''),
         json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?)`,
      json(services),
    ],
  ];
}

/** Takes from units the word that they are live, wherever they are held, so that they are applied again. */
export async function distrustUnits(db: Db, marks: readonly { slot: string; key: string }[]): Promise<void> {
  await db.raw(
    `update ledger_units set hash = '' where (slot, unit_key) in (
       select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [json(marks.map(({ slot, key }) => ({ slot, key })))],
  );
}

/** As `distrustUnits`, at one provider alone. */
export async function distrustUnitsAt(
  db: Db,
  slot: string,
  at: { plugin: string; keys: readonly string[] },
): Promise<void> {
  await db.raw(
    `update ledger_units set hash = '' where slot = ? and plugin = ? and unit_key in (select value from json_each(?))`,
    [slot, at.plugin, json(at.keys)],
  );
}

/** Records who serves what is assigned to nobody; what was prepared there is what it serves now. Null: nobody. */
export async function putFront(db: Db, slot: string, plugin: string | null): Promise<void> {
  await db.raw("delete from slot_fronts where slot = ?", [slot]);
  if (plugin === null) return;
  await db.raw("insert into slot_fronts (slot, plugin) values (?, ?)", [slot, plugin]);
  await db.raw("update ledger_units set role = 'chosen' where slot = ? and plugin = ? and role = 'prepared'", [
    slot,
    plugin,
  ]);
}

/** Records that a provider does not run any more for a slot. What it holds stays as it was written. */
export async function putToSleep(db: Db, slot: string, plugin: string): Promise<void> {
  await db.raw("delete from ledger_services where slot = ? and plugin = ?", [slot, plugin]);
  await distrustUnitsAt(db, slot, { plugin, keys: [baseKey] });
}

/** Records the state of files. A file that is gone, and was not accepted as gone, leaves the ledger. */
export async function putFiles(db: Db, files: readonly FileRecord[]): Promise<void> {
  const gone = files.filter((file) => file.sha256 === null && !file.adopted);
  const there = files.filter((file) => file.sha256 !== null || file.adopted);
  if (gone.length > 0) {
    await db.raw(
      `delete from ledger_files where (plugin, path) in (
         select json_extract(value, '$.plugin'), json_extract(value, '$.path') from json_each(?))`,
      [json(gone)],
    );
  }
  if (there.length === 0) return;
  await db.raw(
    `insert into ledger_files (plugin, path, sha256, slot, unit_key, adopted, secret)
     select json_extract(value, '$.plugin'), json_extract(value, '$.path'), json_extract(value, '$.sha256'),
       json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.adopted'),
       coalesce(json_extract(value, '$.secret'), 0)
     from json_each(?) where true
     on conflict do update set sha256 = excluded.sha256, slot = excluded.slot, unit_key = excluded.unit_key,
       adopted = excluded.adopted, secret = excluded.secret`,
    [json(there)],
  );
}

export async function putState(db: Db, key: string, value: string | null): Promise<void> {
  if (value === null) await db.raw("delete from reconcile_state where key = ?", [key]);
  else
    await db.raw(
      "insert into reconcile_state (key, value) values (?, ?) on conflict do update set value = excluded.value",
      [key, value],
    );
}

function json(data: unknown): string {
  return JSON.stringify(data);
}
