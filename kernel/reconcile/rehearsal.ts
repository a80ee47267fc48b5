import type { Read, UnitIssue } from "@patchbay/sdk";
import { within } from "../host/within.ts";
import type { Candidate } from "../slots/candidate.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import { pageSize, toPages } from "./all-keys.ts";
import type { ApplyDeps, Batch, BatchApplier, Sink } from "./apply-batch.ts";
import { Bisector } from "./bisect.ts";
import { denialsOf } from "./config-hooks.ts";
import { type Deployment, deploy, type Place } from "./deployment.ts";
import { markedKeys } from "./dirty.ts";
import { executeItems } from "./execute-items.ts";
import { toFailure } from "./failure.ts";
import { baseKey, fileId, type Item, type LedgerUnit } from "./item.ts";
import { type FileRecord, Ledger } from "./ledger.ts";
import { canRemove, prepareBase, prepareFor, readPage, toRemoval, type Wishes } from "./prepare.ts";
import { failedProbes } from "./probes.ts";
import { observeSleeping } from "./sleeping.ts";
import type { UnitFailure } from "./types.ts";

/** A candidate beside the provider that is chosen. */
export interface Rehearsal {
  readonly entry: SlotEntry;
  readonly candidate: Candidate;
  readonly applier: BatchApplier;
  /** Runs one page at a time while nothing else writes. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  onProgress(share: number): void;
}

/**
 * Puts a candidate to the side with every unit that is assigned to nobody. What changes meanwhile is not brought to it:
 * handing over renders whatever differs then. Returns what it refused.
 */
export async function rehearse(deps: ApplyDeps, rehearsal: Rehearsal): Promise<readonly UnitFailure[]> {
  const keys: string[] = [];
  for await (const page of pagesOf(rehearsal.entry, deps.storage.read)) keys.push(...page);
  rehearsal.onProgress(0);
  const calls = rehearsal.candidate.provider().kind === "execute";
  const failures = await (calls ? callAll : writeAll)(deps, rehearsal, keys);
  rehearsal.onProgress(1);
  return failures;
}

/** Page by page, so that changes come in between. */
async function callAll(
  deps: ApplyDeps,
  rehearsal: Rehearsal,
  keys: readonly string[],
): Promise<readonly UnitFailure[]> {
  const { alone, onProgress } = rehearsal;
  const wanted = new Set(keys);
  const failures = [...(await alone(() => applyPage(deps, rehearsal, { keys: [], wanted })))];
  for (let from = 0; from < keys.length; from += pageSize) {
    // Without its base nothing of it would hold, and who cannot be reached for one page is not waited for again.
    if (failures.some(({ key, kind }) => key === baseKey || kind === "unavailable")) return failures;
    const page = keys.slice(from, from + pageSize);
    failures.push(...(await alone(() => applyPage(deps, rehearsal, { keys: page }))));
    deps.crashPoint("reconcile:prepared");
    onProgress(Math.min(1, (from + page.length) / keys.length));
  }
  return failures;
}

/**
 * All files as one: each page of its own would have the daemon read everything again. The units are looked at afterwards,
 * a page at a time, because that takes longest and needs nobody to wait.
 */
async function writeAll(
  deps: ApplyDeps,
  rehearsal: Rehearsal,
  keys: readonly string[],
): Promise<readonly UnitFailure[]> {
  const { alone, candidate, entry, onProgress } = rehearsal;
  const failures = [...(await alone(() => applyPage(deps, rehearsal, { keys, wanted: new Set(keys) })))];
  deps.crashPoint("reconcile:prepared");
  // Without its base nothing of it holds, and nothing else is to blame.
  const ofBase = failures.filter(({ key }) => key === baseKey);
  if (ofBase.length > 0) return ofBase;
  const ledger = new Ledger(deps.storage.read);
  for (let from = 0; from < keys.length; from += pageSize) {
    const page = keys.slice(from, from + pageSize);
    const silent = await silentUnits(deps, rehearsal, await preparedUnits(ledger, rehearsal, page));
    // A unit may have gone since it was looked at.
    const left = await preparedUnits(ledger, rehearsal, silent);
    failures.push(...left.map(({ key }) => toFailure({ slot: entry.slot.id, key }, "invalid", candidate.title)));
    onProgress(Math.min(1, (from + page.length) / keys.length));
  }
  return failures;
}

async function preparedUnits(
  ledger: Ledger,
  { candidate, entry }: Rehearsal,
  keys: readonly string[],
): Promise<readonly LedgerUnit[]> {
  const rows = await ledger.units(entry.slot.id, keys);
  return [...rows.values()].flat().filter(({ hash, plugin }) => plugin === candidate.plugin && hash !== "");
}

/** Keys of the units that the candidate does not answer for. */
async function silentUnits(
  { host, timing }: ApplyDeps,
  { candidate }: Rehearsal,
  units: readonly LedgerUnit[],
): Promise<readonly string[]> {
  const sights = units.flatMap(({ key, rendered }) =>
    rendered.probes.map((probe) => ({ key, sight: { probe, ports: candidate.sidePorts } })),
  );
  const failed = await failedProbes(
    host,
    sights.map(({ sight }) => sight),
    timing,
  );
  return [...new Set(failed.flatMap((at) => sights[at]?.key ?? []))];
}

/** Keys that should exist, a page at a time. */
async function* pagesOf({ slot }: SlotEntry, read: Read): AsyncGenerator<readonly string[]> {
  for (let after = ""; ; ) {
    const page = await slot.keys(read, after, pageSize);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize) return;
    after = last;
  }
}

