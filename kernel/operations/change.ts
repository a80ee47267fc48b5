import { type ChangeOperation, type Clock, conflict, type OperationContext, type Read } from "@patchbay/sdk";
import stringify from "safe-stable-stringify";
import type { CrashPoint } from "../crash-point.ts";
import type { ChangeResult, Reconciler } from "../reconcile/types.ts";
import { insertRow } from "../storage/insert-row.ts";
import type { Change, Sealer, Storage } from "../storage/types.ts";
import { applyError } from "./apply-error.ts";
import type { Answer, Call } from "./call.ts";
import { HandlerRecord, type TaskStart } from "./change-context.ts";
import type { HookRunner } from "./hooks.ts";
import type { OperationState, Outcomes, Pending, StoredAnswer } from "./outcome.ts";
import { parseOutput } from "./parse.ts";

/** What a change needs besides the pipeline. */
export interface ChangeRooms {
  readonly hooks: Pick<HookRunner, "guarded" | "emit">;
  /** Throws QUOTA_EXCEEDED when a claim does not fit. Called in the transaction. */
  claim(read: Read, claims: readonly import("@patchbay/sdk").QuotaClaim[]): Promise<void>;
  /** Writes the audit record in the transaction. */
  audit(
    change: Change,
    entry: { call: Call; resource: string; detail: Readonly<Record<string, unknown>> },
  ): Promise<void>;
  /**
   * Queues a task in the transaction; it begins when the change is committed. `held`: when its units are live too. Throws
   * for a task that no plugin has declared.
   */
  startTask(change: Change, start: TaskStart & { readonly call: Call; readonly held: boolean }): Promise<void>;
}

export interface PreparedChange {
  readonly call: Call;
  readonly operation: ChangeOperation<unknown, unknown>;
  readonly input: unknown;
  readonly prepared: unknown;
  readonly context: OperationContext;
  readonly rooms: ChangeRooms;
}

/** How long a caller waits for its units to be live before it is answered 202. Milliseconds. */
const patience = 25_000;

/** Runs the transaction of a change and waits until its units are live. */
export class ChangeRunner {
  readonly #storage: Storage;
  readonly #reconciler: Reconciler;
  readonly #outcomes: Outcomes;
  readonly #sealer: Sealer;
  readonly #clock: Clock;
  readonly #crashPoint: CrashPoint;

  constructor(
    storage: Storage,
    reconciler: Reconciler,
    outcomes: Outcomes,
    sealer: Sealer,
    clock: Clock,
    crashPoint: CrashPoint,
  ) {
    this.#storage = storage;
    this.#reconciler = reconciler;
    this.#outcomes = outcomes;
    this.#sealer = sealer;
    this.#clock = clock;
    this.#crashPoint = crashPoint;
  }

