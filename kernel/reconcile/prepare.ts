import type { Logger, ProviderErrorKind, Read, Rendered, SidePorts, Unit } from "@patchbay/sdk";
import * as v from "valibot";
import type { SlotEntry } from "../slots/slot-table.ts";
import { type Aim, aimsOf, hasMovedAway } from "./aims.ts";
import { type Deployment, isPlace, type Place } from "./deployment.ts";
import { kindOf, toFailure } from "./failure.ts";
import { baseKey, hashOf, type Item, isRoleKept, type LedgerUnit } from "./item.ts";
import type { Ledger } from "./ledger.ts";
import { inParallel } from "./parallel.ts";
import type { UnitFailure } from "./types.ts";

/** What keys of one slot come to before anything is written. */
export interface Prepared {
  /** In the order of the places: first who serves, then who relays. */
  readonly upserts: Map<Place, Item[]>;
  readonly removals: Map<Place, Item[]>;
  /** Providers that any of the units is assigned to. */
  readonly assigned: Set<Place>;
  /** Keys that are as they should be. */
  readonly same: string[];
  readonly failures: UnitFailure[];
}

export interface PrepareOptions {
  readonly logger: Logger;
  /** Render also what has not changed. */
  isForced(place: Place): boolean;
}

/** What the ledger holds, by key. */
export type Rows = ReadonlyMap<string, readonly LedgerUnit[]>;

/** What a slot wants of some units: those that should exist, and where those that are assigned to somebody belong. */
export interface Wishes {
  readonly units: ReadonlyMap<string, Unit>;
  readonly assigned: ReadonlyMap<string, string>;
}

/** Throws what the slot throws. */
export async function loadWishes({ slot }: SlotEntry, read: Read, keys: readonly string[]): Promise<Wishes> {
  const [units, assigned] = await Promise.all([slot.load(read, keys), slot.assigned?.(read, keys)]);
  return { units, assigned: assigned ?? new Map() };
}

/** Some keys of a slot, and what the ledger and the slot say of them: asked for side by side, because a caller waits for it. */
export interface Page {
  readonly keys: readonly string[];
  readonly rows: Promise<Rows>;
  readonly wishes: Promise<Wishes>;
}

/** Begins to read a page. */
export function readPage(
  { ledger, read }: { ledger: Ledger; read: Read },
  entry: SlotEntry,
  marked: readonly string[],
): Page {
  const keys = marked.filter((key) => key !== baseKey);
  const rows = ledger.units(entry.slot.id, [baseKey, ...keys]);
  const wishes: Promise<Wishes> =
    keys.length > 0 ? loadWishes(entry, read, keys) : Promise.resolve({ units: new Map(), assigned: new Map() });
  for (const begun of [rows, wishes]) begun.catch(() => undefined);
  return { keys, rows, wishes };
}

/** Compares the desired units with the ledger, and audits and renders those that differ. No effects. */
export async function prepareUnits(deployment: Deployment, page: Page, options: PrepareOptions): Promise<Prepared> {
  const { slot } = deployment.entry;
  const prepared: Prepared = { upserts: new Map(), removals: new Map(), assigned: new Set(), same: [], failures: [] };
  const { keys } = page;
  if (keys.length === 0) return prepared;
  const rows = await page.rows;
  try {
    const preparer = new Preparer(deployment, { wishes: await page.wishes, prepared, options });
    await preparer.all(keys, (key) => preparer.prepare(key, rows.get(key) ?? []));
  } catch (error) {
    options.logger.error("units could not be loaded", { slot: slot.id, error });
    prepared.failures.push(...keys.map((key) => toFailure({ slot: slot.id, key }, kindOf(error), slot.title)));
  }
  return prepared;
}

/** Audits and renders units for one provider, whoever serves them. No effects. */
export async function prepareFor(
  deployment: Deployment,
  place: Place,
  work: { keys: readonly string[]; rows: Rows; wishes: Wishes; logger: Logger },
): Promise<{ readonly items: readonly Item[]; readonly failures: readonly UnitFailure[] }> {
  const prepared: Prepared = { upserts: new Map(), removals: new Map(), assigned: new Set(), same: [], failures: [] };
  const options = { logger: work.logger, isForced: () => true };
  const preparer = new Preparer(deployment, { wishes: work.wishes, prepared, options });
  await preparer.all(work.keys, (key) => preparer.prepareAt(place, key, work.rows.get(key) ?? []));
  return { items: prepared.upserts.get(place) ?? [], failures: prepared.failures };
}

