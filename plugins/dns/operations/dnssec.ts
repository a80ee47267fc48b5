import { Backends, defineChange, defineQuery, type OperationContext, objectId, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { dnsSlotId, zoneKey, zoneObject, zoneUpdated } from "../contract.ts";
import { codes, unavailable } from "../errors.ts";
import { bumpSerial, requireZone, toEvent } from "../zone-store.ts";

const access = { callers: ["admin", "reseller", "user"], object: { type: zoneObject, from: "zone_id" } } as const;

/** What providers report of a zone. Fields of their own are not for people. */
const zoneReport = v.object({
  serial: v.number(),
  ds: v.array(v.string()),
  nameServers: v.array(v.string()),
});

function toggle(action: "enable" | "disable") {
  const enabled = action === "enable";
  return defineChange({
    id: `dns.dnssec-${action}`,
    method: "POST",
    summary: enabled
      ? "Sign a zone; the parent zone then needs the DS records"
      : "Stop signing a zone; take its DS records from the parent zone first",
    message: enabled ? "Zone is signed" : "Zone is not signed any more",
    access,
    rate: "standard",
    input: v.strictObject({ zone_id: objectId }),
    output: v.strictObject({ zone_id: v.number(), enabled: v.boolean() }),
    resource: (input) => `dns-zone:${input.zone_id}`,
    handle: async (input, ctx) => {
      const zone = await requireZone(ctx.read, input.zone_id);
      if ((zone.dnssec === 1) !== enabled) {
        await ctx.intents.update("dns_zones", zone.id, { dnssec: enabled ? 1 : 0 });
        await bumpSerial(ctx, zone);
        await ctx.emit(zoneUpdated, { ...toEvent(zone), what: "dnssec" });
      }
      // Also when it was so before: asking again mends what the server lost.
      ctx.intents.touch(dnsSlotId, zoneKey(zone.name));
      return { zone_id: zone.id, enabled };
    },
  });
}

export const enableDnssec = toggle("enable");
export const disableDnssec = toggle("disable");

export const dnssecStatus = defineQuery({
  id: "dns.dnssec-status",
  summary: "What the DNS server says of a zone: serial, DS records for the parent zone, name servers",
  access,
  rate: "standard",
  errors: [codes.unavailable],
  input: v.strictObject({ zone_id: queryId }),
  output: v.strictObject({
    zone_id: v.number(),
    enabled: v.boolean(),
    /** Presentation format. Empty while the zone is not signed, or nobody serves it. */
    ds: v.array(v.string()),
    /** Of the SOA that is answered; null when nobody serves the zone. */
    serial: v.nullable(v.number()),
    /** What the parent zone must delegate to. */
    name_servers: v.array(v.string()),
  }),
  handle: async (input, ctx) => {
    const zone = await requireZone(ctx.read, input.zone_id);
    const report = await reportOf(ctx, zone.name);
    const own = report?.nameServers ?? [];
    return {
      zone_id: zone.id,
      enabled: zone.dnssec === 1,
      ds: zone.dnssec === 1 ? (report?.ds ?? []) : [],
      serial: report?.serial ?? null,
      name_servers: own.length > 0 ? own : await nameServersOf(ctx, zone.id, zone.name),
    };
  },
});

async function reportOf(ctx: OperationContext, zone: string) {
  try {
    const report = await ctx.use(Backends).report(dnsSlotId, zoneKey(zone));
    return report === undefined ? undefined : v.parse(zoneReport, report);
  } catch (cause) {
    throw unavailable(cause);
  }
}

async function nameServersOf(ctx: OperationContext, zoneId: number, zone: string): Promise<string[]> {
  const rows = await ctx.read.all<{ data: string }>(
    "SELECT data FROM dns_records WHERE zone_id = ? AND name = ? AND type = 'NS' ORDER BY data",
    [zoneId, zone],
  );
  return rows.map((row) => row.data.slice(0, -1));
}
