import type { Db } from "@patchbay/sdk";
import { footprint, type Item, toServiceName } from "./item.ts";
import type { FileRecord } from "./ledger.ts";

/** Records that these items are live as rendered. A constant number of statements, however many items. */
export async function writeItems(db: Db, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  const owners = json(items.map(({ slot, key }) => ({ slot, key })));
  await db.raw(
    `delete from ledger_lines where (plugin, file, line_key) in (
       select json_extract(value, '$.plugin'), json_extract(value, '$.file'), json_extract(value, '$.key') from json_each(?))
     and (slot, unit_key) in (select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [
      json(
        items.flatMap((item) =>
          (item.before?.rendered.lines ?? []).map((l) => ({ plugin: item.before?.plugin, ...l })),
        ),
      ),
      owners,
    ],
  );
  await db.raw(
    `delete from ledger_services where (slot, owner_key) in (
       select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [owners],
  );
  await removeUnits(
    db,
    items.filter((item) => item.unit === null),
  );
  const live = items.filter((item) => item.unit !== null);
  if (live.length > 0) await addUnits(db, live);
}

async function removeUnits(db: Db, items: readonly Item[]): Promise<void> {
  if (items.length === 0) return;
  await db.raw(
    `delete from ledger_units where (slot, unit_key) in (
       select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [json(items.map(({ slot, key }) => ({ slot, key })))],
  );
}

async function addUnits(db: Db, items: readonly Item[]): Promise<void> {
  await putUnits(
    db,
    items.map((item) => ({ ...item, rendered: footprint(item.rendered) })),
  );
  await db.raw(
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
  );
  await db.raw(
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
  );
}

/** Writes the units themselves, without lines and services. */
export async function putUnits(
  db: Db,
  units: readonly { slot: string; key: string; plugin: string; unit: unknown; hash: string; rendered: unknown }[],
): Promise<void> {
  const rows = units.map(({ slot, key, plugin, unit, hash, rendered }) => {
    return { slot, key, plugin, unit: JSON.stringify(unit), hash, rendered: JSON.stringify(rendered) };
  });
  await db.raw(
    `insert into ledger_units (slot, unit_key, plugin, unit, hash, rendered)
     select json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.plugin'),
       json_extract(value, '$.unit'), json_extract(value, '$.hash'), json_extract(value, '$.rendered')
     from json_each(?) where true
     on conflict do update set plugin = excluded.plugin, unit = excluded.unit, hash = excluded.hash, rendered = excluded.rendered`,
    [json(rows)],
  );
}

/** Takes from units the word that they are live, so that they are applied again. */
export async function distrustUnits(db: Db, marks: readonly { slot: string; key: string }[]): Promise<void> {
  await db.raw(
    `update ledger_units set hash = '' where (slot, unit_key) in (
       select json_extract(value, '$.slot'), json_extract(value, '$.key') from json_each(?))`,
    [json(marks.map(({ slot, key }) => ({ slot, key })))],
  );
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
    `insert into ledger_files (plugin, path, sha256, slot, unit_key, adopted)
     select json_extract(value, '$.plugin'), json_extract(value, '$.path'), json_extract(value, '$.sha256'),
       json_extract(value, '$.slot'), json_extract(value, '$.key'), json_extract(value, '$.adopted')
     from json_each(?) where true
     on conflict do update set sha256 = excluded.sha256, slot = excluded.slot, unit_key = excluded.unit_key,
       adopted = excluded.adopted`,
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
