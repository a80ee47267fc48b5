import type { Db } from "@patchbay/sdk";
import { baseKey, footprint, type Item, type LedgerUnit, toServiceName } from "./item.ts";
import type { FileRecord } from "./ledger.ts";

/** Records that these items are live as rendered. A constant number of statements, however many items. */
export async function writeItems(db: Db, items: readonly Item[]): Promise<void> {
  const known = items.filter((item) => item.before !== undefined);
  const live = items.filter((item) => item.unit !== null);
  const gone = items.filter((item) => item.unit === null);
  if (known.length > 0) await Promise.all(dropFootprints(db, known));
  if (gone.length > 0) await removeUnits(db, gone);
  if (live.length > 0) await Promise.all(addUnits(db, live));
}

const ownerColumns = "json_extract(value, '$.plugin'), json_extract(value, '$.slot'), json_extract(value, '$.key')";

const ownersOf = (items: readonly Item[]) => json(items.map(({ slot, key, plugin }) => ({ slot, key, plugin })));

/** Takes out what the ledger holds of these items besides themselves. */
function dropFootprints(db: Db, items: readonly Item[]): Promise<unknown>[] {
  const owners = ownersOf(items);
  const lines = items.flatMap(({ plugin, before }) =>
    (before?.rendered.lines ?? []).map((line) => ({ plugin, ...line })),
  );
  return [
    db.raw(
      `delete from ledger_lines where (plugin, file, line_key) in (
         select json_extract(value, '$.plugin'), json_extract(value, '$.file'), json_extract(value, '$.key') from json_each(?))
       and (plugin, slot, unit_key) in (select ${ownerColumns} from json_each(?))`,
      [json(lines), owners],
    ),
    db.raw(
      `delete from ledger_services where (plugin, slot, owner_key) in (select ${ownerColumns} from json_each(?))`,
      [owners],
    ),
  ];
}

async function removeUnits(db: Db, items: readonly Item[]): Promise<void> {
  await db.raw(
    `delete from ledger_units where (plugin, slot, unit_key) in (select ${ownerColumns} from json_each(?))`,
    [ownersOf(items)],
  );
}

function addUnits(db: Db, items: readonly Item[]): Promise<unknown>[] {
  return [
    putUnits(
      db,
      items.map((item) => ({ ...item, rendered: footprint(item.rendered) })),
    ),
    db.raw(
      `insert into ledger_lines (plugin, file, line_key, line, slot, unit_key)
       select json_extract(value, '$.plugin'), json_extract(value, '$.file'), json_extract(value, '$.key'),
         json_extract(value, '$.line'), json_extract(value, '$.slot'), json_extract(value, '$.unit') from json_each(?) where true
       on conflict do update set line = excluded.line, slot = excluded.slot, unit_key = excluded.unit_key`,
      [
        json(
          items.flatMap((i) =>
            (i.rendered.lines ?? []).map((l) => ({ ...l, plugin: i.plugin, slot: i.slot, unit: i.key })),
          ),
        ),
      ],
    ),
    db.raw(
      `insert or ignore into ledger_services (plugin, service, instance, slot, owner_key)
       select json_extract(value, '$.plugin'), json_extract(value, '$.service'), coalesce(json_extract(value, '$.instance'), ''),
         json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?)`,
      [
        json(
          items.flatMap((i) =>
            (i.rendered.services ?? []).map((ref) => ({ ...toServiceName(i.plugin, ref), slot: i.slot, key: i.key })),
          ),
        ),
      ],
    ),
  ];
}

/** Writes the units themselves, without lines and services. */
async function putUnits(
  db: Db,
  units: readonly (Omit<LedgerUnit, "unit" | "rendered"> & { unit: unknown; rendered: unknown })[],
): Promise<void> {
  const rows = units.map(({ slot, key, plugin, role, unit, hash, rendered }) => {
    return { slot, key, plugin, role, unit: JSON.stringify(unit), hash, rendered: JSON.stringify(rendered) };
  });
  await db.raw(
    `insert into ledger_units (slot, unit_key, plugin, role, unit, hash, rendered)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.plugin'),
       json_extract(value, '$.role'), json_extract(value, '$.unit'), json_extract(value, '$.hash'),
       json_extract(value, '$.rendered')
     from json_each(?) where true
     on conflict do update set role = excluded.role, unit = excluded.unit, hash = excluded.hash,
       rendered = excluded.rendered`,
    [json(rows)],
  );
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

function json(rows: readonly unknown[]): string {
  return JSON.stringify(rows);
}
