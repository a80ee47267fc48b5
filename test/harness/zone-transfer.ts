import { execFileSync } from "node:child_process";
import type { Client } from "./client.ts";
import type { TestInstance } from "./instance.ts";
import { must } from "./must.ts";

/** One record as a name server gives it away. */
export interface ZoneLine {
  /** Absolute, with a trailing dot. */
  readonly name: string;
  readonly ttl: number;
  readonly type: string;
  readonly data: string;
}

/** What a name server adds by itself: versions, signatures. */
const ownTypes = new Set(["SOA", "RRSIG", "DNSKEY", "NSEC", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY", "TYPE65534"]);

/** The key of the zone transfers, as `dig -y` takes it. */
export async function transferKeyOf(admin: Client): Promise<string> {
  const { config } = await must(admin.get("bind/secondary-config"));
  const [, name, secret] = /key "?([^"\s]+)"? \{[^}]*secret "([^"]+)"/s.exec(config) ?? [];
  return `hmac-sha256:${name}:${secret}`;
}

/** Runs `dig` against the name server of an instance. */
export function dig(instance: TestInstance, ...words: readonly string[]): string {
  const at = ["@127.0.0.1", "-p", String(instance.ports.services + 53), "+tries=1"];
  return execFileSync("dig", [...at, ...words], { encoding: "utf8" });
}

/** All records of a zone as a secondary gets them, sorted. Empty when there is no such zone. */
export function transferZone(instance: TestInstance, key: string, zone: string): readonly ZoneLine[] {
  const text = dig(instance, "-y", key, "AXFR", zone, "+noall", "+answer");
  return text
    .split("\n")
    .flatMap((line) => {
      const [, name, ttl, type = "", data = ""] = /^([^;\s]\S*)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined || ownTypes.has(type) ? [] : [{ name, ttl: Number(ttl), type, data }];
    })
    .sort((a, b) => (`${a.name} ${a.type} ${a.data}` < `${b.name} ${b.type} ${b.data}` ? -1 : 1));
}
