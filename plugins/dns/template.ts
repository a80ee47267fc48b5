import { addressUnknown } from "./errors.ts";
import { isInside } from "./names.ts";
import type { RecordDraft } from "./record-data.ts";
import { defaultTtl } from "./record-store.ts";

/** What the template of a zone is made of. */
export interface TemplateFacts {
  readonly zone: string;
  /** Host names of the server's name servers, the first one first. Empty: each zone has its own. */
  readonly nameServers: readonly string[];
  /** Under which the server is reached from outside. */
  readonly ipv4: string | null;
  readonly ipv6: string | null;
}

export interface ZoneTemplate {
  /** For the SOA. */
  readonly primary: string;
  readonly contact: string;
  readonly records: readonly TemplateRecord[];
}

export interface TemplateRecord extends RecordDraft {
  readonly ttl: number;
}

/**
 * The records a zone starts with: its name servers, and the addresses of those inside it; the site and `www`; a mail host,
 * MX and SPF. Throws DNS_ADDRESS_UNKNOWN when no name server can be named.
 */
export function templateOf(facts: TemplateFacts): ZoneTemplate {
  const { zone } = facts;
  const addresses = addressesOf(facts);
  if (facts.nameServers.length === 0 && addresses.length === 0) throw addressUnknown();
  /** In a zone whose name is as long as names may be, its own name has to do. */
  const below = (label: string) => (`${label}.${zone}`.length > 253 ? zone : `${label}.${zone}`);
  const servers = unique(facts.nameServers.length > 0 ? facts.nameServers : [below("ns1"), below("ns2")]);
  const mail = below("mail");
  const hosts = unique([zone, below("www"), mail, ...servers.filter((server) => isInside(zone, server))]);
  const drafts: RecordDraft[] = [
    ...servers.map((server) => ({ name: zone, type: "NS", data: `${server}.` }) as const),
    ...hosts.flatMap((name) => addresses.map((address) => ({ ...address, name }))),
    { name: zone, type: "MX", data: `10 ${mail}.` },
    { name: zone, type: "TXT", data: '"v=spf1 a mx ~all"' },
  ];
  return {
    primary: servers[0] ?? zone,
    contact: below("hostmaster"),
    records: drafts.map((draft) => ({ ...draft, ttl: defaultTtl })),
  };
}

/** The server's own addresses as record data. */
export function addressesOf({ ipv4, ipv6 }: Pick<TemplateFacts, "ipv4" | "ipv6">) {
  return [
    ...(ipv4 === null ? [] : [{ type: "A" as const, data: ipv4 }]),
    ...(ipv6 === null ? [] : [{ type: "AAAA" as const, data: ipv6 }]),
  ];
}

const unique = (names: readonly string[]) => [...new Set(names)];
