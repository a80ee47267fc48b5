import type { Provider, ProviderEntry, Slot, Token } from "@patchbay/sdk";
import { orderSlots, slotsInvalid } from "./slot-order.ts";

/** A backend's entry together with the plugin it came from. */
export interface ProviderSource {
  readonly plugin: string;
  readonly entry: ProviderEntry;
  /** The services of the plugin. */
  readonly use: <T>(token: Token<T>) => T;
}

/** One backend that could serve a slot. */
export interface Candidate {
  readonly plugin: string;
  /** Value of the slot's server option. */
  readonly id: string;
  readonly title: string;
  /** Looks anew each time: packages come and go while the panel runs. */
  installed(): boolean;
  /** The provider, created on first use. Throws what its `create` threw. */
  provider(): Provider;
}

/** The backend that serves a slot. */
export interface BoundProvider {
  readonly plugin: string;
  readonly id: string;
  readonly title: string;
  readonly provider: Provider;
}

/** Why nothing serves a slot. Names no path; may be shown to an admin. */
export interface Unserved {
  readonly reason: string;
}

export interface SlotEntry {
  readonly slot: Slot;
  readonly candidates: readonly Candidate[];
  /** True when another slot comes after this one: its removals wait until that one's are done. */
  readonly awaited: boolean;
  /** What serves the slot now. Follows the setting, so ask again for every pass. */
  bound(): BoundProvider | Unserved;
}

/** The slots of one generation in dependency order. */
export interface SlotTable {
  readonly order: readonly SlotEntry[];
  get(slot: string): SlotEntry | undefined;
}

export interface SlotTableInput {
  readonly slots: readonly Slot[];
  readonly providers: readonly ProviderSource[];
  /** Value of a server option; undefined while nobody has chosen. */
  chosen(option: string): string | undefined;
  /** True when everything the plugin's manifest names under `packages` is there. */
  installed(plugin: string): boolean;
}

/** True when something serves the slot. */
export function isBound(bound: BoundProvider | Unserved): bound is BoundProvider {
  return "provider" in bound;
}

/**
 * Builds the table of a generation. Throws SLOTS_INVALID (409) with every problem at once. Creates no provider yet.
 *
 * While an option is unset the first installed provider in the given order serves the slot; write the choice down, or
 * installing a package later may change it.
 */
export function createSlotTable(input: SlotTableInput): SlotTable {
  const order = orderSlots(input.slots);
  const known = new Set(order.map((slot) => slot.id));
  const problems = input.providers.flatMap(({ plugin, entry }, at) => [
    ...(known.has(entry.slot) ? [] : [`${plugin} provides ${entry.slot}, which does not exist`]),
    ...(input.providers.findIndex((other) => other.entry.slot === entry.slot && other.entry.id === entry.id) === at
      ? []
      : [`${entry.slot} has two providers called ${entry.id}`]),
  ]);
  if (problems.length > 0) throw slotsInvalid(problems);
  const entries = order.map((slot) => createEntry(slot, input));
  const byId = new Map(entries.map((entry) => [entry.slot.id, entry]));
  return { order: entries, get: (slot) => byId.get(slot) };
}

function createEntry(slot: Slot, input: SlotTableInput): SlotEntry {
  const candidates = input.providers
    .filter(({ entry }) => entry.slot === slot.id)
    .map((source) => createCandidate(source, input.installed));
  return {
    slot,
    candidates,
    awaited: input.slots.some((other) => other.after.includes(slot.id)),
    bound: () => bind(slot, candidates, slot.option === null ? undefined : input.chosen(slot.option)),
  };
}

function createCandidate(source: ProviderSource, installed: (plugin: string) => boolean): Candidate {
  let made: Provider | undefined;
  return {
    plugin: source.plugin,
    id: source.entry.id,
    title: source.entry.title,
    installed: () => installed(source.plugin),
    provider: () => {
      made ??= source.entry.create(source.use);
      return made;
    },
  };
}

function bind(slot: Slot, candidates: readonly Candidate[], chosen: string | undefined): BoundProvider | Unserved {
  const picked = pick(slot, candidates, chosen);
  if ("reason" in picked) return picked;
  try {
    return { plugin: picked.plugin, id: picked.id, title: picked.title, provider: picked.provider() };
  } catch {
    return { reason: `${picked.title} could not be set up` };
  }
}

function pick(slot: Slot, candidates: readonly Candidate[], chosen: string | undefined): Candidate | Unserved {
  if (chosen !== undefined) {
    const named = candidates.find((candidate) => candidate.id === chosen);
    if (!named) return { reason: `the backend chosen for ${slot.title} is not there` };
    return named.installed() ? named : { reason: `${named.title} is not installed` };
  }
  const installed = candidates.filter((candidate) => candidate.installed());
  const first = installed[0];
  if (!first) return { reason: `no backend for ${slot.title} is installed` };
  if (slot.option === null && installed.length > 1) return { reason: `several backends serve ${slot.title}` };
  return first;
}