  /** The answer of an earlier call with the same idempotency key, or undefined. */
  async replay(call: Call, input: unknown): Promise<Answer | undefined> {
    const key = this.#key(call);
    if (key === undefined) return undefined;
    const known = await this.#storage.read.get<{ request: string; operation_id: string }>(
      "SELECT request, operation_id FROM idempotency WHERE key = ?",
      [key],
    );
    if (!known) return undefined;
    if (known.request !== this.#fingerprint(input)) {
      throw conflict("IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used for a different request.");
    }
    return this.#answerOf(known.operation_id, call);
  }

  async run(prepared: PreparedChange): Promise<Answer> {
    const { call, context } = prepared;
    // Before it can end: then nobody has to look whether it has.
    const expected = this.#reconciler.expect(context.operationId);
    let done: Committed;
    try {
      done = await this.#storage.change((change) => this.#transaction(change, prepared), {
        id: context.operationId,
        rollback: call.dryRun === true,
      });
    } catch (error) {
      expected.forget();
      // Equal requests at once: one was first, so that the others find its key or its name taken. They answer what it does.
      const earlier = await this.replay(call, prepared.input);
      if (earlier) return earlier;
      throw error;
    }
    if (done.waits) {
      this.#crashPoint("change:committed");
      this.#reconciler.wake();
    }
    const isAwaited = done.waits && !done.task && call.respondAsync !== true;
    if (!isAwaited) expected.forget();
    if (done.plan) return { status: 200, message: "OK", data: done.plan };
    if (done.task) return accepted(context.operationId, "queued");
    if (!done.waits) return { status: 200, ...done.answer, session: done.session };
    const isDone = isAwaited && (await this.#isDone(expected.end));
    this.#crashPoint("change:before-answer");
    return isDone ? { status: 200, ...done.answer, session: done.session } : accepted(context.operationId, "running");
  }

  async #transaction(
    change: Change,
    { call, operation, input, prepared, context, rooms }: PreparedChange,
  ): Promise<Committed> {
    const record = new HandlerRecord();
    const changeContext = record.contextOf(change, { context, hooks: rooms.hooks });
    if (operation.quota) await rooms.claim(change.read, await operation.quota(input, changeContext));
    const output = await operation.handle(input, changeContext, prepared);
    const answer: StoredAnswer = { message: operation.message ?? "OK", data: parseOutput(operation, output) };
    const { notes, letters, session, start } = record;
    if (call.dryRun === true) return { answer, waits: false, session, plan: await this.#plan(change, start) };
    const waits = change.marks.length > 0;
    for (const send of letters) await send(waits ? change.id : undefined);
    const key = this.#key(call);
    const task = start?.task.id;
    const resource = operation.resource?.(input, output) ?? "";
    change.closing(() => rooms.audit(change, { call, resource, detail: notes }));
    if (waits || key !== undefined || task !== undefined)
      change.closing(() => this.#remember(change, { call, answer, waits, task, key, input }));
    if (start) await rooms.startTask(change, { ...start, call, held: waits });
    if (!waits) await this.#storage.settle(change, change.id);
    this.#crashPoint("change:before-commit");
    return { answer, waits, session, task };
  }

  async #plan(change: Change, start: TaskStart | undefined): Promise<NonNullable<Committed["plan"]>> {
    const { steps, warnings } = await this.#reconciler.plan(change.read, change.marks);
    const preview = await start?.task.preview?.(start.payload, change.read);
    return { plan: [...steps, ...(preview?.plan ?? [])], warnings: [...warnings, ...(preview?.warnings ?? [])] };
  }

  async #remember(
    change: Change,
    {
      call,
      answer,
      waits,
      task,
      key,
      input,
    }: Pick<Committed, "answer" | "waits" | "task"> & { call: Call; key: string | undefined; input: unknown },
  ): Promise<void> {
    const now = this.#clock.now();
    await this.#outcomes.open(change.read, {
      id: change.id,
      action: call.operation.id,
      userId: call.principal.userId,
      state: task === undefined ? (waits ? "running" : "done") : "queued",
      task,
      answer: key === undefined ? undefined : answer,
      now,
    });
    if (key === undefined) return;
    const request = this.#fingerprint(input);
    await insertRow(change.read, "idempotency", { key, request, operation_id: change.id, created_at: now });
  }

  /** The answer of a change that was committed, once it is known. */
  async #answerOf(id: string, call: Call): Promise<Answer> {
    const known = await this.#outcomes.result(this.#storage.read, id);
    if (!isPending(known)) return { status: 200, ...known };
    const running = accepted(id, known.state);
    if (known.isTask || call.respondAsync === true) return running;
    if (!(await this.#isDone(this.#reconciler.settled(id)))) return running;
    const final = await this.#outcomes.result(this.#storage.read, id);
    return isPending(final) ? running : { status: 200, ...final };
  }

  /** False when a change takes longer than its caller's patience. Throws what became of it when that is not what was asked. */
  async #isDone(ended: Promise<ChangeResult>): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), patience);
    });
    const end = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (end && end.state !== "done") throw applyError(end.state, end.failures);
    return end !== undefined;
  }

  #key(call: Call): string | undefined {
    if (call.idempotencyKey === undefined || call.principal.userId === null || call.dryRun === true) return undefined;
    return this.#sealer.mac(
      "idempotency.key",
      `${call.principal.userId}\n${call.operation.id}\n${call.idempotencyKey}`,
    );
  }

  #fingerprint(input: unknown): string {
    return this.#sealer.mac("idempotency.request", stringify(input) ?? "");
  }
}

interface Committed {
  readonly answer: StoredAnswer;
  readonly waits: boolean;
  readonly session: Answer["session"];
  readonly plan?: { plan: readonly unknown[]; warnings: readonly string[] };
  /** Id of the task it started. */
  readonly task?: string | undefined;
}

function isPending(result: StoredAnswer | Pending): result is Pending {
  return "isTask" in result;
}

function accepted(id: string, state: OperationState): Answer {
  return { status: 202, message: "Accepted", data: { operation_id: id, state } };
}
