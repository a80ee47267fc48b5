import {
  type Clock,
  type Logger,
  notFound,
  PanelError,
  type RenderedFile,
  type RenderingProvider,
} from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import { isBound, type SlotEntry, type SlotTable } from "../slots/slot-table.ts";
import type { Storage } from "../storage/types.ts";
import { pageSize } from "./all-keys.ts";
import type { ApplyDeps, BatchApplier } from "./apply-batch.ts";
import { unifiedDiff } from "./diff.ts";
import { baseKey, fileId, generationKey, hashOf } from "./item.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { distrustUnits, putFiles } from "./ledger-write.ts";
import { isGenerationFile, toText } from "./merge.ts";
import { Pass } from "./pass.ts";
import { observeFiles, readGeneration } from "./pending.ts";
import { Settlement } from "./settlement.ts";
import { Tally } from "./tally.ts";
import type { Drift } from "./types.ts";

export interface DriftDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
}

/** How long a provider may look at the world. Milliseconds. */
const deadlineMs = 60_000;

/** Everything that is not as it was applied. */
export async function observeDrift(deps: DriftDeps, table: SlotTable): Promise<readonly Drift[]> {
  return (await find(deps, table)).map(({ drift }) => drift);
}

/** Throws NOT_FOUND when there is no such difference any more, DRIFT_NOT_MENDED (409) when the backend refuses. */
export async function resolveDrift(
  deps: ApplyDeps & { readonly clock: Clock },
  request: { applier: BatchApplier; table: SlotTable; id: string; action: "mend" | "adopt" },
): Promise<void> {
  const found = (await find(deps, request.table)).find(({ drift }) => drift.id === request.id);
  if (!found) throw notFound("difference");
  if (request.action === "mend") return mend(deps, request, found);
  const { file, actual, drift } = found;
  if (!file) throw new PanelError("DRIFT_NOT_ADOPTABLE", { status: 409, message: `${drift.slot} can only be mended.` });
  await deps.storage.change((change) => putFiles(change.db, [{ ...file, sha256: actual, adopted: true }]));
}

interface Found {
  readonly drift: Drift;
  readonly entry: SlotEntry;
  /** Undefined for a unit of an executing provider. */
  readonly file: FileRecord | undefined;
  readonly actual: string | null;
}

async function find(deps: DriftDeps, table: SlotTable): Promise<readonly Found[]> {
  const found: Found[] = [];
  const seen = new Set<string>();
  for (const entry of table.order) {
    const bound = entry.bound();
    if (!isBound(bound)) continue;
    if (bound.provider.kind === "execute") found.push(...(await findUnits(deps, entry)));
    else if (!seen.has(bound.plugin)) found.push(...(await findFiles(deps, entry, table)));
    seen.add(bound.plugin);
  }
  return found;
}

async function findFiles(deps: DriftDeps, entry: SlotEntry, table: SlotTable): Promise<readonly Found[]> {
  const bound = entry.bound();
  if (!isBound(bound)) return [];
  const ledger = new Ledger(deps.storage.read);
  const files = await ledger.pluginFiles(bound.plugin);
  const actual = await observeFiles(deps.host, files);
  const found: Found[] = [];
  for (const [at, file] of files.entries()) {
    const digest = actual[at] ?? null;
    if (digest === file.sha256) continue;
    const owner = table.get(file.slot) ?? entry;
    const { content } = await deps.host.helper.call("tree.read", { plugin: file.plugin, path: file.path });
    const ours = await ourVersion(ledger, owner, file);
    const drift: Drift = {
      id: hashOf([file.plugin, file.path, digest]).slice(0, 32),
      slot: owner.slot.id,
      plugin: file.plugin,
      target: file.path,
      kind: digest === null ? "missing" : "changed",
      diff: unifiedDiff(file.path, { from: ours, to: content }),
    };
    found.push({ drift, entry: owner, file, actual: digest });
  }
  return found;
}

