import { defineChange, objectId, ServerOptions } from "@patchbay/sdk";
import * as v from "valibot";
import { dnsSlotId, zoneObject, zoneUpdated } from "../contract.ts";
import { codes, notInstalled } from "../errors.ts";
import { requireZone, toEvent, touchZone } from "../zone-store.ts";
import { showZone, zoneView } from "../zone-view.ts";

export const setProvider = defineChange({
  id: "dns.set-provider",
  method: "POST",
  summary: "Assign a zone to a DNS server; null: the chosen one",
  message: "Zone assigned",
  access: { callers: ["admin"], object: { type: zoneObject, from: "zone_id" } },
  rate: "standard",
  errors: [codes.notInstalled],
  input: v.strictObject({ zone_id: objectId, provider: v.nullable(v.pipe(v.string(), v.maxLength(64))) }),
  output: zoneView,
  resource: (input) => `dns-zone:${input.zone_id}`,
  handle: async ({ provider, zone_id }, ctx) => {
    const zone = await requireZone(ctx.read, zone_id);
    if (provider !== null) {
      const choices = await ctx.use(ServerOptions).choices();
      const known = choices.find((choice) => choice.slot === dnsSlotId)?.providers ?? [];
      if (!known.some(({ id, installed }) => id === provider && installed)) throw notInstalled();
    }
    if (zone.provider !== provider) {
      await ctx.intents.update("dns_zones", zone.id, { provider });
      await touchZone(ctx, zone);
      await ctx.emit(zoneUpdated, { ...toEvent(zone), what: "provider" });
    }
    return showZone(ctx.read, zone.id);
  },
});
