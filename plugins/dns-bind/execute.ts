import type { DnsUnit, RecordSetUnit } from "@patchbay/dns/contract";
import { type Clock, ProviderError, type StateFiles, type UnitChange, type Wire } from "@patchbay/sdk";
import { toBatches, type ZoneBatch } from "./batch.ts";
import { changeCatalog } from "./catalog.ts";
import { type Control, openControl } from "./control.ts";
import type { Exchange } from "./exchange.ts";
import type { Keys } from "./keys.ts";
import type { Updater } from "./updater.ts";
import { ensureZone, removeZone } from "./zones.ts";

export interface ExecuteParts {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly state: StateFiles;
  readonly keys: Keys;
  readonly exchange: Exchange;
  readonly updater: Updater;
}

type Failures = Map<string, ProviderError>;

/** named does one command at a time; more connections only fill the time between two of them. */
const zonesAtATime = 4;

/** A control connection that is opened when it is needed, and again after it broke. */
interface Line {
  control(): Promise<Control>;
  hangUp(): void;
}

/** Brings about all changes, zone by zone; then the catalog learns which zones came and went. */
export async function executeChanges(
  parts: ExecuteParts,
  changes: readonly UnitChange<DnsUnit>[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ProviderError>> {
  const failures: Failures = new Map();
  const batches = toBatches(changes);
  const left = [...batches];
  const work = async () => {
    const line = openLine(parts, signal);
    for (let batch = left.shift(); batch !== undefined; batch = left.shift()) {
      await attempt(batch, failures, async () => doBatch(parts, line, { batch, failures, signal }));
      if (failures.size > 0) line.hangUp();
    }
    line.hangUp();
  };
  await Promise.all(Array.from({ length: Math.min(zonesAtATime, batches.length) }, work));
  await listZones(parts, { batches, failures, signal });
  return failures;
}

interface Round<B> {
  readonly failures: Failures;
  readonly signal: AbortSignal;
  readonly batch: B;
}

async function doBatch(parts: ExecuteParts, line: Line, round: Round<ZoneBatch | undefined>): Promise<void> {
  const { batch, failures, signal } = round;
  if (batch === undefined) return;
  const { zone, unit } = batch;
  if (unit === null) return await removeZone({ ...parts, control: await line.control() }, zone);
  let { sets } = batch;
  if (unit !== undefined) {
    const wanted = sets.flatMap(({ set }): RecordSetUnit[] => (set === null ? [] : [set]));
    const left = new Set(await ensureZone({ ...parts, control: await line.control() }, { unit, sets: wanted }, signal));
    sets = sets.filter(({ set }) => set === null || left.has(set));
  }
  for (const [key, fault] of await parts.updater.bring(zone, sets, signal)) failures.set(key, fault);
}

/** The catalog lists what is served: zones that failed are not in it yet, or not out of it. */
async function listZones(
  parts: ExecuteParts,
  { batches, failures, signal }: Omit<Round<never>, "batch"> & { batches: readonly ZoneBatch[] },
): Promise<void> {
  const moved = batches.filter(({ unit, zone }) => unit !== undefined && !failures.has(zone));
  const come = moved.filter(({ unit }) => unit !== null).map(({ zone }) => zone);
  const leave = moved.filter(({ unit }) => unit === null).map(({ zone }) => zone);
  const line = openLine(parts, signal);
  const work = () => changeCatalog({ ...parts, control: line.control }, { come, leave }, signal);
  await attempt({ keys: moved.map(({ zone }) => zone) }, failures, work);
  line.hangUp();
}

/** What is thrown fails the keys; a fault of the plugin is no reason for a unit, and is thrown on. */
async function attempt(of: Pick<ZoneBatch, "keys">, failures: Failures, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    for (const key of of.keys) failures.set(key, error);
  }
}

function openLine({ wire, clock, keys }: ExecuteParts, signal: AbortSignal): Line {
  let open: ReturnType<typeof openControl> | undefined;
  return {
    control: () => {
      open ??= openControl({ wire, clock, secret: keys.control.secret }, signal);
      return open;
    },
    hangUp: () => {
      open?.then(
        (control) => control.close(),
        () => {},
      );
      open = undefined;
    },
  };
}
