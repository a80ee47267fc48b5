import { type DnsUnit, parseKey, type RecordSetUnit, type ZoneUnit } from "@patchbay/dns/contract";
import type { UnitChange } from "@patchbay/sdk";
import type { SetChange } from "./update.ts";

/** All changes of one zone. */
export interface ZoneBatch {
  readonly zone: string;
  /** Null: the zone is to be removed, with all its sets. Undefined: nothing changes but sets. */
  readonly unit: ZoneUnit | null | undefined;
  readonly sets: readonly SetChange[];
  /** Keys of all units that change. */
  readonly keys: readonly string[];
}

export function toBatches(changes: readonly UnitChange<DnsUnit>[]): ZoneBatch[] {
  const batches = new Map<string, { unit: ZoneUnit | null | undefined; sets: SetChange[]; keys: string[] }>();
  for (const { key, unit } of changes) {
    const { zone, name, type } = parseKey(key);
    const batch = batches.get(zone) ?? { unit: undefined, sets: [], keys: [] };
    batches.set(zone, batch);
    batch.keys.push(key);
    if (name !== undefined && type !== undefined) batch.sets.push({ name, type, set: unit as RecordSetUnit | null });
    else batch.unit = unit as ZoneUnit | null;
  }
  return [...batches].map(([zone, batch]) => ({ zone, ...batch }));
}
