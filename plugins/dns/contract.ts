import { type ChangeContext, defineHook, type Read, token } from "@patchbay/sdk";
import * as v from "valibot";

/** Id of the slot of the zones and their record sets. */
export const dnsSlotId = "dns";

/** Object types, for `access.object`. */
export const zoneObject = "dns-zone";
export const recordObject = "dns-record";

/** Types of records a zone may hold. SOA belongs to the provider; DNSSEC's own types to whoever signs. */
export const recordTypes = ["A", "AAAA", "CNAME", "MX", "TXT", "NS", "SRV", "CAA", "PTR"] as const;
export type RecordType = (typeof recordTypes)[number];

/** A zone without its records: that it exists, who is master of it, whether it is signed. */
const zone = v.strictObject({
  kind: v.literal("zone"),
  /** Canonical, without a trailing dot. */
  zone: v.string(),
  /** Host names for the SOA: the first name server, and the mailbox of the one who is responsible, as a name. */
  primary: v.string(),
  contact: v.string(),
  /** Signed with the provider's own policy. */
  dnssec: v.boolean(),
});

/**
 * All records of one owner and type. `data` is canonical presentation format (RFC 1035, 5.1): names absolute and in lower
 * case with a trailing dot, TXT as quoted strings of at most 255 bytes each, IPv6 as RFC 5952; sorted, no doubles.
 */
const recordSet = v.strictObject({
  kind: v.literal("set"),
  zone: v.string(),
  /** Owner, absolute, without a trailing dot. */
  name: v.string(),
  type: v.picklist(recordTypes),
  /** Seconds. */
  ttl: v.number(),
  data: v.pipe(v.array(v.string()), v.minLength(1)),
});

/**
 * One unit of the slot. A zone's key is its name; a record set's is `<zone>|<name>|<type>`. Kept apart so that changing one
 * record costs the same however many the zone has. A zone is created before its sets and outlives them.
 */
export const dnsUnit = v.variant("kind", [zone, recordSet]);

export type ZoneUnit = v.InferOutput<typeof zone>;
export type RecordSetUnit = v.InferOutput<typeof recordSet>;
export type DnsUnit = v.InferOutput<typeof dnsUnit>;

export function zoneKey(zoneName: string): string {
  return zoneName;
}

export function setKey({ name, type, zone: zoneName }: Pick<RecordSetUnit, "zone" | "name" | "type">): string {
  return `${zoneName}|${name}|${type}`;
}

/** The parts of a key. `type` and `name` are undefined for a zone. */
export function parseKey(key: string): { zone: string; name: string | undefined; type: RecordType | undefined } {
  const [zoneName = "", name, type] = key.split("|");
  return { zone: zoneName, name, type: type as RecordType | undefined };
}

/** What `report` of a provider answers for a zone. */
export interface ZoneReport {
  /** Of the SOA the provider answers with. */
  readonly serial: number;
  /** DS records for the parent zone, canonical presentation format. Empty while the zone is not signed. */
  readonly ds: readonly string[];
  /** Host names the parent zone must delegate to, when the provider chooses them itself; else empty. */
  readonly nameServers: readonly string[];
}

/** A record another plugin wants in a zone (a mail server's, a DKIM key, a challenge). */
export interface ManagedRecord {
  /** Who it belongs to, `mail`. A plugin sees and removes only its own. */
  readonly owner: string;
  /** Absolute owner name, without a trailing dot. */
  readonly name: string;
  readonly type: RecordType;
  /** As in a request; made canonical. */
  readonly value: string;
  readonly ttl: number;
}

/** Zones, for plugins that need records in them. */
export interface Zones {
  /** The zone that holds a name, nearest first; undefined when the panel has none for it. */
  holding(read: Read, name: string): Promise<{ id: number; zone: string } | undefined>;
  put(change: ChangeContext, record: ManagedRecord): Promise<void>;
  /** Takes away all records of this owner at a name and of a type. */
  take(change: ChangeContext, record: Pick<ManagedRecord, "owner" | "name" | "type">): Promise<void>;
}

export const Zones = token<Zones>("dns.zones");

export interface ZoneChange {
  readonly zoneId: number;
  readonly zone: string;
  /** The change that is under way: what is written through it is part of it. */
  readonly change: ChangeContext;
}

/**
 * A zone is being added: put the records into it that belong to you.
 *
 * @when Inside the change that adds a zone, after its row and the records of the template were written.
 */
export const zoneProvision = defineHook<"guarded", ZoneChange>("guarded", "dns.zone-provision");

/**
 * A zone is being removed with all its records: forget what you keep of it.
 *
 * @when Inside the change that removes a zone, also with its domain or account, before its row is deleted.
 */
export const zoneDeprovision = defineHook<"guarded", ZoneChange>("guarded", "dns.zone-deprovision");

/** A zone, for those who are told of it. */
export interface ZoneEvent {
  readonly zoneId: number;
  readonly accountId: number;
  /** Canonical, without a trailing dot. */
  readonly zone: string;
}

/**
 * A zone is there, with the records of the template.
 *
 * @when After `dns.add-zone`, and after the change that added a domain which got a zone of its own.
 */
export const zoneAdded = defineHook<"notify", ZoneEvent>("notify", "dns.zone-added");

/**
 * A zone is gone, with all its records.
 *
 * @when After `dns.delete-zone`, and after the change that removed the domain or the account of the zone.
 */
export const zoneRemoved = defineHook<"notify", ZoneEvent>("notify", "dns.zone-removed");

export interface ZoneUpdated extends ZoneEvent {
  /** `reset`: the records of the template were put back. `dnssec`: it is signed, or not any more. `provider`: another serves it. */
  readonly what: "reset" | "dnssec" | "provider";
}

/**
 * Something of a zone as a whole is different. Single records have hooks of their own.
 *
 * @when After a `dns.reset-zone`, `dns.dnssec-enable`, `dns.dnssec-disable` or `dns.set-provider` that changed something.
 */
export const zoneUpdated = defineHook<"notify", ZoneUpdated>("notify", "dns.zone-updated");

/** A record, for those who are told of it. */
export interface RecordEvent extends ZoneEvent {
  readonly recordId: number;
  /** Absolute owner name, without a trailing dot. */
  readonly name: string;
  readonly type: RecordType;
  /** Canonical presentation format; of a changed record as it is now, of a removed one as it was. */
  readonly data: string;
  /** Seconds. */
  readonly ttl: number;
  /** Id of the plugin that looks after it; empty for people's own. */
  readonly owner: string;
}

/**
 * A record was added.
 *
 * @when After `dns.add-record`, and after a change in which a plugin put a record of its own. Not for the records of the
 *   template: see `dns.zone-added` and `dns.zone-updated`.
 */
export const recordAdded = defineHook<"notify", RecordEvent>("notify", "dns.record-added");

/**
 * A record has another name, value or time to live.
 *
 * @when After `dns.update-record`. Not for other records of the same name and type, which only get the same time to live.
 */
export const recordUpdated = defineHook<"notify", RecordEvent>("notify", "dns.record-updated");

/**
 * A record was removed.
 *
 * @when After `dns.delete-record`, and after a change in which a plugin took away a record of its own. Not for the records
 *   that go with their zone.
 */
export const recordRemoved = defineHook<"notify", RecordEvent>("notify", "dns.record-removed");
