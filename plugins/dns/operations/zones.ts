import { accountObject } from "@patchbay/accounts/contract";
import { defineChange, domainName, objectId } from "@patchbay/sdk";
import { DomainNames } from "@patchbay/web/contract";
import * as v from "valibot";
import { zoneObject, zoneUpdated } from "../contract.ts";
import { codes, tooManyZones, zoneInside, zoneOfDomain } from "../errors.ts";
import { resetZone } from "../reset-zone.ts";
import { serverFacts } from "../server-facts.ts";
import { templateOf } from "../template.ts";
import {
  assertZoneFree,
  holdingZone,
  insertZone,
  deleteZone as remove,
  requireZone,
  toEvent,
  zoneFreeCodes,
} from "../zone-store.ts";
import { showZone, zoneView } from "../zone-view.ts";

/** They count against no limit of a package, so they have one of their own. */
const mostZones = 100;

const callers = ["admin", "reseller", "user"] as const;
const zoneAccess = { callers, object: { type: zoneObject, from: "zone_id" } } as const;

export const addZone = defineChange({
  id: "dns.add-zone",
  method: "POST",
  summary: "Add a zone for a name that is no site here",
  message: "Zone added",
  access: { callers, object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  errors: [
    ...zoneFreeCodes,
    codes.addressUnknown,
    codes.tooManyZones,
    "DOMAIN_EXISTS",
    "DOMAIN_RESERVED",
    "DOMAIN_BELONGS_TO_OTHER",
  ],
  input: v.strictObject({ account_id: objectId, domain: domainName }),
  output: zoneView,
  resource: (_input, zone) => `dns-zone:${zone.id}`,
  handle: async ({ account_id: accountId, domain: name }, ctx) => {
    const names = ctx.use(DomainNames);
    // A name the account holds already, an alias, needs no second look.
    if ((await names.holder(ctx.read, name)) !== accountId) await names.assertFree(ctx, accountId, name);
    await assertZoneFree(ctx, accountId, name);
    if ((await holdingZone(ctx.read, name))?.account_id === accountId) throw zoneInside();
    const sql = "SELECT COUNT(*) AS used FROM dns_zones WHERE account_id = ? AND domain_id IS NULL";
    const own = await ctx.read.get<{ used: number }>(sql, [accountId]);
    if ((own?.used ?? 0) >= mostZones) throw tooManyZones(mostZones);
    const template = templateOf({ zone: name, ...serverFacts(ctx) });
    const zone = await insertZone(ctx, { accountId, domainId: null, name, template });
    return showZone(ctx.read, zone.id);
  },
});

export const deleteZone = defineChange({
  id: "dns.delete-zone",
  method: "POST",
  summary: "Delete a zone that belongs to no domain, with all its records",
  message: "Zone deleted",
  access: zoneAccess,
  rate: "standard",
  errors: [codes.zoneOfDomain],
  input: v.strictObject({ zone_id: objectId }),
  output: v.null(),
  resource: (input) => `dns-zone:${input.zone_id}`,
  handle: async (input, ctx) => {
    const zone = await requireZone(ctx.read, input.zone_id);
    if (zone.domain_id !== null) throw zoneOfDomain();
    ctx.note({ zone: zone.name });
    await remove(ctx, zone);
    return null;
  },
});

export const resetZoneOperation = defineChange({
  id: "dns.reset-zone",
  method: "POST",
  summary: "Put the template's records of a zone back; records of your own stay",
  message: "Zone reset",
  access: zoneAccess,
  rate: "standard",
  errors: [codes.needed, codes.addressUnknown],
  input: v.strictObject({ zone_id: objectId }),
  output: v.strictObject({
    zone_id: v.number(),
    added: v.number(),
    removed: v.number(),
    /** What was left out because records of your own say it differently, `www.example.com A`. */
    skipped: v.array(v.string()),
  }),
  resource: (input) => `dns-zone:${input.zone_id}`,
  handle: async (input, ctx) => {
    const zone = await requireZone(ctx.read, input.zone_id);
    const { added, removed, skipped } = await resetZone(ctx, zone);
    if (added + removed > 0) await ctx.emit(zoneUpdated, { ...toEvent(zone), what: "reset" });
    return { zone_id: zone.id, added, removed, skipped: [...skipped] };
  },
});
