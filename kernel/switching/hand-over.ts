import { backendSwitched } from "@patchbay/sdk";
import { watchGap } from "../host/gap.ts";
import { applyError } from "../operations/apply-error.ts";
import type { ChangeResult } from "../reconcile/types.ts";
import { nothingChanged, reasonsOf } from "./failure.ts";
import { hasFront } from "./front.ts";
import { changeOf, noteChange } from "./journal.ts";
import type { SwitchWork } from "./types.ts";
import { number } from "./words.ts";

/** Whether the option was saved, and in which change. From then on that change decides, whatever becomes of the task. */
export interface Saved {
  change: string | undefined;
}

/** What the front of every web server answers, whatever sites there are. */
const generationPage = { port: "http", host: "generation.invalid", path: "/.well-known/patchbay/generation" } as const;

/** What an attempt before this one saved. */
export async function savedBefore({ deps, ctx }: Pick<SwitchWork, "deps" | "ctx">): Promise<Saved> {
  const { storage, outcomes } = deps;
  const noted = await changeOf(storage.read, ctx.operationId);
  return { change: noted !== undefined && (await outcomes.isKnown(storage.read, noted)) ? noted : undefined };
}

/**
 * Saves the option and waits until the reconciler has handed over, or has taken everything back. Throws Undone when it has;
 * PanelError when it could not even do that.
 */
export async function handOver(work: SwitchWork, saved: Saved): Promise<void> {
  const { deps, candidate, ctx } = work;
  await ctx.step("hand-over", "running");
  // Of what happened before a restart nobody knows how long it took.
  const watch = saved.change === undefined && hasFront(work) ? watchGap(generationPage, deps.host.info) : undefined;
  let result: ChangeResult;
  let gap: number | undefined;
  try {
    saved.change ??= await save(work);
    result = await settled(work, saved.change);
  } finally {
    gap = await watch?.stop();
  }
  if (result.state === "undone") {
    throw nothingChanged(`${candidate.title} could not take over`, reasonsOf(result.failures));
  }
  if (result.state === "failed") throw applyError(result.state, result.failures);
  deps.crashPoint("switch:handed-over");
  const message = gap === undefined ? "" : `public port without an answer for ${number(gap)} ms at most`;
  await ctx.step("hand-over", "done", message);
  await ctx.progress(0.98);
}

/** A change of its own, so that it is undone as a whole when its units cannot be made live. */
async function save({ deps, order, ctx }: SwitchWork): Promise<string> {
  const { storage, settings, outcomes, clock } = deps;
  const id = deps.ids.uuid();
  await storage.change(({ db }) => noteChange(db, ctx.operationId, id));
  deps.crashPoint("switch:saving");
  await storage.change(
    async (change) => {
      await settings.save(change.intents, order.option, order.to);
      change.intents.touch(order.slot, "");
      const { slot, option, from, to } = order;
      await deps.emit(change.db, backendSwitched, { slot, option, from, to }, id);
      const row = { id, action: "system.switch", userId: null, state: "running" as const, now: clock.now() };
      await outcomes.open(change.read, row);
    },
    { id },
  );
  await settings.fresh();
  deps.engine().wake();
  return id;
}

function settled({ deps, ctx }: SwitchWork, change: string): Promise<ChangeResult> {
  const { signal } = ctx;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    const done = () => signal.removeEventListener("abort", stop);
    deps.engine().settled(change).then(resolve, reject).finally(done);
  });
}
