import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createIds } from "../storage/ids.ts";
import { createStorage } from "../storage/storage.ts";
import { pluginMigrations } from "./migrations.ts";
import { SidePlaces } from "./side-places.ts";

it("gives each backend a place of a slot that nobody who comes or goes moves, also after a restart", async () => {
  const dir = mkdtempSync(join(tmpdir(), "patchbay-places-"));
  const clock = { now: () => 0 };
  const storage = await createStorage({ file: join(dir, "panel.db"), clock, ids: createIds(clock) });
  try {
    await storage.migrate("plugins", pluginMigrations);
    const places = new SidePlaces(storage);
    await places.load();
    expect(Object.fromEntries(places.of("web", ["nginx", "apache"]))).toEqual({ apache: 0, nginx: 1 });
    await places.save();
    const again = new SidePlaces(storage);
    await again.load();
    const all = { apache: 0, nginx: 1, caddy: 2 };
    expect(Object.fromEntries(again.of("web", ["nginx", "caddy", "apache"]))).toEqual(all);
    expect(Object.fromEntries(again.of("web", ["nginx"]))).toEqual(all);
    expect(Object.fromEntries(again.of("dns", ["bind"]))).toEqual({ bind: 0 });
  } finally {
    await storage.close();
    rmSync(dir, { recursive: true });
  }
});