/** What we would write; null when it cannot be told. */
async function ourVersion(ledger: Ledger, entry: SlotEntry, file: FileRecord): Promise<string | null> {
  if (file.slot === "") {
    const lines = await ledger.lines(file.plugin, [file.path]);
    return toText(lines.get(fileId(file.plugin, file.path)) ?? new Map());
  }
  const bound = entry.bound();
  if (!isBound(bound) || bound.provider.kind !== "render") return null;
  const files = await renderOwner(ledger, bound.provider, file);
  return files.find((rendered) => rendered.path === file.path)?.content ?? null;
}

async function renderOwner(
  ledger: Ledger,
  provider: RenderingProvider,
  file: FileRecord,
): Promise<readonly RenderedFile[]> {
  if (file.key === baseKey) return provider.base().files ?? [];
  if (file.key === generationKey) return provider.generation?.(await readGeneration(ledger)).files ?? [];
  const unit = (await ledger.units(file.slot, [file.key])).get(file.key);
  return unit ? (provider.render(file.key, unit.unit).files ?? []) : [];
}

async function findUnits(deps: DriftDeps, entry: SlotEntry): Promise<readonly Found[]> {
  const bound = entry.bound();
  if (!isBound(bound) || bound.provider.kind !== "execute") return [];
  const ledger = new Ledger(deps.storage.read);
  const slot = entry.slot.id;
  const found: Found[] = [];
  for (let after = ""; ; ) {
    const keys = await ledger.keys(slot, after, pageSize);
    const units = [...(await ledger.units(slot, keys))].filter(
      ([, unit]) => unit.plugin === bound.plugin && unit.hash !== "",
    );
    const world = new Map(units.map(([key, { unit }]) => [key, unit]));
    const drifted = world.size === 0 ? [] : await bound.provider.drifted(world, AbortSignal.timeout(deadlineMs));
    for (const key of drifted) {
      const id = hashOf([slot, bound.plugin, key]).slice(0, 32);
      const drift: Drift = { id, slot, plugin: bound.plugin, target: key, kind: "changed", diff: "" };
      found.push({ drift, entry, file: undefined, actual: null });
    }
    const last = keys.at(-1);
    if (last === undefined || keys.length < pageSize) return found;
    after = last;
  }
}

async function mend(
  deps: ApplyDeps & { readonly clock: Clock },
  { applier, table }: { applier: BatchApplier; table: SlotTable },
  found: Found,
): Promise<void> {
  const { drift, entry, file, actual } = found;
  const ledger = new Ledger(deps.storage.read);
  if (!file) await deps.storage.change((change) => distrustUnits(change.db, [{ slot: drift.slot, key: drift.target }]));
  const tally = new Tally([]);
  const settlement = new Settlement({ ...deps, onOutcome: async () => {}, notify: () => {} }, tally, new Map());
  const pass = new Pass(deps, applier, {
    table,
    tally,
    settlement,
    forced: file !== undefined,
    observed: new Map(file ? [[fileId(file.plugin, file.path), actual]] : []),
    refresh: new Set(file && isGenerationFile(file) ? [file.plugin] : []),
  });
  for (const [slot, keys] of await owners(ledger, found)) await pass.work(table.get(slot) ?? entry, keys);
  await pass.removeLater();
  await settlement.finish();
  const failure = pass.failures[0];
  if (failure) throw new PanelError("DRIFT_NOT_MENDED", { status: 409, message: failure.message });
}

/** Slots and keys of the units that put something into what differs. */
async function owners(ledger: Ledger, { drift, file }: Found): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!file) return new Map([[drift.slot, [drift.target]]]);
  if (file.slot !== "")
    return new Map([[file.slot, file.key === generationKey || file.key === baseKey ? [] : [file.key]]]);
  const lines = (await ledger.lines(file.plugin, [file.path])).get(fileId(file.plugin, file.path)) ?? new Map();
  const bySlot = new Map<string, Set<string>>();
  for (const { slot, key } of lines.values()) bySlot.set(slot, (bySlot.get(slot) ?? new Set()).add(key));
  return new Map([...bySlot].map(([slot, keys]) => [slot, [...keys]]));
}
