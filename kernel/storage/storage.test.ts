import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Read } from "@patchbay/sdk";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createIds } from "./ids.ts";
import { createSealer } from "./sealer.ts";
import { createStorage } from "./storage.ts";
import type { Storage } from "./types.ts";

const clock = { now: () => Date.now() };

describe.each(["sqlite3", "better-sqlite3"] as const)("storage on %s", (dialect) => {
  let dir: string;
  let storage: Storage;
  const open = () => createStorage({ file: join(dir, "panel.db"), dialect, clock, ids: createIds(clock) });

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "patchbay-storage-"));
    storage = await open();
    await storage.migrate("test", [
      {
        id: "001-notes",
        up: (db) =>
          db.schema.createTable("notes", (table) => {
            table.increments("id");
            table.text("uuid");
            table.text("text").unique();
            table.integer("size");
            table.bigInteger("created_at");
            table.bigInteger("updated_at");
          }),
      },
    ]);
  });

  afterEach(async () => {
    await storage.close();
    rmSync(dir, { recursive: true });
  });

  const texts = async () =>
    (await storage.read.all<{ text: string }>("SELECT text FROM notes ORDER BY id")).map((r) => r.text);

  it("shows a change to readers only after its commit, and rolls back when the work throws", async () => {
    await storage.change(async ({ intents, read }) => {
      await intents.insert("notes", { text: "a" });
      expect(await read.get("SELECT text FROM notes")).toEqual({ text: "a" });
      expect(await texts()).toEqual([]);
    });
    expect(await texts()).toEqual(["a"]);
    const failing = storage.change(async ({ intents }) => {
      await intents.insert("notes", { text: "b" });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    expect(await texts()).toEqual(["a"]);
  });

  it("answers a statement that cannot be prepared with its error, alone, and goes on", async () => {
    const wrong = "SELECT x FROM nowhere";
    const reads = Array.from({ length: 6 }, () => storage.read.all(wrong));
    for (const end of await Promise.allSettled(reads)) expect(end.status).toBe("rejected");
    const change = storage.change(({ read }) => Promise.all([read.all(wrong), read.all(wrong)]));
    await expect(change).rejects.toThrow("nowhere");
    await storage.change(({ intents }) => intents.insert("notes", { text: "after" }));
    expect(await texts()).toEqual(["after"]);
  });

  it("answers more texts, and more calls of one, than statements are kept for", async () => {
    await storage.change(({ intents }) => intents.insert("notes", { text: "kept" }));
    const same = await Promise.all(Array.from({ length: 20 }, (_, at) => storage.read.get("SELECT ? + 1 AS n", [at])));
    expect(same).toEqual(Array.from({ length: 20 }, (_, at) => ({ n: at + 1 })));
    const others = Array.from({ length: 900 }, (_, at) => storage.read.get(`SELECT ${at} AS n`));
    expect(await Promise.all(others)).toEqual(Array.from({ length: 900 }, (_, at) => ({ n: at })));
    await storage.change(async ({ read }) => {
      for (let at = 0; at < 900; at += 1) expect(await read.get(`SELECT ${at} AS n`)).toEqual({ n: at });
    });
    expect(await texts()).toEqual(["kept"]);
  });

  it("takes back statements that ran side by side with one that failed, and those that waited for the end", async () => {
    await storage.change(({ intents }) => intents.insert("notes", { text: "taken" }));
    for (let round = 0; round < 20; round += 1) {
      const change = storage.change(async ({ closing, intents, read }) => {
        closing(() => read.all("INSERT INTO notes (text) VALUES (?)", [`closing ${round}`]));
        const texts = ["a", "taken", "b", "c"].map((text) => (text === "taken" ? text : `${text} ${round}`));
        await Promise.all(texts.map((text) => intents.insert("notes", { text })));
      });
      await expect(change).rejects.toThrow("UNIQUE");
    }
    const late = storage.change(async ({ closing, intents, read }) => {
      closing(() => read.all("INSERT INTO notes (text) VALUES ('taken')"));
      await intents.insert("notes", { text: "d" });
    });
    await expect(late).rejects.toThrow("UNIQUE");
    expect(await texts()).toEqual(["taken"]);
  });

  it("refuses what comes after the end of a change", async () => {
    let read: Read | undefined;
    await storage.change(async (change) => {
      read = change.read;
    });
    await expect(read?.all("DELETE FROM notes")).rejects.toThrow();
  });

  it("rejects when the commit itself fails, and goes on with the next change", async () => {
    await storage.change(({ db }) =>
      db.schema.raw("CREATE TABLE leaf (note INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED)"),
    );
    const dangling = storage.change(async ({ db, intents }) => {
      await intents.insert("notes", { text: "lost" });
      await db("leaf").insert({ note: 4711 });
      return "acknowledged";
    });
    await expect(dangling).rejects.toThrow(/FOREIGN KEY/);
    expect(await texts()).toEqual([]);
    await storage.change(({ intents }) => intents.insert("notes", { text: "kept" }));
    expect(await texts()).toEqual(["kept"]);
  });

  it("sees later commits with a statement that has been used before", async () => {
    const count = () => storage.read.get<{ n: number }>("SELECT count(*) AS n FROM notes");
    const first = () => storage.read.get<{ text: string }>("SELECT text FROM notes ORDER BY id DESC");
    for (const text of ["a", "b", "c"]) {
      await storage.change(({ intents }) => intents.insert("notes", { text }));
      expect(await first()).toEqual({ text });
    }
    expect(await count()).toEqual({ n: 3 });
  });

  it("keeps marks with the change that made them", async () => {
    await storage.change(
      async ({ intents }) => {
        intents.touch("web", "a.test");
        intents.touch("web", "a.test");
      },
      { id: "0190-x" },
    );
    expect(await storage.read.all("SELECT slot, unit_key, change_id FROM dirty")).toEqual([
      { slot: "web", unit_key: "a.test", change_id: "0190-x" },
    ]);
  });

  it("undoes insert, update and delete of one change, and leaves what a later change wrote", async () => {
    const first = await storage.change(({ intents }) => intents.insert("notes", { text: "one", size: 1 }));
    const second = await storage.change(({ intents }) => intents.insert("notes", { text: "two", size: 2 }));
    await storage.change(
      async ({ intents }) => {
        await intents.update("notes", first.id, { text: "ONE", size: 10 });
        await intents.delete("notes", second.id);
        await intents.insert("notes", { text: "three" });
      },
      { id: "c1" },
    );
    await storage.change(({ intents }) => intents.update("notes", first.id, { size: 99 }));
    await storage.change((change) => storage.undo(change, "c1"));
    expect(await storage.read.all("SELECT text, size FROM notes ORDER BY id")).toEqual([
      { text: "one", size: 99 },
      { text: "two", size: 2 },
    ]);
  });

  it("refuses a change inside a change instead of waiting for ever", async () => {
    await storage.change(async () => {
      await expect(storage.change(async () => 1)).rejects.toThrow("inside a change");
    });
  });

  it("serialises changes", async () => {
    await storage.change(({ intents }) => intents.insert("notes", { text: "n", size: 0 }));
    const bump = () =>
      storage.change(async ({ db, read }) => {
        const row = await read.get<{ size: number }>("SELECT size FROM notes");
        await db("notes").update({ size: (row?.size ?? 0) + 1 });
      });
    await Promise.all(Array.from({ length: 30 }, bump));
    expect(await storage.read.get("SELECT size FROM notes")).toEqual({ size: 30 });
  });

  it("tells listeners which tables were written, after the commit", async () => {
    const seen: string[][] = [];
    storage.onWrite((tables) => void seen.push([...tables]));
    await storage.change(({ intents }) => intents.insert("notes", { text: "x" }));
    await storage.change(async () => 1);
    expect(seen).toEqual([["notes"]]);
  });

  it("rolls a dry run back and returns what it found", async () => {
    const found = await storage.change(
      async ({ intents, read }) => {
        await intents.insert("notes", { text: "dry" });
        return read.all("SELECT text FROM notes");
      },
      { rollback: true },
    );
    expect(found).toEqual([{ text: "dry" }]);
    expect(await texts()).toEqual([]);
  });

  it("refuses data of a newer version", async () => {
    await expect(storage.migrate("test", [])).rejects.toThrow("newer");
  });

  it("answers many reads at once, each with its own rows or its own error", async () => {
    for (const text of ["a", "b", "c"]) await storage.change(({ intents }) => intents.insert("notes", { text }));
    const one = (id: number) => storage.read.get<{ text: string }>("SELECT text FROM notes WHERE id = ?", [id]);
    const wrong = storage.read.all("DELETE FROM notes").catch(() => "refused");
    const found = await Promise.all([one(1), wrong, one(3), texts(), one(99)]);
    expect(found).toEqual([{ text: "a" }, "refused", { text: "c" }, ["a", "b", "c"], undefined]);
    await storage.change(({ intents }) => intents.insert("notes", { text: "d" }));
    expect(await one(4)).toEqual({ text: "d" });
  });

  it("refuses writes on the reading connection", async () => {
    await expect(storage.read.all("DELETE FROM notes")).rejects.toThrow();
  });
});

describe("sealer", () => {
  const sealer = createSealer(Buffer.alloc(32, 7));
  it("opens only in the place it was sealed for", () => {
    const sealed = sealer.seal("users.totp.1", "SECRET");
    expect(sealer.open("users.totp.1", sealed)).toBe("SECRET");
    expect(sealed).not.toContain("SECRET");
    expect(() => sealer.open("users.totp.2", sealed)).toThrow();
    expect(() => createSealer(Buffer.alloc(32, 8)).open("users.totp.1", sealed)).toThrow();
    const flipped = Buffer.from(sealed.slice(2), "base64url");
    for (let index = 0; index < flipped.length; index += 1) {
      const copy = Buffer.from(flipped);
      copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
      expect(() => sealer.open("users.totp.1", `1.${copy.toString("base64url")}`)).toThrow();
    }
  });
});

it("makes sorted version 7 ids", () => {
  let now = 1_700_000_000_000;
  const ids = createIds({ now: () => (now += 1) });
  const made = Array.from({ length: 100 }, () => ids.uuid());
  expect([...made].sort()).toEqual(made);
  expect(made.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))).toBe(
    true,
  );
});
