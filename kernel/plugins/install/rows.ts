import type { ChangeContext, Migration, Read } from "@patchbay/sdk";
import * as v from "valibot";
import { type Asks, parseAsks } from "./asks.ts";

/** What was put into a folder. */
export interface InstalledVersion {
  /** npm name. */
  readonly package: string;
  readonly version: string;
  /** Of its files: `recordInstalled`. */
  readonly digest: string;
  readonly signer: string | null;
}

/** One row of `plugin_packages`. */
export interface InstallRow extends InstalledVersion {
  readonly rowId: number;
  readonly id: string;
  /** What an admin said yes to; null: nobody has. */
  readonly approved: Asks | null;
  /** A version that lies beside it and waits for approval. */
  readonly pending: InstalledVersion | null;
}

const versionSchema = v.strictObject({
  package: v.string(),
  version: v.string(),
  digest: v.string(),
  signer: v.nullable(v.string()),
});

export const installMigrations: readonly Migration[] = [
  {
    id: "001-plugin-packages",
    up: async (db) => {
      await db.schema.createTable("plugin_packages", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        table.text("plugin").notNullable().unique();
        table.text("package").notNullable();
        table.text("version").notNullable();
        table.text("digest").notNullable();
        table.text("signer");
        /** JSON of what was approved. */
        table.text("approved");
        /** JSON of a version that waits. */
        table.text("pending");
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      });
      await db.schema.createTable("plugin_signers", (table) => {
        table.increments("id");
        table.text("uuid").notNullable().unique();
        /** `ed25519:…`, the public key. */
        table.text("key").notNullable().unique();
        table.bigInteger("created_at").notNullable();
        table.bigInteger("updated_at").notNullable();
      });
    },
  },
];

interface Stored {
  readonly id: number;
  readonly plugin: string;
  readonly package: string;
  readonly version: string;
  readonly digest: string;
  readonly signer: string | null;
  readonly approved: string | null;
  readonly pending: string | null;
}

const columns = "id, plugin, package, version, digest, signer, approved, pending";

export async function allRows(read: Read): Promise<readonly InstallRow[]> {
  return (await read.all<Stored>(`SELECT ${columns} FROM plugin_packages ORDER BY plugin`)).map(toRow);
}

export async function findRow(read: Read, id: string): Promise<InstallRow | undefined> {
  const stored = await read.get<Stored>(`SELECT ${columns} FROM plugin_packages WHERE plugin = ?`, [id]);
  return stored && toRow(stored);
}

type Writing = Pick<ChangeContext, "read" | "intents">;

/** Writes the row of a plugin, new or changed. */
export async function saveRow({ read, intents }: Writing, row: Omit<InstallRow, "rowId">): Promise<void> {
  const { id, approved, pending, ...rest } = row;
  const values = {
    package: rest.package,
    version: rest.version,
    digest: rest.digest,
    signer: rest.signer,
    approved: approved === null ? null : JSON.stringify(approved),
    pending: pending === null ? null : JSON.stringify(pending),
  };
  const known = await findRow(read, id);
  if (known) await intents.update("plugin_packages", known.rowId, values);
  else await intents.insert("plugin_packages", { plugin: id, ...values });
}

export async function removeRow({ read, intents }: Writing, id: string): Promise<void> {
  const known = await findRow(read, id);
  if (known) await intents.delete("plugin_packages", known.rowId);
}

/** True when an admin has said that whoever holds this key may be trusted. */
export async function isTrusted(read: Read, key: string): Promise<boolean> {
  return (await read.get("SELECT id FROM plugin_signers WHERE key = ?", [key])) !== undefined;
}

export async function trustSigner({ read, intents }: Writing, key: string): Promise<void> {
  if (!(await isTrusted(read, key))) await intents.insert("plugin_signers", { key });
}

function toRow({ id: rowId, plugin: id, approved, pending, ...version }: Stored): InstallRow {
  const waiting = pending === null ? undefined : v.safeParse(versionSchema, JSON.parse(pending));
  return {
    rowId,
    id,
    package: version.package,
    version: version.version,
    digest: version.digest,
    signer: version.signer,
    approved: (approved === null ? undefined : parseAsks(approved)) ?? null,
    pending: waiting?.success ? waiting.output : null,
  };
}
