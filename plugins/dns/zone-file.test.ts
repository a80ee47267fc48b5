import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPanelError } from "@patchbay/sdk";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DnsUnit, recordTypes } from "./contract.ts";
import { createPanel, type Panel } from "./testing/panel.ts";
import { recordsOf } from "./testing/records.ts";

/** Every unit of a zone, as a zone file: the canonical data and nothing else. */
function zoneFile(units: readonly DnsUnit[]): string[] {
  return units.flatMap((unit) =>
    unit.kind === "zone"
      ? [`${unit.zone}. 3600 IN SOA ${unit.primary}. ${unit.contact}. 1 3600 600 86400 60`]
      : unit.data.map((data) => `${unit.name}. ${unit.ttl} IN ${unit.type} ${data}`),
  );
}

async function unitsOf(panel: Panel, zone: string): Promise<DnsUnit[]> {
  const keys = await panel.slot.keys(panel.read, "", 100_000);
  const own = keys.filter((key) => key === zone || key.startsWith(`${zone}|`));
  return [...(await panel.slot.load(panel.read, own)).values()];
}

/** Records of all types as people send them; what does not fit beside the others is refused one by one. */
const requests = fc.array(
  fc
    .constantFrom(...recordTypes)
    .chain((type) =>
      fc
        .tuple(recordsOf(type), fc.integer({ min: 60, max: 604_800 }))
        .map(([record, ttl]) => ({ type, ttl, ...record })),
    ),
  { minLength: 20, maxLength: 60 },
);

describe("a zone", () => {
  let panel: Panel;
  let dir: string;
  let zones = 0;

  beforeAll(async () => {
    panel = await createPanel();
    dir = mkdtempSync(join(tmpdir(), "patchbay-dns-"));
  });
  afterAll(async () => {
    await panel.close();
    rmSync(dir, { recursive: true });
  });

  /** What BIND reads of a zone file, a line each in its own words. */
  function compiled(zone: string, lines: readonly string[]): { errors: string; lines: string[] } {
    const file = join(dir, zone);
    writeFileSync(file, `${lines.join("\n")}\n`);
    const args = ["-i", "local", "-k", "fail", "-M", "fail", "-S", "fail", "-r", "fail", "-o", "-", zone, file];
    const { status, stderr, stdout } = spawnSync("/usr/bin/named-compilezone", args, { encoding: "utf8" });
    const read = stdout.split("\n").filter((line) => line !== "");
    // Blanks before the data are for the eye; those in it count.
    const columns = /^(\S+)\s+(\d+)\s+IN\s+(\S+)\s+/;
    return { errors: status === 0 ? "" : stderr, lines: read.map((line) => line.replace(columns, "$1 $2 IN $3 ")) };
  }

  it("of any records that were taken is what BIND reads of it, byte for byte", async () => {
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(requests, async (records) => {
        const zone = `zone${++zones}.test`;
        await panel.addDomain(1, zone);
        const [{ id } = { id: 0 }] = await panel.db("dns_zones").where({ name: zone });
        for (const { name, priority, ttl, type, value } of records) {
          try {
            await panel.call("dns.add-record", { zone_id: id, type, name, value, ttl, priority });
            taken += 1;
          } catch (error) {
            if (!isPanelError(error)) throw error;
          }
        }
        const wanted = zoneFile(await unitsOf(panel, zone));
        const { errors, lines } = compiled(zone, wanted);
        expect(errors).toBe("");
        expect([...lines].sort()).toEqual([...wanted].sort());
      }),
      { numRuns: 25 },
    );
    expect(taken).toBeGreaterThan(400);
  });
});
