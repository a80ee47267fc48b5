import { type Clock, conflict, type Logger, type Read } from "@patchbay/sdk";
import type { Host } from "../host/types.ts";
import type { Candidate } from "../slots/candidate.ts";
import { isServed, type SlotEntry, type SlotTable } from "../slots/slot-table.ts";
import type { Change, Ids, Mark, Storage } from "../storage/types.ts";
import { BatchApplier } from "./apply-batch.ts";
import type { ConfigHooks } from "./config-hooks.ts";
import { Abandoned, type ReconcileCrashPoint } from "./crash-points.ts";
import { deploy } from "./deployment.ts";
import type { DriftDeps } from "./difference.ts";
import { nextRetry, takeDirty } from "./dirty.ts";
import { observeDrift, observeFileDrift, resolveDrift } from "./drift.ts";
import { DriftWatch } from "./drift-watch.ts";
import { runAll } from "./full-run.ts";
import { baseKey } from "./item.ts";
import { Ledger } from "./ledger.ts";
import { Pass } from "./pass.ts";
import { healPending } from "./pending.ts";
import { planMarks } from "./plan.ts";
import { auditAll, compareAll, rehearse } from "./rehearsal.ts";
import { retireUnused } from "./retire.ts";
import { Settlement } from "./settlement.ts";
import { Signal } from "./signal.ts";
import { endStrays, markDue, startUp } from "./start-up.ts";
import { Tally } from "./tally.ts";
import type { ChangeResult, Drift, PlanStep, Reconciler, UnitFailure } from "./types.ts";

export interface ReconcilerDeps {
  readonly storage: Storage;
  readonly host: Host;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The slots of the current generation. Asked anew for every pass. */
  slots(): SlotTable;
  /** Called inside the transaction in which a change's result becomes final. Throwing rolls that back and repeats the pass. */
  onOutcome(change: Change, changeId: string, result: ChangeResult): Promise<void>;
  /** The result of a change that is final, as `onOutcome` wrote it; undefined while it is not. */
  outcomeOf(changeId: string): Promise<ChangeResult | undefined>;
  crashPoint(name: ReconcileCrashPoint): void;
  /** Left out, nobody is asked about configuration or told of it. */
  readonly config?: ConfigHooks;
  /** Milliseconds a probe may take to hold. Default 10,000. */
  readonly probeDeadlineMs?: number;
}

export interface ReconcileEngine extends Reconciler {
  /**
   * Called once, after the helper has been greeted and before anything is changed. Rolls back what was left unfinished,
   * heals the ledger, starts the daemons that should run, and begins to work off what is marked. Throws ProviderError
   * when the helper cannot say what is in place.
   */
  start(): Promise<void>;
  /** Looks at the slots of a generation that has just become the current one, and brings up to date what is served otherwise. */
  follow(): Promise<void>;
  /** Ends the loop after the pass it is in. Waiters of `settled` are rejected. */
  stop(): Promise<void>;
  /** Resolves when nothing is marked that is due. */
  idle(): Promise<void>;
}

const firstPauseMs = 1000;
const longestPauseMs = 300_000;
/** Under load the next pass waits until no change has come for this long, so that one reload serves many changes. */
const quietMs = 5;
const longestQuietMs = 40;

interface Waiter {
  resolve(result: ChangeResult): void;
  reject(error: Error): void;
}

/** Creates the engine. `start` sets it going. Needs the tables of `reconcileMigrations`. */
export function createReconciler(deps: ReconcilerDeps): ReconcileEngine {
  return new Engine(deps);
}

