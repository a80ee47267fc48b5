import { randomInt } from "node:crypto";
import type { HostInfo, Probe } from "@patchbay/sdk";
import dnsPacket from "dns-packet";
import { createWire } from "./wire.ts";

type DnsProbe = Extract<Probe, { kind: "dns" }>;

/** Asks this host's name server once. Throws when it does not answer in time, or what is no DNS. */
export async function probeDns(
  info: Pick<HostInfo, "address" | "ports">,
  probe: DnsProbe,
  signal: AbortSignal,
): Promise<boolean> {
  const { name, type, value } = probe;
  const id = randomInt(65_536);
  const query = dnsPacket.encode({ type: "query", id, flags: 0, questions: [{ type, name }] });
  const answer = Buffer.from(await createWire(info).datagram("dns", query, signal));
  const { id: answered, answers = [], flag_aa: authoritative } = dnsPacket.decode(answer);
  const [record, ...others] = answers;
  if (answered !== id || !authoritative || others.length > 0) return false;
  if (record?.type !== type || record.name !== name) return false;
  const strings = [record.data].flat().map(String);
  return strings.length === 1 && strings[0] === value;
}
