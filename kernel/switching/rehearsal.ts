import { sideAddress, type UnitIssue } from "@patchbay/sdk";
import { type Comparison, compareAll } from "./compare.ts";
import { nothingChanged, reasonsOf } from "./failure.ts";
import { hasFront } from "./front.ts";
import { createMeter } from "./meter.ts";
import type { SwitchWork } from "./types.ts";
import { countConcerned } from "./units.ts";
import { number, some, units } from "./words.ts";

/** Tries the candidate beside the backend in use. Throws Undone when it would not do as well; it is left standing then. */
export async function rehearse(options: SwitchWork): Promise<void> {
  const { deps, ctx } = options;
  await audit(options);
  deps.crashPoint("switch:audited");
  ctx.signal.throwIfAborted();
  await prepare(options);
  deps.crashPoint("switch:prepared");
  ctx.signal.throwIfAborted();
  await compare(options);
  deps.crashPoint("switch:compared");
  ctx.signal.throwIfAborted();
}

async function audit({ deps, order, candidate, ctx }: SwitchWork): Promise<void> {
  await ctx.step("audit", "running");
  const seen = await deps.engine().auditCandidate(order.slot, order.to, deps.storage.read);
  if (seen.refused.length > 0 && !order.force) {
    const why = seen.refused.map(({ unit, field, message }) => `${unit}: ${field} ${message}`);
    throw nothingChanged(`${candidate.title} cannot serve every unit`, why);
  }
  const losing = new Set(seen.lost.map((issue: UnitIssue) => issue.unit)).size;
  await ctx.step(
    "audit",
    "done",
    `${units(seen.units)}${losing > 0 ? `, ${number(losing)} of them lose something` : ""}`,
  );
  await ctx.progress(0.05);
}

async function prepare(work: SwitchWork): Promise<void> {
  const { deps, entry, ctx } = work;
  await ctx.step("prepare", "running");
  const all = await countConcerned(entry.slot, deps.storage.read);
  const meter = createMeter(ctx, { name: "prepare", from: 0.05, to: 0.6 });
  await bringUp(work, (share) => meter.set(Math.round(share * all), all)).finally(() => meter.end());
  await ctx.step("prepare", "done", units(all));
  await ctx.progress(0.6);
}

/** Throws Undone when units do not come up. What is there already costs little, so it may be repeated. */
async function bringUp({ deps, order, candidate }: SwitchWork, onProgress: (share: number) => void): Promise<void> {
  const failures = await deps.engine().prepareCandidate(order.slot, order.to, onProgress);
  if (failures.length > 0) throw nothingChanged(`${candidate.title} does not serve every unit`, reasonsOf(failures));
}

async function compare(work: SwitchWork): Promise<void> {
  const { entry, ctx } = work;
  await ctx.step("compare", "running");
  if (entry.slot.cardinality === "many") await compareWorlds(work);
  else if (hasFront(work)) await compareVisits(work);
  else await ctx.step("compare", "skipped", "there is nothing to compare with");
  await ctx.progress(0.85);
}

async function compareVisits(work: SwitchWork): Promise<void> {
  const { candidate, ctx } = work;
  let found = await comparePages(work);
  if (found.worse.length > 0) {
    // Units that came or changed since the candidate was prepared are not there yet.
    await bringUp(work, () => {});
    found = await comparePages(work);
  }
  const { worse, different } = found;
  if (worse.length > 0) throw nothingChanged(`${candidate.title} would serve visitors worse`, worse);
  const look = different.length === 1 ? "page looks" : "pages look";
  const warning = `${number(different.length)} ${look} different: ${some(different, 3)}`;
  await ctx.step("compare", "done", different.length > 0 ? warning : "visitors notice nothing");
}

/** Side by side: what the candidate's world says of every unit must be what was asked of it. */
async function compareWorlds({ deps, order, candidate, ctx }: SwitchWork): Promise<void> {
  const different = await deps.engine().compareCandidate(order.slot, order.to);
  if (different.length > 0) throw nothingChanged(`${candidate.title} does not have every unit as it should`, different);
  await ctx.step("compare", "done", "every unit is the same there");
}

async function comparePages({ deps, entry, candidate, ctx }: SwitchWork): Promise<Comparison> {
  const { storage, host } = deps;
  const meter = createMeter(ctx, { name: "compare", from: 0.6, to: 0.85 });
  const all = await countConcerned(entry.slot, storage.read);
  const { address, ports } = host.info;
  return compareAll(entry.slot, storage.read, {
    before: { address, ports },
    now: { address: sideAddress, ports: candidate.sidePorts },
    signal: ctx.signal,
    onProgress: (done) => meter.set(done, all),
  }).finally(() => meter.end());
}
