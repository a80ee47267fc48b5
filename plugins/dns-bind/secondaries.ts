import { type HostInfo, rule, type Setting } from "@patchbay/sdk";
import * as v from "valibot";
import { type Keys, keyStatement } from "./keys.ts";
import { catalogZone } from "./own-names.ts";

/** A name server elsewhere that copies the zones from this one. */
export interface Secondary {
  readonly address: string;
  readonly port: number;
}

const most = 20;
const standardPort = 53;
const bracketed = /^\[([0-9a-f:.]+)\](?::(\d{1,5}))?$/i;
const plain = /^([0-9.]+)(?::(\d{1,5}))?$/;
const isAddress = (text: string) => v.is(v.pipe(v.string(), v.regex(/^[0-9a-f:.]+$/i), v.ip()), text);

/** Throws RangeError for what is no list of addresses with ports. */
export function parseSecondaries(text: string): Secondary[] {
  const words = text.split(/[\s,]+/).filter(Boolean);
  if (words.length > most) throw new RangeError(`there are more than ${most}`);
  return words.map((word) => {
    const [, address = word, port = `${standardPort}`] = bracketed.exec(word) ?? plain.exec(word) ?? [];
    const isPort = Number(port) >= 1 && Number(port) <= 65_535;
    if (!isAddress(address) || !isPort) throw new RangeError("one is no address with an optional port");
    return { address: address.toLowerCase(), port: Number(port) };
  });
}

function showSecondary({ address, port }: Secondary): string {
  const host = address.includes(":") ? `[${address}]` : address;
  return port === standardPort ? host : `${host}:${port}`;
}

function canonical(text: string): string | undefined {
  try {
    return [...new Set(parseSecondaries(text).map(showSecondary))].join(" ");
  } catch {
    return undefined;
  }
}

/** Setting of this plugin: `plugins/save-settings {id: "dns-bind", values}`. */
export const secondariesSetting: Setting = {
  key: "secondaries",
  title: "Addresses of the secondary name servers, `192.0.2.1` or `[2001:db8::1]:5353`, separated by blanks",
  schema: v.pipe(
    v.string(),
    v.maxLength(1000, rule("length", "must have at most 1000 characters")),
    v.check(
      (text) => canonical(text) !== undefined,
      rule("format", `must be up to ${most} IP addresses, each with an optional port`),
    ),
    v.transform((text) => canonical(text) ?? ""),
  ),
  default: "",
};

/** What a secondary running BIND must have in its configuration to serve every zone of this server. */
export function secondaryConfig({ address, ports }: HostInfo, { transfer }: Keys): string {
  const own = address === "0.0.0.0" || address === "::" ? "ADDRESS-OF-THIS-SERVER" : address;
  const primary = `{ ${own} port ${ports.dns} key "${transfer.name}"; }`;
  return `// For named.conf of a secondary. The key is a secret: keep this file from other users.
${keyStatement(transfer)}
options {
  // Beside the options that are there already:
  catalog-zones {
    zone "${catalogZone}" default-primaries ${primary} min-update-interval 1;
  };
};

zone "${catalogZone}" {
  type secondary;
  file "${catalogZone}.db";
  primaries ${primary};
};
`;
}