/** Of bases that a provider renders once and answers again. */
const hashes = new WeakMap<Rendered, string>();

/** The base of a provider as an item; undefined when it has none or it is live as it should be. Throws what rendering throws. */
export async function prepareBase(
  deployment: Deployment,
  place: Place,
  work: { rows: Rows; forced: boolean },
): Promise<Item | undefined> {
  const rendered = await place.candidate.provider().base?.(place.stand);
  if (!rendered) return undefined;
  const { plugin } = place.candidate;
  const row = work.rows.get(baseKey)?.find((base) => base.plugin === plugin);
  const hash = hashes.get(rendered) ?? hashOf(rendered);
  hashes.set(rendered, hash);
  if (!work.forced && row?.hash === hash) return undefined;
  return {
    slot: deployment.entry.slot.id,
    key: baseKey,
    plugin,
    role: "base",
    unit: {},
    hash,
    rendered,
    before: known(place, row),
  };
}

/** Nothing of a provider that sleeps refers to a daemon, whatever it was rendered to. */
export function known(place: Place, row: LedgerUnit | undefined): LedgerUnit | undefined {
  if (!row || place.awake) return row;
  return { ...row, rendered: { ...row.rendered, services: [] } };
}

/** A reason that is no fault of the panel: the unit cannot be made live. */
class Refusal extends Error {
  readonly kind: ProviderErrorKind;
  readonly issues: UnitFailure["issues"];
  constructor(kind: ProviderErrorKind, issues: UnitFailure["issues"] = []) {
    super(kind);
    this.kind = kind;
    this.issues = issues;
  }
}

/** Units that are asked about at once: a provider in a process of its own is never left waiting for the next one. */
const unitsAtOnce = 32;

/** Writes down what came of one unit. */
type Entry = () => void;

class Preparer {
  readonly #deployment: Deployment;
  readonly #wishes: Wishes;
  readonly #prepared: Prepared;
  readonly #options: PrepareOptions;

  constructor(deployment: Deployment, work: { wishes: Wishes; prepared: Prepared; options: PrepareOptions }) {
    this.#deployment = deployment;
    this.#wishes = work.wishes;
    this.#prepared = work.prepared;
    this.#options = work.options;
  }

  /** Asks about many units at once, and enters what comes of them in the order of the keys. */
  async all(keys: readonly string[], ask: (key: string) => Promise<Entry>): Promise<void> {
    const entries: Entry[] = [];
    await inParallel([...keys.entries()], unitsAtOnce, async ([at, key]) => {
      entries[at] = await this.#collecting(key, ask);
    });
    for (const enter of entries) enter();
  }

  /** What everybody concerned has to do for a unit. */
  async prepare(key: string, rows: readonly LedgerUnit[]): Promise<Entry> {
    const unit = this.#wishes.units.get(key);
    if (unit !== undefined) return this.#place(key, unit, rows);
    if (rows.length === 0) return () => this.#prepared.same.push(key);
    this.#assertServed();
    return () => this.#enter(key, [], rows);
  }

  /** What one provider would have to do for a unit that exists. */
  async prepareAt(place: Place, key: string, rows: readonly LedgerUnit[]): Promise<Entry> {
    const unit = this.#parse(key, this.#wishes.units.get(key) ?? {});
    const before = rows.find((row) => row.plugin === place.candidate.plugin);
    const role = before?.role === "chosen" ? "chosen" : "prepared";
    const item = await this.#render({ place, role }, { key, unit, before });
    return () => this.#enter(key, item ? [{ place, item }] : [], []);
  }

