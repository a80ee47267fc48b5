import type { SidePorts, Stand } from "@patchbay/sdk";
import type { Candidate } from "../slots/candidate.ts";
import { isServed, type SlotEntry, type SlotTable, type Unserved } from "../slots/slot-table.ts";
import type { Holding, Ledger } from "./ledger.ts";

/** One provider of a slot, where it stands now. */
export interface Place {
  readonly candidate: Candidate;
  readonly stand: Stand;
  /** Where its probes go; undefined: to the public ports. */
  readonly ports: SidePorts | undefined;
  /** Its base or a daemon is in force, as far as the ledger knows. */
  readonly awake: boolean;
  /** It has to be there, whichever units are being worked on. */
  readonly used: boolean;
}

/** Which providers of a slot are used, and for what. Follows settings and ledger, so it is made anew for every pass. */
export class Deployment {
  readonly entry: SlotEntry;
  /** Every unit is served by the provider it belongs to, side by side; there is no front. */
  readonly many: boolean;
  /** Who serves what is assigned to nobody. */
  readonly chosen: Place | Unserved | "none";
  /** Plugin that did so until now; undefined: nobody. */
  readonly front: string | undefined;
  readonly #standing: string | undefined;
  readonly #places = new Map<string, Place>();

  constructor(entry: SlotEntry, known: { front: string | undefined; holdings: readonly Holding[] }, standing?: string) {
    this.entry = entry;
    this.many = entry.slot.cardinality === "many";
    this.front = known.front;
    this.#standing = standing;
    const choice = entry.chosen();
    for (const holding of known.holdings) {
      const candidate = entry.candidates.find(({ plugin }) => plugin === holding.plugin);
      if (candidate) this.#add(candidate, candidate === choice, holding);
    }
    this.chosen = isServed(choice) ? (this.#places.get(choice.plugin) ?? this.#add(choice, true)) : choice;
    const standingCandidate = entry.candidates.find(({ id }) => id === standing);
    if (standingCandidate) this.at(standingCandidate);
  }

  /** Those that serve and those that only hold something, by id. */
  get places(): readonly Place[] {
    return [...this.#places.values()].sort((a, b) => (a.candidate.id < b.candidate.id ? -1 : 1));
  }

  /** Where a plugin stands; undefined when it holds nothing and is not used, or is no candidate any more. */
  of(plugin: string): Place | undefined {
    return this.#places.get(plugin);
  }

  at(candidate: Candidate): Place {
    return this.#places.get(candidate.plugin) ?? this.#add(candidate, false);
  }

  /** The provider that was chosen when it is not the one that served until now. */
  get arriving(): Place | undefined {
    const { chosen } = this;
    return isPlace(chosen) && chosen.candidate.plugin !== this.front ? chosen : undefined;
  }

  /** True when somebody should serve the slot and cannot. */
  get isUnserved(): boolean {
    return typeof this.chosen !== "string" && "reason" in this.chosen;
  }

  isChosen(place: Place): boolean {
    return this.chosen === place;
  }

  /** True for a provider that is being looked at before a switch. */
  isStanding(place: Place): boolean {
    return place.candidate.id === this.#standing;
  }

  #add(candidate: Candidate, chosen: boolean, holding?: Holding): Place {
    const front = chosen || this.many;
    const serves = holding !== undefined && (holding.assigned || (this.many && holding.chosen));
    const place: Place = {
      candidate,
      stand: { role: front ? "front" : "side", ports: candidate.sidePorts },
      ports: front ? undefined : candidate.sidePorts,
      awake: holding?.awake ?? false,
      used: chosen || serves || candidate.plugin === this.front || candidate.id === this.#standing,
    };
    this.#places.set(candidate.plugin, place);
    return place;
  }
}

export function isPlace(chosen: Deployment["chosen"]): chosen is Place {
  return typeof chosen !== "string" && "candidate" in chosen;
}

/** `standing`: id of the candidate that is being looked at before a switch. */
export async function deploy(entry: SlotEntry, ledger: Ledger, standing?: string): Promise<Deployment> {
  const plugins = entry.candidates.map(({ plugin }) => plugin);
  return new Deployment(entry, await ledger.holdings(entry.slot.id, plugins), standing);
}

/** Plugins that are used for files, each with the first slot it is used in. */
export async function usedTrees(
  ledger: Ledger,
  from: { readonly table: SlotTable; standing(slot: string): string | undefined },
): Promise<readonly { readonly plugin: string; readonly slot: string }[]> {
  const found = new Map<string, string>();
  for (const entry of from.table.order) {
    const slot = entry.slot.id;
    for (const { candidate, used } of (await deploy(entry, ledger, from.standing(slot))).places) {
      const provider = used && !found.has(candidate.plugin) ? candidate.provider() : undefined;
      if (provider && (provider.kind === "render" || provider.base)) found.set(candidate.plugin, slot);
    }
  }
  return [...found].map(([plugin, slot]) => ({ plugin, slot }));
}
