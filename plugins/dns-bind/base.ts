import type { HostInfo, Rendered, RenderedFile } from "@patchbay/sdk";
import { type Keys, keyStatement } from "./keys.ts";
import { generationZone, nearAcl } from "./own-names.ts";
import { quote } from "./quote.ts";
import type { Secondary } from "./secondaries.ts";

const pluginId = "dns-bind";
export const service = "named";

/** What the base files are made of. */
export interface BaseFacts {
  readonly info: HostInfo;
  readonly keys: Keys;
  readonly secondaries: readonly Secondary[];
}

function placesOf({ etc, run, log, state }: HostInfo["paths"]) {
  const own = (path: string) => `${path}/${pluginId}`;
  return { tree: own(etc), run: own(run), log: own(log), state: own(state) };
}

/**
 * What is there whatever the zones are. Included files must be named by absolute paths, so the file that includes is apart
 * from `options.conf`, which holds everything else and is what the configuration test reads in a staged tree.
 */
export function baseOf(facts: BaseFacts): Rendered {
  const { info, keys } = facts;
  const { tree } = placesOf(info.paths);
  const files: RenderedFile[] = [
    {
      path: "named.conf",
      content: ["keys.conf", "options.conf", "generation.conf"]
        .map((file) => `include ${quote(`${tree}/${file}`)};\n`)
        .join(""),
    },
    { path: "keys.conf", content: keysFile(info, keys), secret: true },
    { path: "options.conf", content: optionsFile(facts) },
  ];
  return { files, services: [{ service }] };
}

function keysFile({ ports }: HostInfo, { control, update, transfer }: Keys): string {
  return `${[control, update, transfer].map(keyStatement).join("")}
controls {
  inet 127.0.0.1 port ${ports["dns-control"]} allow { 127.0.0.1; } keys { "${control.name}"; };
};
`;
}

function listenLines({ address, ports }: HostInfo): string {
  const matching = address === "0.0.0.0" || address === "::" ? "any" : address;
  const own = `port ${ports.dns} { ${matching}; };`;
  return address.includes(":")
    ? `listen-on { none; };\n  listen-on-v6 ${own}`
    : `listen-on ${own}\n  listen-on-v6 { none; };`;
}

function notifyLines(secondaries: readonly Secondary[]): string {
  if (secondaries.length === 0) return "notify no;";
  const targets = secondaries.map(({ address, port }) => `${address} port ${port};`).join(" ");
  return `notify explicit;\n  also-notify { ${targets} };\n  notify-delay 0;\n  notify-rate 100;`;
}

const zoneChecks = `
  // What a zone may hold is decided by the panel.
  check-names primary ignore;
  check-integrity no;
  check-mx ignore;
  check-mx-cname ignore;
  check-srv-cname ignore;
  check-spf ignore;
  check-dup-records ignore;
`;

function optionsFile({ info, keys, secondaries }: BaseFacts): string {
  const { run, state } = placesOf(info.paths);
  return `acl "${nearAcl}" { 127.0.0.0/8; ::1; ${info.address}; };

options {
  directory ${quote(state)};
  pid-file ${quote(`${run}/named.pid`)};
  lock-file ${quote(`${run}/named.lock`)};
  session-keyfile none;
  geoip-directory none;
  ${listenLines(info)}

  recursion no;
  allow-query { any; };
  minimal-responses yes;
  empty-zones-enable no;
  dnssec-validation no;
  version none;
  hostname none;
  server-id none;
  max-cache-size 16m;
  tcp-clients 200;
  tcp-initial-timeout 100;
  tcp-idle-timeout 150;
  transfers-out 50;
  // Answers of the same kind to one network: more is an attack on somebody whose address was forged.
  rate-limit { responses-per-second 25; window 15; slip 2; exempt-clients { "${nearAcl}"; }; };

  allow-new-zones yes;
  lmdb-mapsize 256m;
  serial-update-method unixtime;
  // An UPDATE takes both: the key, and being on this host.
  allow-update { !{ !"${nearAcl}"; any; }; key "${keys.update.name}"; };
  allow-transfer { key "${keys.transfer.name}"; };
  ${notifyLines(secondaries)}
${zoneChecks}};

${loggingBlock(info)}`;
}

function loggingBlock({ paths }: HostInfo): string {
  return `logging {
  channel main {
    file ${quote(`${placesOf(paths).log}/named.log`)} versions 3 size 10m;
    severity info;
    print-time yes;
    print-category yes;
    print-severity yes;
  };
  category default { main; };
  // A line or more for each record that changes.
  category update { null; };
};
`;
}

/**
 * A zone that is called after the number: a reload that took effect has loaded it, and dropped the one before, whatever the
 * times of the files say.
 */
export function generationOf({ paths }: HostInfo, generation: number): Rendered {
  const name = `${generation}.${generationZone}`;
  const file = quote(`${placesOf(paths).tree}/generation.db`);
  const zone = `zone "${name}" { type primary; file ${file}; allow-query { "${nearAcl}"; }; allow-update { none; }; };\n`;
  const records = `@ 0 IN SOA invalid. invalid. 1 0 0 0 0\n@ 0 IN NS invalid.\n@ 0 IN TXT "${generation}"\n`;
  return {
    files: [
      { path: "generation.conf", content: zone },
      { path: "generation.db", content: records },
    ],
    services: [{ service }],
    probes: [{ kind: "dns", name, type: "TXT", value: `${generation}` }],
  };
}