  async #collecting(key: string, ask: (key: string) => Promise<Entry>): Promise<Entry> {
    const { slot } = this.#deployment.entry;
    try {
      return await ask(key);
    } catch (error) {
      const refused = error instanceof Refusal;
      if (!refused) this.#options.logger.error("a unit could not be rendered", { slot: slot.id, key, error });
      const kind = refused ? error.kind : kindOf(error);
      const failure = toFailure({ slot: slot.id, key }, kind, slot.title, refused ? error.issues : []);
      return () => this.#prepared.failures.push(failure);
    }
  }

  #parse(key: string, desired: Unit): Unit {
    const { unit: schema, id: slot } = this.#deployment.entry.slot;
    const parsed = v.safeParse(schema, desired);
    if (parsed.success) return parsed.output;
    this.#options.logger.error("a unit does not fit its own schema", { slot, key });
    throw new Refusal("terminal");
  }

  async #place(key: string, desired: Unit, rows: readonly LedgerUnit[]): Promise<Entry> {
    this.#assertServed();
    const assigned = this.#wishes.assigned.get(key);
    const aims = aimsOf(this.#deployment, assigned);
    if (typeof aims === "string") throw new Refusal(aims);
    const unit = this.#parse(key, desired);
    const rowAt = ({ candidate }: Place) => rows.find((row) => row.plugin === candidate.plugin);
    const upserts: { place: Place; item: Item }[] = [];
    for (const aim of aims) {
      const item = await this.#render(aim, { key, unit, before: rowAt(aim.place) });
      if (item) upserts.push({ place: aim.place, item });
    }
    const elsewhere = rows.filter((row) => !aims.some(({ place }) => place.candidate.plugin === row.plugin));
    const moved = elsewhere.filter((row) => hasMovedAway(this.#deployment, row, assigned));
    return () => {
      for (const { place, role } of aims) if (role === "assigned") this.#prepared.assigned.add(place);
      this.#enter(key, upserts, moved);
    };
  }

  /** Undefined when it is as it should be. */
  async #render(
    aim: Aim,
    input: { key: string; unit: Unit; before: LedgerUnit | undefined },
  ): Promise<Item | undefined> {
    const { place, role, to } = aim;
    const { key, unit, before } = input;
    const provider = place.candidate.provider();
    const hash = to ? hashOf({ relay: to, unit }) : hashOf(unit);
    // Calls cost something even when they change nothing, and there is no rendering that could have become another.
    const forced = provider.kind === "render" && this.#options.isForced(place);
    if (!forced && before?.hash === hash && isRoleKept(before, role)) return undefined;
    const issues = to ? [] : (await provider.audit(unit)).filter((issue) => issue.lost !== true);
    if (issues.length > 0) throw new Refusal("unsupported", issues);
    const { slot } = this.#deployment.entry;
    const kept = before && isRoleKept(before, role) ? before.role : role;
    const rendered = await this.#rendering(place, { key, unit, to });
    return {
      slot: slot.id,
      key,
      plugin: place.candidate.plugin,
      role: kept,
      unit,
      hash,
      rendered,
      before: known(place, before),
    };
  }

  async #rendering(
    place: Place,
    { key, unit, to }: { key: string; unit: Unit; to: SidePorts | undefined },
  ): Promise<Rendered> {
    const provider = place.candidate.provider();
    if (provider.kind === "execute" && !to) return {};
    if (provider.kind === "render" && !to) return provider.render(key, unit);
    if (provider.kind === "execute" || !provider.relay || !to) throw new Refusal("unsupported");
    return provider.relay(key, unit, to);
  }

  #enter(key: string, upserts: readonly { place: Place; item: Item }[], leaving: readonly LedgerUnit[]): void {
    const removals = leaving.flatMap((row) => {
      const place = this.#deployment.of(row.plugin);
      return place && canRemove(place) ? [{ place, item: toRemoval(place, row) }] : [];
    });
    for (const { place, item } of upserts) push(this.#prepared.upserts, place, item);
    for (const { place, item } of removals) push(this.#prepared.removals, place, item);
    if (upserts.length + removals.length === 0) this.#prepared.same.push(key);
  }

  #assertServed(): void {
    const { chosen, entry, front, many } = this.#deployment;
    if (chosen === "none") return;
    if (!isPlace(chosen)) {
      this.#options.logger.warn("nothing serves a slot", { slot: entry.slot.id, reason: chosen.reason });
      throw new Refusal("unavailable");
    }
    if (!many && !canTakeOver(chosen, this.#deployment.of(front ?? ""))) throw new Refusal("unsupported");
  }
}

export function toRemoval(place: Place, row: LedgerUnit): Item {
  const { slot, key, plugin, role } = row;
  return { slot, key, plugin, role, unit: null, hash: "", rendered: {}, before: known(place, row) };
}

/** A daemon that does not run cannot be told: what it still has is removed when it is needed again. */
export function canRemove(place: Place): boolean {
  const provider = place.candidate.provider();
  return provider.kind === "render" || !provider.base || place.awake || place.used;
}

/** Files can be taken over from another provider of files; what was done by calls only its own provider can undo. */
function canTakeOver(chosen: Place, former: Place | undefined): boolean {
  if (!former || former === chosen) return true;
  return chosen.candidate.provider().kind === "render" && former.candidate.provider().kind === "render";
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
