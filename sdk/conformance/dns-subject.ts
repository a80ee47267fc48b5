import type { PanelUnderTest, TestMachine } from "./panel.ts";

/**
 * What a DNS backend may or may not be able to do. A subject names what it can; a change that needs what it cannot is refused
 * (422 or 409) and leaves nothing, except for `serial` and `ownNameServers`, which are only looked at when claimed.
 */
export const dnsCapabilities = {
  dnssec: { means: "Zones are signed, and the DS record for the parent zone is told." },
  serial: { means: "The serial of a zone is answered, and only grows." },
  ownNameServers: { means: "The name servers at the apex are those of the zone." },
  refusesStrangers: { means: "Zone transfers and dynamic updates are refused to strangers." },
  daemon: { means: "A daemon of this machine answers; when it is killed it comes back with everything." },
} as const satisfies Readonly<Record<string, { means: string }>>;

/** Name of one of `dnsCapabilities`. */
export type DnsCapability = keyof typeof dnsCapabilities;

/** One look at the world behind the panel: what the backend answers, straight from its own protocol. */
export interface DnsWorld {
  /** Record data of an owner and type in presentation format; empty when there is none. */
  answers(name: string, type: string): Promise<readonly string[]>;
  /** True when the backend answers for the zone at all. */
  hasZone(zone: string): Promise<boolean>;
  /** How many times the backend was made to change something so far. */
  writes(): Promise<number>;
  /** Takes all records of an owner and type away behind the panel's back. */
  tamper(zone: string, name: string, type: string): Promise<void>;
  /** Makes the backend unreachable; the answer makes it reachable again. */
  cutOff(): Promise<() => Promise<void>>;
}

/** A backend of the slot `dns`, as the suite needs to know it. */
export interface DnsSubject {
  readonly title: string;
  /** Value of the server option `dns_server`, `bind9`. */
  readonly option: string;
  /** Id of the plugin. */
  readonly plugin: string;
  readonly can: { readonly [C in Exclude<DnsCapability, "daemon" | "refusesStrangers">]?: true } & {
    /** Service of the daemon in the manifest. */
    readonly daemon?: string;
    /** Tries a zone transfer and an update of a zone as a stranger. Resolves with what was let through. */
    readonly refusesStrangers?: (panel: PanelUnderTest, zone: string) => Promise<readonly string[]>;
  };
  /** File that keeps what a run has shown: `capabilities.json` beside the backend. */
  readonly record: string;
  readonly machine: TestMachine;
  /** A panel of its own, with nothing in it, ready to use the backend. */
  start(): Promise<PanelUnderTest>;
  world(panel: PanelUnderTest): DnsWorld;
}
