import type { Migration } from "@patchbay/sdk";

/** What was applied last (`ledger_*`), what could not be (`blocked`), and what is under way (`reconcile_*`). */
export const reconcileMigrations: readonly Migration[] = [
  {
    id: "001-ledger",
    up: async (db) => {
      for (const statement of tables) await db.raw(statement);
    },
  },
  {
    id: "002-providers",
    up: async (db) => {
      for (const statement of severalProviders) await db.raw(statement);
    },
  },
  {
    id: "003-large-units",
    up: async (db) => {
      for (const statement of largeUnits) await db.raw(statement);
    },
  },
];

const tables = [
  // The key '' is the provider's base. A hash of '' means: not known to be live, apply it again.
  `create table ledger_units (slot text not null, unit_key text not null, plugin text not null, unit text not null,
    hash text not null, rendered text not null, primary key (slot, unit_key)) without rowid`,
  // A shared file of lines belongs to nobody: slot and unit_key are ''. sha256 null: accepted as absent.
  `create table ledger_files (plugin text not null, path text not null, sha256 text, slot text not null,
    unit_key text not null, adopted integer not null default 0, primary key (plugin, path)) without rowid`,
  "create index ledger_files_owner on ledger_files (slot, unit_key)",
  `create table ledger_lines (plugin text not null, file text not null, line_key text not null, line text not null,
    slot text not null, unit_key text not null, primary key (plugin, file, line_key)) without rowid`,
  `create table ledger_services (plugin text not null, service text not null, instance text not null, slot text not null,
    owner_key text not null, primary key (plugin, service, instance, slot, owner_key)) without rowid`,
  "create index ledger_services_owner on ledger_services (slot, owner_key)",
  `create table blocked (slot text not null, unit_key text not null, kind text not null, message text not null,
    issues text not null, since integer not null, attempts integer not null, retry_at integer not null,
    primary key (slot, unit_key)) without rowid`,
  // Changes that are being taken back, with what they failed for.
  "create table reconcile_undo (change_id text primary key, failures text not null) without rowid",
  "create table reconcile_state (key text primary key, value text not null) without rowid",
];

const severalProviders = [
  "alter table ledger_units rename to ledger_units_of_one",
  // Several providers may hold a unit. By key first: a change asks for all that hold one.
  `create table ledger_units (slot text not null, unit_key text not null, plugin text not null, role text not null,
    unit text not null, hash text not null, rendered text not null, primary key (slot, unit_key, plugin)) without rowid`,
  `insert into ledger_units select slot, unit_key, plugin, case unit_key when '' then 'base' else 'chosen' end, unit, hash,
    rendered from ledger_units_of_one`,
  "drop table ledger_units_of_one",
  "create index ledger_units_role on ledger_units (slot, plugin, role)",
  // Who serves what is assigned to nobody, and so holds the public ports of a slot that has one provider at a time.
  "create table slot_fronts (slot text primary key, plugin text not null) without rowid",
  `insert into slot_fronts select slot, coalesce(max(case role when 'base' then plugin end), min(plugin))
    from ledger_units group by slot`,
  "alter table ledger_files add column secret integer not null default 0",
];

/** Without a rowid a row of more than a quarter of a page takes a page more: units do, so that each was written three times. */
const largeUnits = [
  "drop index ledger_units_role",
  "alter table ledger_units rename to ledger_units_by_key",
  `create table ledger_units (slot text not null, unit_key text not null, plugin text not null, role text not null,
    unit text not null, hash text not null, rendered text not null, unique (slot, unit_key, plugin))`,
  "insert into ledger_units select slot, unit_key, plugin, role, unit, hash, rendered from ledger_units_by_key",
  "drop table ledger_units_by_key",
  "create index ledger_units_role on ledger_units (slot, plugin, role)",
];
