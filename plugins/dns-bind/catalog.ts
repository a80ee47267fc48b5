import { createHash } from "node:crypto";
import { type Clock, ProviderError, type StateFiles } from "@patchbay/sdk";
import type { Control } from "./control.ts";
import type { Exchange } from "./exchange.ts";
import { classes, encodeRecord, recordsOf } from "./message.ts";
import { catalogZone, nearAcl } from "./own-names.ts";
import { encodeName, typeNumbers } from "./packet.ts";
import type { Group } from "./update.ts";
import type { Updater } from "./updater.ts";

const file = "catalog.db";
const config = `type primary; file "${file}"; allow-query { "${nearAcl}"; key "patchbay-transfer"; };`;

/** Where a zone stands in the catalog: any label will do, as long as it stays the same (RFC 9432, 4.1). */
export function memberName(zone: string): string {
  return `${createHash("sha1").update(encodeName(zone)).digest("hex")}.zones.${catalogZone}`;
}

/** Zones that come to the catalog, and that leave it. */
export interface CatalogChange {
  readonly come: readonly string[];
  readonly leave: readonly string[];
}

export interface CatalogParts {
  readonly updater: Updater;
  readonly state: StateFiles;
  readonly clock: Clock;
  control(): Promise<Control>;
}

/** Brings the list up to date. The catalog is made when the first zone comes. */
export async function changeCatalog(parts: CatalogParts, change: CatalogChange, signal: AbortSignal): Promise<void> {
  const groups = planCatalog(change);
  if (groups.length === 0) return;
  try {
    await parts.updater.send(catalogZone, groups, signal);
  } catch (error) {
    if (!(error instanceof ProviderError && error.kind === "conflict")) throw error;
    if (change.come.length === 0) return;
    await createCatalog(parts);
    await parts.updater.send(catalogZone, groups, signal);
  }
}

async function createCatalog({ control, state, clock }: CatalogParts): Promise<void> {
  const named = await control();
  if ((await named.showZone(catalogZone)) !== undefined) return;
  await state.remove([file, `${file}.jnl`]);
  const serial = Math.floor(clock.now() / 1000);
  const soa = `@ 0 IN SOA invalid. invalid. ${serial} 60 30 1209600 0`;
  await state.seed(file, `${soa}\n@ 0 IN NS invalid.\nversion 0 IN TXT "2"\n`);
  await named.addZone(catalogZone, config);
}

function planCatalog({ come, leave }: CatalogChange): Group[] {
  const record = (zone: string, kind: number, data: Buffer) => [
    encodeRecord({ name: memberName(zone), type: typeNumbers.PTR, class: kind, ttl: 0, data }),
  ];
  return [
    ...leave.map((zone) => record(zone, classes.any, Buffer.alloc(0))),
    ...come.map((zone) => record(zone, classes.in, encodeName(zone))),
  ];
}

/** True when secondaries are told of the zone. */
export async function isListed(exchange: Exchange, zone: string, signal: AbortSignal): Promise<boolean> {
  const member = memberName(zone);
  return recordsOf((await exchange.query(member, "PTR", signal)).answers, member, "PTR").length > 0;
}
