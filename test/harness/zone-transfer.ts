import { execFile, execFileSync } from "node:child_process";
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
  return execFileSync("dig", [...server(instance), ...words], { encoding: "utf8" });
}

/** All records of a zone as a secondary gets them, sorted. Empty when there is no such zone. */
export function transferZone(instance: TestInstance, key: string, zone: string): readonly ZoneLine[] {
  return parseZone(dig(instance, ...transferWords(key, zone)));
}

const atATime = 8;

/** The same for many zones, while the test goes on. */
export async function transferZones(
  instance: TestInstance,
  key: string,
  zones: readonly string[],
): Promise<ReadonlyMap<string, readonly ZoneLine[]>> {
  const found = new Map<string, readonly ZoneLine[]>();
  const left = [...zones];
  const lane = async () => {
    for (let zone = left.shift(); zone !== undefined; zone = left.shift()) {
      const words = [...server(instance), ...transferWords(key, zone)];
      const text = await new Promise<string>((resolve, reject) => {
        execFile("dig", words, { encoding: "utf8" }, (error, stdout) => (error ? reject(error) : resolve(stdout)));
      });
      found.set(zone, parseZone(text));
    }
  };
  await Promise.all(Array.from({ length: atATime }, lane));
  return found;
}

const server = (instance: TestInstance) => ["@127.0.0.1", "-p", String(instance.ports.services + 53), "+tries=1"];
const transferWords = (key: string, zone: string) => ["-y", key, "AXFR", zone, "+noall", "+answer"];

function parseZone(text: string): readonly ZoneLine[] {
  return text
    .split("\n")
    .flatMap((line) => {
      const [, name, ttl, type = "", data = ""] = /^([^;\s]\S*)\s+(\d+)\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined || ownTypes.has(type) ? [] : [{ name, ttl: Number(ttl), type, data }];
    })
    .sort((a, b) => (`${a.name} ${a.type} ${a.data}` < `${b.name} ${b.type} ${b.data}` ? -1 : 1));
}
