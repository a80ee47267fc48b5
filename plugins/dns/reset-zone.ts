import type { ChangeContext } from "@patchbay/sdk";
import { dnsSlotId, zoneKey } from "./contract.ts";
import { needed } from "./errors.ts";
import { isInside } from "./names.ts";
import { hostOf } from "./record-data.ts";
import { insertRecord, removeRow } from "./record-store.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";
import { serverFacts } from "./server-facts.ts";
import { type TemplateRecord, templateOf } from "./template.ts";
import { bumpSerial } from "./zone-store.ts";

/** What became of the records of the template. */
export interface ResetResult {
  readonly added: number;
  readonly removed: number;
  /** Records of the template that people's own stand in the way of, `www A`. */
  readonly skipped: readonly string[];
}

const idOf = ({ data, name, type }: Pick<RecordRow, "name" | "type" | "data">) => `${name}|${type}|${data}`;

/**
 * Puts the records of the template back as it is now. Records that came with the template go when it has them no more, also
 * those that were changed since; people's own and other plugins' stay, and where they say the same thing differently (a
 * CNAME, a delegation, an address, an MX, an SPF of that name) the template's are left out.
 */
export async function resetZone(change: ChangeContext, zone: ZoneRow): Promise<ResetResult> {
  const template = templateOf({ zone: zone.name, ...serverFacts(change) });
  const rows = await change.read.all<RecordRow>("SELECT * FROM dns_records WHERE zone_id = ?", [zone.id]);
  const wanted = new Set(template.records.map(idOf));
  const stale = rows.filter((row) => row.template === 1 && !wanted.has(idOf(row)));
  const kept = rows.filter((row) => !stale.includes(row));
  const there = new Set(kept.map(idOf));
  const missing = template.records.filter((record) => !there.has(idOf(record)));
  const added = missing.filter((record) => !isDecided(record, kept, zone.name));
  assertServed(zone.name, [...kept, ...added]);
  for (const row of stale) await removeRow(change, row);
  for (const record of added) await addBeside(change, zone, { record, kept });
  const { contact, primary } = template;
  await change.intents.update("dns_zones", zone.id, { primary_ns: primary, contact });
  change.intents.touch(dnsSlotId, zoneKey(zone.name));
  await bumpSerial(change, zone);
  const skipped = missing.filter((record) => !added.includes(record)).map(({ name, type }) => `${name} ${type}`);
  return { added: added.length, removed: stale.length, skipped };
}

/** True when people have said themselves what the record says. */
function isDecided({ name, type }: TemplateRecord, kept: readonly RecordRow[], zone: string): boolean {
  const own = kept.filter((row) => row.template === 0);
  const isHidden = own.some(
    (row) => row.type === "NS" && row.name !== zone && (row.name === name || name.endsWith(`.${row.name}`)),
  );
  const same = own.filter((row) => row.name === name);
  if (isHidden || same.some((row) => row.type === "CNAME")) return true;
  if (type === "A" || type === "AAAA") return same.some((row) => row.type === "A" || row.type === "AAAA");
  if (type === "MX") return same.some((row) => row.type === "MX");
  return type === "TXT" && same.some((row) => row.type === "TXT" && /^"v=spf1[ "]/i.test(row.data));
}

function assertServed(zone: string, records: readonly Pick<RecordRow, "name" | "type" | "data">[]): void {
  const hosts = new Set(records.filter(({ type }) => type === "A" || type === "AAAA").map(({ name }) => name));
  const servers = records.filter(({ name, type }) => type === "NS" && name === zone);
  for (const { data } of servers) {
    const host = hostOf("NS", data);
    if (host !== undefined && isInside(zone, host) && !hosts.has(host)) {
      throw needed(
        `The name server ${host} would have no address: records of your own stand there. Delete them first.`,
      );
    }
  }
}

async function addBeside(
  change: ChangeContext,
  zone: ZoneRow,
  { kept, record }: { record: TemplateRecord; kept: readonly RecordRow[] },
): Promise<void> {
  const set = kept.find((row) => row.name === record.name && row.type === record.type);
  await insertRecord(change, zone, { ...record, ttl: set?.ttl ?? record.ttl, owner: "", template: true });
}