/** The base with what the candidate has left of units that are gone (`wanted`: those that are not), or a page of units. */
async function applyPage(
  deps: ApplyDeps,
  { applier, candidate, entry }: Rehearsal,
  page: { keys: readonly string[]; wanted?: ReadonlySet<string> },
): Promise<readonly UnitFailure[]> {
  const ledger = new Ledger(deps.storage.read);
  const failures: UnitFailure[] = [];
  const fail = (failure: UnitFailure) => void failures.push(failure);
  const deployment = await deploy(entry, ledger, candidate.id);
  const place = deployment.at(candidate);
  const prepared = await prepareKeys(deps, { deployment, place, keys: page.keys });
  const calls = candidate.provider().kind === "execute";
  const denials = calls ? [] : await denialsOf(deps.config, entry, prepared.items);
  for (const failure of [...prepared.failures, ...denials]) fail(failure);
  const base = await prepareBase(deployment, place, { rows: prepared.baseRows, forced: page.wanted !== undefined });
  const gone = page.wanted ? await leftOver(ledger, { deployment, place }, page.wanted) : [];
  const items = [
    ...(base ? [base] : []),
    ...prepared.items.filter(({ key }) => !denials.some((denial) => denial.key === key)),
    ...gone,
  ];
  const observed = new Map<string, string | null>();
  await observeSleeping({ host: deps.host, ledger, observed }, entry.slot.id, { place, items });
  const orphans = page.wanted ? await strayLineFiles(ledger, candidate.plugin) : [];
  const batch: Batch = { ...quiet, entry, place, observed, orphans };
  const isCalled = (item: Item) => calls && item.key !== baseKey;
  const files = items.filter((item) => !isCalled(item));
  const options = { whole: false, fail };
  await new Bisector(deps, applier, { batch, size: files.length, options }).apply(files);
  if (!failures.some(({ key }) => key === baseKey))
    await executeItems(deps, { entry, place, items: items.filter(isCalled), sink: quiet.sink, fail });
  return failures;
}

/** What a provider has to do for those keys that go with the choice. The next ones are read while some are rendered. */
async function prepareKeys(
  { logger, storage }: ApplyDeps,
  { deployment, keys, place }: { deployment: Deployment; place: Place; keys: readonly string[] },
) {
  const { read } = storage;
  const { entry } = deployment;
  const ledger = new Ledger(read);
  const pages = toPages(keys);
  const begin = (at: number) => readPage({ ledger, read }, entry, pages[at] ?? []);
  const items: Item[] = [];
  const failures: UnitFailure[] = [];
  let next = begin(0);
  const baseRows = await next.rows;
  for (let at = 0; at < pages.length; at += 1) {
    const page = next;
    const [rows, wishes] = await Promise.all([page.rows, page.wishes]);
    if (at + 1 < pages.length) next = begin(at + 1);
    const own = page.keys.filter((key) => isEverybodys(wishes, key));
    const prepared = await prepareFor(deployment, place, { keys: own, rows, wishes, logger });
    items.push(...prepared.items);
    failures.push(...prepared.failures);
  }
  // What a change has only just marked is not everywhere it has to be; it is brought along when the front is handed over.
  const pending = await markedKeys(read, entry.slot.id);
  const isSettled = ({ key }: { readonly key: string }) => !pending.has(key);
  return { baseRows, items: items.filter(isSettled), failures: failures.filter(isSettled) };
}

