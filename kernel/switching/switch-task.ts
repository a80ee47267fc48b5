import { conflict, isPanelError, type Task, type TaskContext, Undone } from "@patchbay/sdk";
import type { Candidate } from "../slots/candidate.ts";
import type { SlotEntry } from "../slots/slot-table.ts";
import { nothingChanged, reasonOf } from "./failure.ts";
import { handOver, savedBefore } from "./hand-over.ts";
import { rehearse } from "./rehearsal.ts";
import type { SwitchDeps, SwitchOrder, SwitchWork } from "./types.ts";
import { countConcerned } from "./units.ts";
import { units } from "./words.ts";

/**
 * The switch itself. Until the option is saved it can be begun anew at any moment; from then on the change that saves it
 * decides, and the reconciler brings that to an end by itself.
 */
export function createSwitchTask(deps: SwitchDeps): Task<SwitchOrder> {
  return { id: "system.switch", title: "Switch a backend", run: (order, ctx) => runSwitch(deps, order, ctx) };
}

async function runSwitch(deps: SwitchDeps, order: SwitchOrder, ctx: TaskContext): Promise<void> {
  const { entry, candidate } = backendOf(deps, order);
  const work = { deps, order, entry, candidate, ctx };
  const saved = await savedBefore(work);
  try {
    if (saved.change === undefined) await rehearse(work);
    await handOver(work, saved);
  } catch (error) {
    // Another attempt will find out how far this one came.
    if (ctx.signal.aborted) throw error;
    // What was saved goes on without us; only when it was undone is the candidate still one.
    if (saved.change !== undefined && !(error instanceof Undone)) throw error;
    await withdraw(deps, order);
    throw endOf(deps, error, { order, title: candidate.title });
  }
  await settle(work);
}

/** The plugin may have gone since the switch was asked for. */
function backendOf(deps: SwitchDeps, { slot, to }: SwitchOrder): { entry: SlotEntry; candidate: Candidate } {
  const entry = deps.slots().get(slot);
  const candidate = entry?.candidates.find(({ id }) => id === to);
  if (!entry || !candidate?.installed()) {
    throw conflict("BACKEND_NOT_INSTALLED", "The chosen backend is not on this server any more. Nothing was changed.");
  }
  return { entry, candidate };
}

/** The candidate goes; what it leaves behind is taken away at the next start at the latest. */
async function withdraw({ engine, logger }: SwitchDeps, { slot, to }: SwitchOrder): Promise<void> {
  try {
    await engine().dropCandidate(slot);
  } catch (error) {
    logger.error("a candidate could not be taken away", { slot, provider: to, error });
  }
}

/** Until the option is saved every failure leaves everything as it was. */
function endOf(
  { logger }: SwitchDeps,
  error: unknown,
  { order, title }: { readonly order: SwitchOrder; readonly title: string },
): Error {
  if (error instanceof Undone || isPanelError(error)) return error;
  logger.error("a switch failed", { slot: order.slot, provider: order.to, error });
  return nothingChanged(`${title} could not be tried`, [reasonOf(error)], { cause: error });
}

async function settle({ deps, order, entry, candidate, ctx }: SwitchWork): Promise<void> {
  await ctx.step("settle", "running");
  await deps.settings.fresh();
  const count = await countConcerned(entry.slot, deps.storage.read);
  const former = entry.candidates.find(({ id }) => id === order.from);
  const kept = former ? `; ${former.title} keeps its configuration for a quick return` : "";
  await ctx.step("settle", "done", `${candidate.title} serves ${units(count)}${kept}`);
  deps.crashPoint("switch:settled");
}
