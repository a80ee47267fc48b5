import type { Principal, Read } from "@patchbay/sdk";
import { namesAbove } from "@patchbay/web/contract";
import { delegated, nameServersReserved, needed, recordConflict, recordExists, tooManyRecords } from "./errors.ts";
import { isInside } from "./names.ts";
import { hostOf, type RecordDraft } from "./record-data.ts";
import { recordsAt } from "./record-store.ts";
import type { RecordRow, ZoneRow } from "./rows.ts";

/** Records of one zone, at most. */
export const mostRecords = 10_000;

const isAddress = ({ type }: Pick<RecordRow, "type">) => type === "A" || type === "AAAA";

/** Names of the zone above a name, nearest first, without the zone's own. */
function namesBetween(zone: string, name: string): string[] {
  return namesAbove(name).filter((above) => above.endsWith(`.${zone}`));
}

/** Throws NAME_SERVERS_RESERVED for name servers of the zone itself, unless an admin asks. */
export function assertMayName(
  principal: Principal,
  zone: ZoneRow,
  { name, type }: Pick<RecordDraft, "name" | "type">,
): void {
  if (type === "NS" && name === zone.name && principal.role !== "admin") throw nameServersReserved();
}

/**
 * Throws unless the record can stand in the zone beside what is there. `except` is the row it takes the place of. Answers the
 * other records of its set.
 */
export async function assertFits(
  read: Read,
  zone: ZoneRow,
  draft: RecordDraft,
  except?: number,
): Promise<readonly RecordRow[]> {
  const cuts = namesBetween(zone.name, draft.name);
  const host = hostOf(draft.type, draft.data);
  const inZone = host !== undefined && isInside(zone.name, host) ? host : undefined;
  const names = [draft.name, ...cuts, ...(inZone === undefined ? [] : [inZone])];
  const all = await recordsAt(read, zone.id, names);
  const rows = all.filter((row) => row.id !== except);
  const same = rows.filter((row) => row.name === draft.name);
  const set = same.filter((row) => row.type === draft.type);
  if (set.some((row) => row.data === draft.data)) throw recordExists();
  assertAlone(draft, same);
  assertNullMx(draft, set);
  assertAuthoritative(draft, zone, rows);
  if (inZone !== undefined) assertNoAlias(rows, inZone);
  if (draft.type === "CNAME") await assertNotReferred(read, zone, draft.name, except);
  if (draft.type === "NS" && draft.name === zone.name) assertServerAddress(inZone, rows);
  else if (draft.type === "NS") await assertNothingBelow(read, zone, draft, { rows, except });
  return set;
}

/** RFC 1034, 3.6.2. */
function assertAlone({ type }: RecordDraft, same: readonly RecordRow[]): void {
  if (type === "CNAME" && same.length > 0) {
    throw recordConflict("A CNAME cannot stand beside other records of the same name. Delete those first.");
  }
  if (same.some((row) => row.type === "CNAME")) {
    throw recordConflict("There is a CNAME of this name, beside which no other record can stand. Delete it first.");
  }
}

/** RFC 7505, 3. */
function assertNullMx({ data, type }: RecordDraft, set: readonly RecordRow[]): void {
  const isNull = (one: string) => one.endsWith(" .");
  if (type === "MX" && set.length > 0 && (isNull(data) || set.some((row) => isNull(row.data)))) {
    throw recordConflict("A null MX says that no mail is taken, so it must be the only MX of its name.");
  }
}

/** Below a delegation the zone answers for addresses of the name servers it delegates to, and for nothing else. */
function assertAuthoritative(draft: RecordDraft, zone: ZoneRow, rows: readonly RecordRow[]): void {
  const isCut = (row: RecordRow) =>
    row.type === "NS" &&
    row.name !== zone.name &&
    (draft.name.endsWith(`.${row.name}`) || (draft.name === row.name && draft.type !== "NS"));
  const cuts = rows.filter(isCut);
  if (cuts.length === 0) return;
  if (isAddress(draft) && cuts.some((row) => hostOf("NS", row.data) === draft.name)) return;
  throw delegated("This name is delegated to other name servers (NS), so only their own addresses can stand here.");
}

function assertNoAlias(rows: readonly RecordRow[], host: string): void {
  if (rows.some((row) => row.name === host && row.type === "CNAME")) {
    throw recordConflict("The target is a CNAME in this zone. Name the host it leads to instead.");
  }
}

const referringSql = `SELECT id FROM dns_records WHERE zone_id = ? AND type IN ('NS', 'MX', 'SRV')
AND (data = ? OR substr(data, -length(?)) = ?)`;

/** RFC 2181, 10.3. */
async function assertNotReferred(read: Read, zone: ZoneRow, name: string, except: number | undefined): Promise<void> {
  const end = ` ${name}.`;
  const rows = await read.all<{ id: number }>(referringSql, [zone.id, `${name}.`, end, end]);
  if (rows.some((row) => row.id !== except)) {
    throw recordConflict("NS, MX or SRV records of this zone refer to this name, which a CNAME cannot serve.");
  }
}

/** BIND serves no zone that has a name server inside it without an address. */
function assertServerAddress(inZone: string | undefined, rows: readonly RecordRow[]): void {
  if (inZone !== undefined && !rows.some((row) => row.name === inZone && isAddress(row))) {
    throw needed("This name server has no address in the zone. Add its A or AAAA record first.");
  }
}

const belowSql = `SELECT id, name, type FROM dns_records WHERE zone_id = ?
AND ((name = ? AND type <> 'NS') OR substr(name, -length(?)) = ?)`;

/** What stands at or below a new delegation would not be answered any more. */
async function assertNothingBelow(
  read: Read,
  zone: ZoneRow,
  draft: RecordDraft,
  { rows, except }: { rows: readonly RecordRow[]; except: number | undefined },
): Promise<void> {
  const end = `.${draft.name}`;
  const found = await read.all<Pick<RecordRow, "id" | "name" | "type">>(belowSql, [zone.id, draft.name, end, end]);
  const below = found.filter((row) => row.id !== except);
  const set = [draft, ...rows.filter((row) => row.name === draft.name && row.type === "NS")];
  const servers = new Set(set.map((one) => hostOf("NS", one.data)));
  if (below.some((row) => !isAddress(row) || !servers.has(row.name))) {
    throw delegated("There are records at or below this name, which a delegation would hide. Delete them first.");
  }
}

/** Throws TOO_MANY_RECORDS for a zone that is full. */
export async function assertRoom(read: Read, zoneId: number): Promise<void> {
  const sql = "SELECT 1 FROM dns_records WHERE zone_id = ? LIMIT 1 OFFSET ?";
  if (await read.get(sql, [zoneId, mostRecords - 1])) throw tooManyRecords(mostRecords);
}

/**
 * Throws unless the zone can be served without the record, or with it under another name: a zone has name servers, and those
 * inside it have addresses.
 */
export async function assertSpare(read: Read, zone: ZoneRow, row: RecordRow): Promise<void> {
  const isApex = row.type === "NS" && row.name === zone.name;
  if (!isApex && !isAddress(row)) return;
  const rows = (await recordsAt(read, zone.id, [zone.name, row.name])).filter((other) => other.id !== row.id);
  const servers = rows.filter((other) => other.type === "NS" && other.name === zone.name);
  if (isApex && servers.length === 0) throw needed("A zone must have a name server. Add another one first.");
  const isServer = servers.some((server) => hostOf("NS", server.data) === row.name);
  if (isAddress(row) && isServer && !rows.some((other) => other.name === row.name && isAddress(other))) {
    throw needed("This is the only address of a name server of the zone. Add another one first.");
  }
}
