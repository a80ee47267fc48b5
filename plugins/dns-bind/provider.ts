import type { DnsUnit } from "@patchbay/dns/contract";
import type { Clock, ExecutingProvider, HostInfo, StateFiles, Wire } from "@patchbay/sdk";
import { auditUnit } from "./audit.ts";
import { baseOf, generationOf } from "./base.ts";
import { driftOf } from "./drift.ts";
import { createExchange } from "./exchange.ts";
import { executeChanges } from "./execute.ts";
import type { Keys } from "./keys.ts";
import { reportZone } from "./report.ts";
import { parseSecondaries } from "./secondaries.ts";
import { createUpdater } from "./updater.ts";

export interface BindParts {
  readonly info: HostInfo;
  readonly keys: Keys;
  readonly wire: Wire;
  readonly clock: Clock;
  readonly state: StateFiles;
  /** Value of the setting, read whenever the base is rendered. */
  secondaries(): string;
}

/** Serves the zones with BIND: its daemon, its control channel and dynamic updates. */
export function createBindProvider(parts: BindParts): ExecutingProvider<DnsUnit> {
  const { clock, info, keys, wire } = parts;
  const exchange = createExchange(wire, clock);
  const all = { ...parts, exchange, updater: createUpdater(exchange, keys.update) };
  const base = ofLatest((secondaries) => baseOf({ info, keys, secondaries: parseSecondaries(secondaries) }));
  return {
    kind: "execute",
    audit: auditUnit,
    // Asked for with every change.
    base: () => base(parts.secondaries()),
    generation: (generation) => generationOf(info, generation),
    execute: (changes, signal) => executeChanges(all, changes, signal),
    drifted: (units, signal) => driftOf({ exchange, key: keys.transfer }, units, signal),
    report: async (_key, unit, signal) =>
      unit.kind === "zone" ? { ...(await reportZone(exchange, unit, signal)) } : {},
  };
}

/** A function of a text that remembers its latest result. */
function ofLatest<T>(make: (text: string) => T): (text: string) => T {
  let latest: { readonly text: string; readonly made: T } | undefined;
  return (text) => {
    if (latest?.text !== text) latest = { text, made: make(text) };
    return latest.made;
  };
}
