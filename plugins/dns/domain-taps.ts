import type { AccountChange } from "@patchbay/accounts/contract";
import type { ChangeContext } from "@patchbay/sdk";
import { type DomainChange, namesAbove } from "@patchbay/web/contract";
import { zoneExists } from "./errors.ts";
import { defaultTtl, recordsAt } from "./record-store.ts";
import type { ZoneRow } from "./rows.ts";
import { serverFacts } from "./server-facts.ts";
import { addressesOf, templateOf } from "./template.ts";
import { assertZoneFree, deleteZone, findZone, holdingZone, insertZone } from "./zone-store.ts";
import { putRecord, takeRecords } from "./zones.ts";

/** Who looks after the addresses of sites in the zone of a name above. */
const sites = "web";

/** As much of a domain as it takes to give it a zone. */
export interface NewDomain {
  readonly account: Pick<DomainChange["account"], "id">;
  readonly domain: Pick<DomainChange["domain"], "id" | "name">;
  readonly change: ChangeContext;
}

/** Gives a domain a zone, or addresses in the one its account has for a name above. */
export async function addForDomain({ account, change, domain }: NewDomain): Promise<void> {
  const { name } = domain;
  const holding = await holdingZone(change.read, name);
  if (holding?.name === name) {
    // An external domain that becomes a site keeps its records.
    if (holding.account_id !== account.id) throw zoneExists();
    await change.intents.update("dns_zones", holding.id, { domain_id: domain.id });
  } else if (holding?.account_id === account.id) {
    await addAddresses(change, holding, name);
  } else {
    await assertZoneFree(change, account.id, name);
    const template = templateOf({ zone: name, ...serverFacts(change) });
    await insertZone(change, { accountId: account.id, domainId: domain.id, name, template });
  }
}

/** Where people have said themselves where the name leads, that stays. */
async function addAddresses(change: ChangeContext, zone: ZoneRow, name: string): Promise<void> {
  const above = namesAbove(name).filter((one) => one.endsWith(`.${zone.name}`));
  const rows = await recordsAt(change.read, zone.id, [name, ...above]);
  const decided = rows.some((row) => row.type === "NS" || (row.name === name && /^(?:A|AAAA|CNAME)$/.test(row.type)));
  if (decided) return;
  for (const address of addressesOf(serverFacts(change))) {
    await putRecord(change, zone, { ...address, name, owner: sites, ttl: defaultTtl });
  }
}

/** Takes the zone of a domain with all its records, or its addresses in the zone of a name above. */
export async function removeForDomain({ change, domain }: DomainChange): Promise<void> {
  const zone = await findZone(change.read, domain.name);
  if (zone?.domain_id === domain.id) return deleteZone(change, zone);
  const holding = await holdingZone(change.read, domain.name);
  if (holding) await takeRecords(change, holding, { owner: sites, name: domain.name, types: ["A", "AAAA"] });
}

/** Takes all zones of an account that ends. */
export async function removeZones({ account, change }: AccountChange): Promise<void> {
  const rows = await change.read.all<ZoneRow>("SELECT * FROM dns_zones WHERE account_id = ?", [account.id]);
  for (const zone of rows) await deleteZone(change, zone);
}
