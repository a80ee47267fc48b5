import { execFile, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type DnsWorld, dnsConformance, type PanelUnderTest } from "@patchbay/sdk/conformance";
import { startConformancePanel, testMachine } from "../../test/harness/conformance-panel.ts";

function dig({ dns }: PanelUnderTest, ...words: readonly string[]): Promise<string> {
  const server = [`@${dns.address}`, "-p", `${dns.port}`, "+norec", "+tries=1", "+time=1"];
  return new Promise((resolve) => {
    execFile("dig", [...server, ...words], { encoding: "utf8" }, (_error, stdout) => resolve(stdout));
  });
}

function nsupdate({ dns }: PanelUnderTest, zone: string, line: string, ...words: readonly string[]): number | null {
  const input = `server ${dns.address} ${dns.port}\nzone ${zone}\n${line}\nsend\n`;
  return spawnSync("nsupdate", words, { input }).status;
}

/** The key of the updates alone: nsupdate reads a file with one key. */
function updateKey({ paths }: PanelUnderTest): string {
  const text = readFileSync(join(paths.etc, "dns-bind/keys.conf"), "utf8");
  return `hmac-sha256:patchbay-update:${/"patchbay-update" \{[^}]*secret "([^"]+)"/.exec(text)?.[1]}`;
}

function daemon(panel: PanelUnderTest): number {
  const found = panel.daemons().find(({ name }) => name === "named");
  if (found === undefined) throw new Error("named does not run");
  return found.pid;
}

function world(panel: PanelUnderTest): DnsWorld {
  const answer = async (name: string, type: string) =>
    (await dig(panel, "+noall", "+answer", "+authority", name, type)).split("\n");
  return {
    // A delegation is answered as a referral, so the section does not matter.
    answers: async (name, type) =>
      (await answer(name, type)).flatMap((line) => {
        const [, owner, found, data = ""] = /^(\S+)\.\s+\d+\s+IN\s+(\S+)\s+(.*)$/.exec(line) ?? [];
        const asked = owner === name && found === type;
        return asked ? [data] : [];
      }),
    hasZone: async (zone) => / aa[ ;]/.test(await dig(panel, zone, "SOA")),
    writes: () => panel.applies(),
    tamper: async (zone, name, type) => {
      const status = nsupdate(panel, zone, `update delete ${name} ${type}`, "-y", updateKey(panel));
      if (status !== 0) throw new Error("nsupdate failed");
    },
    cutOff: async () => {
      const pid = daemon(panel);
      process.kill(pid, "SIGSTOP");
      return async () => {
        process.kill(pid, "SIGCONT");
      };
    },
  };
}

dnsConformance({
  title: "BIND",
  option: "bind9",
  plugin: "dns-bind",
  can: {
    dnssec: true,
    serial: true,
    ownNameServers: true,
    daemon: "named",
    refusesStrangers: async (panel, zone) => [
      ...((await dig(panel, zone, "AXFR")).includes("Transfer failed") ? [] : ["a transfer"]),
      ...(nsupdate(panel, zone, `update add stranger.${zone} 60 A 192.0.2.1`) === 0 ? ["an update"] : []),
    ],
  },
  record: join(import.meta.dirname, "capabilities.json"),
  machine: testMachine,
  start: startConformancePanel,
  world,
});
