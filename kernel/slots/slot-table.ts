import type { SidePorts, Slot } from "@patchbay/sdk";
import { type Candidate, createCandidates, type ProviderSource } from "./candidate.ts";
import { orderSlots, slotsInvalid } from "./slot-order.ts";

/** Why nothing serves a slot. Names no path; may be shown to an admin. */
export interface Unserved {
  readonly reason: string;
}

/** What serves the units of a slot that are assigned to nobody. `none`: nobody, and that is how it was chosen. */
export type Choice = Candidate | Unserved | "none";

export interface SlotEntry {
  readonly slot: Slot;
  readonly candidates: readonly Candidate[];
  /** True when another slot comes after this one: its removals wait until that one's are done. */
  readonly awaited: boolean;
  /** What serves the slot now. Follows the setting, so ask again for every pass. A candidate's provider is created. */
  chosen(): Choice;
}

/** The slots of one generation in dependency order. */
export interface SlotTable {
  readonly order: readonly SlotEntry[];
  get(slot: string): SlotEntry | undefined;
}

export interface SlotTableInput {
  readonly slots: readonly Slot[];
  readonly providers: readonly ProviderSource[];
  /** The public ports of the host. Side ports are counted from them. */
  readonly ports: SidePorts;
  /** Places of the side ports of a slot's providers, by id. Left out: by the order of their ids. */
  sidePlaces?(slot: string, providers: readonly string[]): ReadonlyMap<string, number>;
  /** Value of a server option; undefined while nobody has chosen. */
  chosen(option: string): string | undefined;
  /** True when everything the plugin's manifest names under `packages` is there. */
  installed(plugin: string): boolean;
}

/** True when a backend serves the slot. */
export function isServed(choice: Choice): choice is Candidate {
  return choice !== "none" && !("reason" in choice);
}

/**
 * Builds the table of a generation. Throws SLOTS_INVALID (409) with every problem at once. Creates no provider yet.
 *
 * While an option is unset its default backend serves the slot if it is installed, else the first installed in the given
 * order; write the choice down, or installing a package later may change it.
 */
export function createSlotTable(input: SlotTableInput): SlotTable {
  const order = orderSlots(input.slots);
  const known = new Set(order.map((slot) => slot.id));
  const problems = [
    ...input.providers.flatMap((source, at) => providerProblems(source, input.providers.slice(0, at), known)),
    ...severalDefaults(input.providers),
  ];
  if (problems.length > 0) throw slotsInvalid(problems);
  const entries = order.map((slot) => createEntry(slot, input));
  const byId = new Map(entries.map((entry) => [entry.slot.id, entry]));
  return { order: entries, get: (slot) => byId.get(slot) };
}

/** What serves a slot while its option is unset. A slot that may be left unserved is not given to just anybody. */
export function fallbackOf(slot: Slot, candidates: readonly Candidate[]): Candidate | undefined {
  const installed = candidates.filter((candidate) => candidate.installed());
  return installed.find((candidate) => candidate.isDefault) ?? (slot.optional === true ? undefined : installed[0]);
}

function providerProblems(
  { plugin, entry }: ProviderSource,
  before: readonly ProviderSource[],
  known: ReadonlySet<string>,
): string[] {
  const others = before.filter((other) => other.entry.slot === entry.slot);
  const problems: string[] = [];
  if (!known.has(entry.slot)) problems.push(`${plugin} provides ${entry.slot}, which does not exist`);
  if (others.some((other) => other.entry.id === entry.id))
    problems.push(`${entry.slot} has two providers called ${entry.id}`);
  else if (others.some((other) => other.plugin === plugin)) problems.push(`${plugin} provides ${entry.slot} twice`);
  return problems;
}

function severalDefaults(providers: readonly ProviderSource[]): string[] {
  const slots = providers.filter(({ entry }) => entry.default === true).map(({ entry }) => entry.slot);
  const twice = new Set(slots.filter((slot, at) => slots.indexOf(slot) !== at));
  return [...twice].map((slot) => `${slot} has several default providers`);
}

function createEntry(slot: Slot, input: SlotTableInput): SlotEntry {
  const sources = input.providers.filter(({ entry }) => entry.slot === slot.id);
  const places = input.sidePlaces?.(
    slot.id,
    sources.map(({ entry }) => entry.id),
  );
  const candidates = createCandidates(sources, { ports: input.ports, installed: input.installed, places });
  return {
    slot,
    candidates,
    awaited: input.slots.some((other) => other.after.includes(slot.id)),
    chosen: () => choose(slot, candidates, slot.option === null ? undefined : input.chosen(slot.option)),
  };
}

function choose(slot: Slot, candidates: readonly Candidate[], chosen: string | undefined): Choice {
  const picked = pick(slot, candidates, chosen);
  if (!isServed(picked)) return picked;
  try {
    picked.provider();
    return picked;
  } catch {
    return { reason: `${picked.title} could not be set up` };
  }
}

function pick(slot: Slot, candidates: readonly Candidate[], chosen: string | undefined): Choice {
  if (chosen === "none" && slot.optional === true) return "none";
  if (chosen !== undefined) {
    const named = candidates.find((candidate) => candidate.id === chosen);
    if (!named) return { reason: `the backend chosen for ${slot.title} is not there` };
    return named.installed() ? named : { reason: `${named.title} is not installed` };
  }
  const fallback = fallbackOf(slot, candidates);
  if (!fallback && slot.optional === true) return "none";
  if (!fallback) return { reason: `no backend for ${slot.title} is installed` };
  const several = candidates.filter((candidate) => candidate.installed()).length > 1;
  return slot.option === null && several ? { reason: `several backends serve ${slot.title}` } : fallback;
}
