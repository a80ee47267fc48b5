import type { Db } from "@patchbay/sdk";
import { type Clock, conflict, PanelError, type Store, type StoredValue } from "@patchbay/sdk";
import type { Storage } from "../storage/types.ts";

const longestKey = 200;
/** Bytes of one value as JSON. */
const largestValue = 64 * 1024;
const mostDocuments = 10_000;
const pageSize = 1_000;

const full = (message: string) => conflict("STORE_FULL", message);

/** The documents of one plugin. */
export function createStore(storage: Pick<Storage, "read" | "change">, clock: Clock, plugin: string): Store {
  const { read } = storage;
  return {
    get: async (key) => {
      const row = await read.get<{ value: string }>("SELECT value FROM plugin_documents WHERE plugin = ? AND key = ?", [
        plugin,
        checked(key),
      ]);
      return row && (JSON.parse(row.value) as StoredValue);
    },
    put: async (key, value) => {
      const text = JSON.stringify(value);
      if (text === undefined) throw new TypeError("a document is JSON");
      if (Buffer.byteLength(text) > largestValue) throw full(`A document may have at most ${largestValue} bytes.`);
      const row = { plugin, key: checked(key), value: text, updated_at: clock.now() };
      await storage.change(async ({ db, tables }) => {
        tables.add("plugin_documents");
        const known: unknown = await db("plugin_documents").where({ plugin, key }).update(row);
        if (known === 1) return;
        const kept = await db("plugin_documents").where({ plugin }).count({ n: "*" });
        if (Number(kept[0]?.["n"]) >= mostDocuments) {
          throw full(`A plugin may keep at most ${mostDocuments} documents. Delete some first.`);
        }
        await db("plugin_documents").insert(row);
      });
    },
    delete: async (key) => {
      await storage.change(async ({ db, tables }) => {
        tables.add("plugin_documents");
        await db("plugin_documents")
          .where({ plugin, key: checked(key) })
          .delete();
      });
    },
    keys: async (prefix, after = "") => {
      const rows = await read.all<{ key: string }>(
        "SELECT key FROM plugin_documents WHERE plugin = ? AND key > ? AND substr(key, 1, length(?)) = ? ORDER BY key LIMIT ?",
        [plugin, after, prefix, prefix, pageSize],
      );
      return rows.map(({ key }) => key);
    },
  };
}

/** Forgets what a plugin kept: it was removed. */
export async function dropDocuments(db: Db, plugin: string): Promise<void> {
  await db("plugin_documents").where({ plugin }).delete();
}

function checked(key: string): string {
  if (key.length >= 1 && key.length <= longestKey) return key;
  throw new PanelError("INVALID_INPUT", {
    status: 400,
    message: `The key of a document has 1 to ${longestKey} characters.`,
  });
}