/** Nobody waits for what is done beside the provider that serves. */
const quiet = {
  sink: { live: () => {}, executed: () => {}, settle: async () => {}, took: () => {} } satisfies Sink,
  leaving: new Set<string>(),
  refresh: false,
  claims: false,
  handOver: undefined,
  unproved: true,
} as const;

/** Files of lines of which nobody knows the lines: the panel died between putting them in place and writing them down. */
async function strayLineFiles(ledger: Ledger, plugin: string): Promise<readonly FileRecord[]> {
  const files = (await ledger.pluginFiles(plugin)).filter(({ sha256, slot }) => slot === "" && sha256 !== null);
  const lines = await ledger.lines(
    plugin,
    files.map(({ path }) => path),
  );
  return files.filter(({ path }) => lines.get(fileId(plugin, path))?.size === 0);
}

/** True for a unit that goes with the choice: it exists, and is assigned to nobody. */
function isEverybodys({ assigned, units }: Wishes, key: string): boolean {
  return units.has(key) && !assigned.has(key);
}

async function leftOver(
  ledger: Ledger,
  at: { deployment: Deployment; place: Place },
  wanted: ReadonlySet<string>,
): Promise<readonly Item[]> {
  const where = { slot: at.deployment.entry.slot.id, plugin: at.place.candidate.plugin };
  const found: Item[] = [];
  for (let after = ""; ; ) {
    const rows = await ledger.unitsOf(where, after, pageSize);
    const gone = rows.filter(({ key }) => !wanted.has(key));
    if (canRemove(at.place)) found.push(...gone.map((row) => toRemoval(at.place, row)));
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return found;
    after = last.key;
  }
}

/** What a candidate says of every unit that would come to it, and of those it would have to relay. Pure. */
export async function auditAll(
  entry: SlotEntry,
  candidate: Candidate,
  read: Read,
): Promise<{ units: number; refused: UnitIssue[]; lost: UnitIssue[] }> {
  const provider = candidate.provider();
  const relays = entry.slot.cardinality === "many" || (provider.kind === "render" && provider.relay !== undefined);
  const found = { units: 0, refused: [] as UnitIssue[], lost: [] as UnitIssue[] };
  for await (const keys of pagesOf(entry, read)) {
    const units = await entry.slot.load(read, keys);
    const assigned = (await entry.slot.assigned?.(read, keys)) ?? new Map<string, string>();
    const own = [...units].filter(([key]) => !assigned.has(key));
    const issues = new Map(
      await Promise.all(own.map(async ([key, unit]) => [key, await provider.audit(unit)] as const)),
    );
    for (const key of units.keys()) {
      const to = assigned.get(key);
      if (to !== undefined && to !== candidate.id && !relays)
        found.refused.push({
          unit: key,
          field: "",
          message: `${candidate.title} cannot pass requests on to another backend.`,
        });
      if (to !== undefined) continue;
      found.units += 1;
      for (const { field, message, lost } of issues.get(key) ?? [])
        (lost === true ? found.lost : found.refused).push({ unit: key, field, message });
    }
  }
  return found;
}

/** How long a provider may look at a page of units. Milliseconds. */
const deadlineMs = 60_000;

/** Keys of units that a candidate was told and of which its world says something else. */
export async function compareAll(ledger: Ledger, entry: SlotEntry, candidate: Candidate): Promise<readonly string[]> {
  const provider = candidate.provider();
  if (provider.kind !== "execute") return [];
  const different: string[] = [];
  for (let after = ""; ; ) {
    const rows = await ledger.unitsOf({ slot: entry.slot.id, plugin: candidate.plugin }, after, pageSize);
    const told = new Map(rows.map(({ key, unit }) => [key, unit]));
    if (told.size > 0) {
      const drifted = await within(deadlineMs, undefined, (signal) => provider.drifted(told, signal));
      different.push(...drifted.map(({ key }) => key));
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return different;
    after = last.key;
  }
}
