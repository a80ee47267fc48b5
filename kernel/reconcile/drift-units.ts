import { within } from "../host/within.ts";
import { pageSize } from "./all-keys.ts";
import type { Deployment, Place } from "./deployment.ts";
import { unifiedDiff } from "./diff.ts";
import type { Found } from "./difference.ts";
import { hashOf } from "./item.ts";
import type { Ledger } from "./ledger.ts";

/** How long a provider may look at the world. Milliseconds. */
const deadlineMs = 60_000;

/** Units that an executing provider serves and that are not as they were applied. */
export async function findUnits(ledger: Ledger, deployment: Deployment, place: Place): Promise<readonly Found[]> {
  const provider = place.candidate.provider();
  if (provider.kind !== "execute" || !place.used) return [];
  const at = { slot: deployment.entry.slot.id, plugin: place.candidate.plugin };
  const found: Found[] = [];
  for (let after = ""; ; ) {
    const rows = await ledger.unitsOf(at, after, pageSize);
    // What a former provider still has is left as it is.
    const served = rows.filter(({ hash, role }) => hash !== "" && (deployment.isChosen(place) || role === "assigned"));
    const world = new Map(served.map(({ key, unit }) => [key, unit]));
    const drifted =
      world.size === 0 ? [] : await within(deadlineMs, undefined, (signal) => provider.drifted(world, signal));
    for (const { key, wanted, actual } of drifted) {
      const id = hashOf([at.slot, at.plugin, key]).slice(0, 32);
      const diff = unifiedDiff(key, { from: wanted, to: actual });
      const drift = {
        id,
        ...at,
        target: key,
        kind: actual === null ? ("missing" as const) : ("changed" as const),
        diff,
      };
      found.push({ drift, file: undefined, actual: null });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return found;
    after = last.key;
  }
}
