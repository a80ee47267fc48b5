import type { RecordSetUnit, ZoneUnit } from "@patchbay/dns/contract";
import { type Clock, ProviderError, type StateFiles } from "@patchbay/sdk";
import type { Control } from "./control.ts";
import type { Exchange } from "./exchange.ts";
import { recordsOf } from "./message.ts";
import type { Updater } from "./updater.ts";
import { filesOf, zoneConfig, zoneFile } from "./zone-file.ts";

export interface ZoneParts {
  readonly control: Control;
  readonly exchange: Exchange;
  readonly updater: Updater;
  readonly state: StateFiles;
  readonly clock: Clock;
}

const signedWithinMs = 15_000;
const pollMs = 25;

/**
 * Makes a zone what it should be, creating it when it is not there. A new one starts with the sets, so that nobody is ever
 * told that its names do not exist. Resolves with the sets that are left to be brought.
 */
export async function ensureZone(
  parts: ZoneParts,
  { unit, sets }: { unit: ZoneUnit; sets: readonly RecordSetUnit[] },
  signal: AbortSignal,
): Promise<readonly RecordSetUnit[]> {
  const config = await parts.control.showZone(unit.zone);
  if (config === undefined) {
    const rest = await createZone(parts, unit, sets);
    await untilServed(parts, unit, signal);
    return rest;
  }
  await modifyZone(parts, unit, config);
  await untilServed(parts, unit, signal);
  await adjustSoa(parts, unit, signal);
  return sets;
}

async function createZone(
  { control, state, clock }: ZoneParts,
  unit: ZoneUnit,
  sets: readonly RecordSetUnit[],
): Promise<readonly RecordSetUnit[]> {
  const files = filesOf(unit.zone, []);
  const start = async (first: readonly RecordSetUnit[]) => {
    const { content, rest } = zoneFile(unit, first, Math.floor(clock.now() / 1000));
    // What a crash or an earlier zone of this name left behind: a journal would not fit the new file.
    await state.remove(files);
    await state.seed(files[0] as string, content);
    await control.addZone(unit.zone, zoneConfig(unit.zone, unit.dnssec ? "default" : undefined));
    return rest;
  };
  try {
    return await start(sets);
  } catch (error) {
    // One of the sets is refused: which one, UPDATE will tell.
    if (!(error instanceof ProviderError && error.kind === "invalid") || sets.length === 0) throw error;
    await start([]);
    return sets;
  }
}

/**
 * A zone that was ever signed is never told that it has no policy: with `insecure` named takes the signatures away in an
 * order in which every answer can be validated meanwhile.
 */
async function modifyZone({ control }: ZoneParts, { zone, dnssec }: ZoneUnit, config: string): Promise<void> {
  const current = /\bdnssec-policy "?(\w+)"?;/.exec(config)?.[1];
  if (dnssec ? current === "default" : current !== "default") return;
  await control.modifyZone(zone, zoneConfig(zone, dnssec ? "default" : "insecure"));
  if (!dnssec) await control.dsWithdrawn(zone);
}

async function adjustSoa({ clock, updater }: ZoneParts, unit: ZoneUnit, signal: AbortSignal): Promise<void> {
  const { primary, contact, zone } = unit;
  const soa = await updater.soa(zone, signal);
  if (soa === undefined || (soa.primary === primary && soa.contact === contact)) return;
  const serial = Math.max(Math.floor(clock.now() / 1000), soa.serial + 1);
  await updater.setSoa(zone, { primary, contact, serial }, signal);
}

/** Resolves when named answers for the zone, and for a signed one with its keys. */
async function untilServed({ exchange, updater }: ZoneParts, unit: ZoneUnit, signal: AbortSignal): Promise<void> {
  const { zone, dnssec } = unit;
  if ((await updater.soa(zone, signal)) === undefined) {
    throw new ProviderError("unavailable", `named does not answer for ${zone}`);
  }
  const end = performance.now() + signedWithinMs;
  const isSigned = async () => {
    const { answers } = await exchange.query(zone, "DNSKEY", signal);
    return recordsOf(answers, zone, "DNSKEY").length > 0;
  };
  while (dnssec && !(await isSigned())) {
    if (performance.now() > end) throw new ProviderError("unavailable", `named does not sign ${zone}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

/** Takes a zone away with everything named has of it. */
export async function removeZone({ control, state }: ZoneParts, zone: string): Promise<void> {
  const status = await control.keyStatus(zone);
  const keyTags = [...status.matchAll(/^key: (\d+) /gm)].map(([, tag]) => tag ?? "");
  await control.deleteZone(zone);
  await state.remove(filesOf(zone, keyTags));
}