class Engine implements ReconcileEngine {
  readonly #deps: ReconcilerDeps;
  readonly #apply: ConstructorParameters<typeof Pass>[0];
  readonly #applier: BatchApplier;
  readonly #waiters = new Map<string, Set<Waiter>>();
  readonly #signal = new Signal();
  readonly #idle = new Set<() => void>();
  readonly #watch: DriftWatch;
  /** Ids of the candidates that are being looked at before a switch, by slot. */
  readonly #standing = new Map<string, string>();
  #exclusive: Promise<unknown> = Promise.resolve();
  #loop: Promise<void> | undefined;
  #stopping = false;

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
    const timing = { deadlineMs: deps.probeDeadlineMs ?? 10_000 };
    this.#apply = { ...deps, crashPoint: deps.crashPoint, timing };
    this.#applier = new BatchApplier(this.#apply);
    this.#watch = new DriftWatch(deps.clock, deps.logger);
  }

  async start(): Promise<void> {
    const { host, storage } = this.#deps;
    await host.helper.call("apply.recover", {});
    await healPending(storage, host);
    await startUp(this.#deps, this.#deps.slots());
    this.#loop = this.#run();
    this.wake();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#signal.wake();
    await this.#loop;
    await this.#exclusive.catch(() => undefined);
    const error = stoppingError();
    for (const waiters of this.#waiters.values()) for (const waiter of waiters) waiter.reject(error);
    this.#waiters.clear();
  }

  wake(): void {
    this.#signal.wake();
  }

  async follow(): Promise<void> {
    await this.#alone(() => markDue(this.#deps, this.#deps.slots()));
    this.wake();
  }

  expect(changeId: string): { readonly end: Promise<ChangeResult>; forget(): void } {
    let waiter: Waiter | undefined;
    const end = new Promise<ChangeResult>((resolve, reject) => {
      waiter = { resolve, reject };
      this.#waiters.set(changeId, (this.#waiters.get(changeId) ?? new Set()).add(waiter));
    });
    end.catch(() => undefined);
    const forget = () => {
      const waiters = this.#waiters.get(changeId);
      if (waiter) waiters?.delete(waiter);
      if (waiters?.size === 0) this.#waiters.delete(changeId);
    };
    return { end, forget };
  }

  async settled(changeId: string): Promise<ChangeResult> {
    const { end } = this.expect(changeId);
    // It may have ended before anybody waited. Looking after registering leaves no gap between the two.
    const known = await this.#deps.outcomeOf(changeId);
    if (known) this.#notify(changeId, known);
    return end;
  }

  plan(read: Read, marks: readonly Mark[] | "all"): Promise<{ steps: PlanStep[]; warnings: string[] }> {
    return planMarks({ ...this.#deps, ...this.#scene() }, read, marks);
  }

  run(options: { confirmRemovals?: boolean } = {}): Promise<{ steps: PlanStep[]; failures: readonly UnitFailure[] }> {
    return this.#alone(async () => {
      await this.#applier.resolve();
      return runAll(this.#apply, {
        ...this.#scene(),
        applier: this.#applier,
        confirmed: options.confirmRemovals === true,
        settlement: (tally) => this.#settlement(tally, new Map()),
      });
    });
  }

  drift(): Promise<readonly Drift[]> {
    return this.#alone(async () => this.#watch.note(await observeDrift(this.#driftDeps()), "everything"));
  }

  async watchDrift(): Promise<void> {
    const looked = await observeFileDrift(this.#driftDeps());
    // A change that is just being applied looks the same: what is new is looked at again while nothing else goes on.
    if (looked.every((found) => this.#watch.isKnown(found))) this.#watch.note(looked, "files");
    else await this.#alone(async () => this.#watch.note(await observeFileDrift(this.#driftDeps()), "files"));
  }

  resolve(id: string, action: "mend" | "adopt"): Promise<void> {
    return this.#alone(async () => {
      await this.#applier.resolve();
      await resolveDrift({ ...this.#apply, ...this.#driftDeps() }, { applier: this.#applier, id, action });
    });
  }

  async prepareCandidate(
    slot: string,
    providerId: string,
    onProgress: (share: number) => void,
  ): Promise<readonly UnitFailure[]> {
    const { candidate, entry } = this.#candidate(slot, providerId);
    if (entry.chosen() === candidate) return [];
    this.#standing.set(slot, providerId);
    const alone = <T>(work: () => Promise<T>) =>
      this.#alone(async () => {
        if (this.#stopping) throw stoppingError();
        await this.#applier.resolve();
        return work();
      });
    return rehearse(this.#apply, { entry, candidate, applier: this.#applier, alone, onProgress });
  }

  async dropCandidate(slot: string): Promise<void> {
    this.#standing.delete(slot);
    const entry = this.#deps.slots().get(slot);
    if (!entry) return;
    await this.#alone(async () => {
      const ledger = new Ledger(this.#deps.storage.read);
      await retireUnused(this.#deps, ledger, await deploy(entry, ledger));
    });
  }

  async auditCandidate(slot: string, providerId: string, read: Read): ReturnType<Reconciler["auditCandidate"]> {
    const { candidate, entry } = this.#candidate(slot, providerId);
    return auditAll(entry, candidate, read);
  }

  async compareCandidate(slot: string, providerId: string): Promise<readonly string[]> {
    const { candidate, entry } = this.#candidate(slot, providerId);
    return compareAll(new Ledger(this.#deps.storage.read), entry, candidate);
  }

  async idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#idle.add(resolve);
      this.wake();
    });
  }

  /** Who was chosen stands for itself, also when another is chosen later. */
  #forgetArrived(): void {
    for (const [slot, id] of this.#standing) {
      const choice = this.#deps.slots().get(slot)?.chosen();
      if (choice !== undefined && isServed(choice) && choice.id === id) this.#standing.delete(slot);
    }
  }

  #candidate(slot: string, providerId: string): { candidate: Candidate; entry: SlotEntry } {
    const entry = this.#deps.slots().get(slot);
    const candidate = entry?.candidates.find(({ id }) => id === providerId);
    if (entry && candidate?.installed()) return { candidate, entry };
    throw conflict("BACKEND_NOT_INSTALLED", `${candidate?.title ?? "This backend"} is not installed on this server.`);
  }

  #scene() {
    return { table: this.#deps.slots(), standing: (slot: string) => this.#standing.get(slot) };
  }

  #driftDeps(): DriftDeps {
    return { ...this.#deps, ...this.#scene() };
  }

  /** One thing at a time writes to the helper and to the ledger. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#exclusive.then(work);
    this.#exclusive = result.catch(() => undefined);
    return result;
  }

  async #run(): Promise<void> {
    let failures = 0;
    let isFirst = true;
    while (!this.#stopping) {
      await this.#signal.wait(failures > 0 ? pauseAfter(failures) : await this.#untilRetry());
      try {
        while (!this.#stopping && (await this.#alone(() => this.#pass())))
          await this.#signal.quiet(quietMs, longestQuietMs);
        failures = 0;
        if (isFirst && !this.#stopping) await this.#alone(() => endStrays(this.#deps));
        isFirst = false;
      } catch (error) {
        if (error instanceof Abandoned) return;
        failures += 1;
        this.#deps.logger.error("a pass ended early and is repeated", { error });
        continue;
      }
      for (const resolve of this.#idle) resolve();
      this.#idle.clear();
    }
  }

  /** Works on everything that is marked now. False when nothing is. */
  async #pass(): Promise<boolean> {
    const { storage, clock } = this.#deps;
    await this.#applier.resolve();
    const { rows, undoing } = await takeDirty(storage.read, clock.now());
    if (rows.length === 0) return false;
    this.#deps.crashPoint("reconcile:taken");
    // A commit is seen here before those who keep options in memory have heard of it: what waits its turn comes after that.
    if (rows.some((row) => row.key === baseKey)) await storage.change(async () => {});
    const tally = new Tally(rows, new Set(undoing.keys()));
    const settlement = this.#settlement(tally, undoing);
    const nothing = { forced: false, observed: new Map(), refresh: new Set<string>(), orphans: [] };
    const input = { ...this.#scene(), ...nothing, tally, settlement };
    await new Pass(this.#apply, this.#applier, input).walk();
    await settlement.finish();
    this.#forgetArrived();
    return true;
  }

  #settlement(tally: Tally, undoing: ReadonlyMap<string, readonly UnitFailure[]>): Settlement {
    const deps = { ...this.#deps, notify: (id: string, result: ChangeResult) => this.#notify(id, result) };
    return new Settlement(deps, tally, undoing);
  }

  #notify(changeId: string, result: ChangeResult): void {
    for (const waiter of this.#waiters.get(changeId) ?? []) waiter.resolve(result);
    this.#waiters.delete(changeId);
  }

  async #untilRetry(): Promise<number | undefined> {
    const at = await nextRetry(this.#deps.storage.read).catch(() => undefined);
    return at === undefined ? undefined : Math.max(0, at - this.#deps.clock.now());
  }
}

function stoppingError(): Error {
  return new Error("the panel is stopping");
}

function pauseAfter(failures: number): number {
  return Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
}
