import type { Read } from "@patchbay/sdk";
import type { Candidate } from "../slots/candidate.ts";
import { isServed, type SlotEntry } from "../slots/slot-table.ts";
import type { Generation } from "./generation.ts";

const pageSize = 500;

/** Why a plugin cannot be taken out of a generation, for people. Empty: nothing needs it. */
export async function usesOf(generation: Generation, plugin: string, read: Read): Promise<readonly string[]> {
  const uses = generation.plugins
    .filter(({ manifest }) => manifest.requires.includes(plugin))
    .map(({ manifest }) => `${manifest.id} requires it`);
  for (const entry of generation.slots.order) {
    const candidate = entry.candidates.find((one) => one.plugin === plugin);
    if (candidate) uses.push(...(await servesIn(entry, candidate, { read, own: generation.slotOwner(entry.slot.id) })));
  }
  return uses;
}

async function servesIn(
  { chosen, slot }: SlotEntry,
  candidate: Candidate,
  { read, own }: { read: Read; own: string | undefined },
): Promise<readonly string[]> {
  const choice = chosen();
  const serves = isServed(choice) && choice === candidate;
  if (own === candidate.plugin) {
    // The slot leaves with it: only what it has to serve is in the way.
    const units = serves ? await slot.keys(read, "", 1) : [];
    return units.length > 0 ? [`there are units of ${slot.title}, which it serves`] : [];
  }
  if (serves) return [`it serves ${slot.title}`];
  return (await isAssigned(slot, candidate.id, read)) ? [`units of ${slot.title} are assigned to it`] : [];
}

async function isAssigned(slot: SlotEntry["slot"], provider: string, read: Read): Promise<boolean> {
  if (!slot.assigned) return false;
  for (let after = ""; ; ) {
    const keys = await slot.keys(read, after, pageSize);
    const assigned = await slot.assigned(read, keys);
    if ([...assigned.values()].includes(provider)) return true;
    const last = keys.at(-1);
    if (last === undefined || keys.length < pageSize) return false;
    after = last;
  }
}
