import { type Clock, notFound, PanelError } from "@patchbay/sdk";
import type { ApplyDeps, BatchApplier } from "./apply-batch.ts";
import { deploy, usedTrees } from "./deployment.ts";
import type { DriftDeps, Found } from "./difference.ts";
import { findFiles, showFile } from "./drift-files.ts";
import { findUnits } from "./drift-units.ts";
import { adoptedKey, baseKey, fileId, generationKey } from "./item.ts";
import { Ledger } from "./ledger.ts";
import { distrustUnitsAt, putFiles } from "./ledger-write.ts";
import { isGenerationFile } from "./merge.ts";
import { Pass } from "./pass.ts";
import { observeFiles } from "./pending.ts";
import { Settlement } from "./settlement.ts";
import { Tally } from "./tally.ts";

/** Everything of providers that are used that is not as it was applied, with the differences themselves. */
export async function observeDrift(deps: DriftDeps): Promise<readonly Found[]> {
  const ledger = new Ledger(deps.storage.read);
  const found = [...(await observeFileDrift(deps))];
  const shown: Found[] = [];
  for (const one of found) shown.push(await showFile(deps, ledger, one));
  for (const entry of deps.table.order) {
    const deployment = await deploy(entry, ledger, deps.standing(entry.slot.id));
    for (const place of deployment.places) shown.push(...(await findUnits(ledger, deployment, place)));
  }
  const order = deps.table.order.map((entry) => entry.slot.id);
  return shown.sort((a, b) => order.indexOf(a.drift.slot) - order.indexOf(b.drift.slot));
}

/** Files that are not as they were applied; what differs in them is left out. */
export async function observeFileDrift(deps: DriftDeps): Promise<readonly Found[]> {
  const ledger = new Ledger(deps.storage.read);
  const found: Found[] = [];
  for (const tree of await usedTrees(ledger, deps)) found.push(...(await findFiles(deps, ledger, tree)));
  return found;
}

export interface Resolution {
  readonly applier: BatchApplier;
  readonly id: string;
  readonly action: "mend" | "adopt";
}

/** Throws NOT_FOUND when there is no such difference any more, DRIFT_NOT_MENDED (409) when the backend refuses. */
export async function resolveDrift(
  deps: ApplyDeps & DriftDeps & { readonly clock: Clock },
  { applier, id, action }: Resolution,
): Promise<void> {
  const found = (await observeDrift(deps)).find(({ drift }) => drift.id === id);
  if (!found) throw notFound("difference");
  if (action === "mend") return mend(deps, applier, found);
  const { file, actual, drift } = found;
  if (!file) throw new PanelError("DRIFT_NOT_ADOPTABLE", { status: 409, message: `${drift.slot} can only be mended.` });
  await deps.storage.change((change) => putFiles(change.db, [{ ...file, sha256: actual, adopted: true }]));
}

async function mend(
  deps: ApplyDeps & DriftDeps & { readonly clock: Clock },
  applier: BatchApplier,
  found: Found,
): Promise<void> {
  const { drift, file, actual } = found;
  const { slot, plugin, target } = drift;
  if (!file) await deps.storage.change((change) => distrustUnitsAt(change.db, slot, { plugin, keys: [target] }));
  const tally = new Tally([]);
  const settlement = new Settlement({ ...deps, onOutcome: async () => {}, notify: () => {} }, tally, new Map());
  const isNobodys = file !== undefined && (isGenerationFile(file) || file.key === adoptedKey);
  const pass = new Pass(deps, applier, {
    table: deps.table,
    tally,
    settlement,
    forced: file !== undefined,
    observed: new Map(file ? [[fileId(file.plugin, file.path), actual]] : []),
    refresh: new Set(isNobodys ? [plugin] : []),
    orphans: file?.key === adoptedKey ? [{ ...file, sha256: actual }] : [],
    standing: deps.standing,
  });
  for (const [owner, keys] of await owners(new Ledger(deps.storage.read), found)) {
    const entry = deps.table.get(owner);
    if (entry) await pass.work(entry, keys);
  }
  await pass.removeLater();
  await settlement.finish();
  const failure = pass.failures[0];
  const [now] = file ? await observeFiles(deps.host, [file]) : [];
  const isStillThere = file !== undefined && now === actual && !isGenerationFile(file);
  if (failure || isStillThere) {
    const message = failure?.message ?? `${target} belongs to nothing that is served now; it can only be adopted.`;
    throw new PanelError("DRIFT_NOT_MENDED", { status: 409, message });
  }
}

/** Slots and keys of the units that put something into what differs. */
async function owners(ledger: Ledger, { drift, file }: Found): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!file) return new Map([[drift.slot, [drift.target]]]);
  if ([baseKey, generationKey, adoptedKey].includes(file.key) && (file.slot !== "" || file.key === adoptedKey))
    return new Map([[drift.slot, []]]);
  if (file.slot !== "") return new Map([[file.slot, [file.key]]]);
  const lines = (await ledger.lines(file.plugin, [file.path])).get(fileId(file.plugin, file.path)) ?? new Map();
  const bySlot = new Map<string, Set<string>>();
  for (const { slot, key } of lines.values()) bySlot.set(slot, (bySlot.get(slot) ?? new Set()).add(key));
  return new Map([...bySlot].map(([slot, keys]) => [slot, [...keys]]));
}
