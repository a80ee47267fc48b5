import {
  beforeHook,
  type ChangeOperation,
  type Clock,
  inputHook,
  type Operation,
  type OperationContext,
  type Principal,
  type QueryOperation,
  type Token,
} from "@patchbay/sdk";
import type { Ids, Storage } from "../storage/types.ts";
import type { Answer, Call } from "./call.ts";
import type { ChangeRooms, ChangeRunner } from "./change.ts";
import { parseInput, parseOutput } from "./parse.ts";

/** What the pipeline needs of the rooms around it. */
export interface PipelineRooms {
  /** Throws 401 or 403 when this caller may not call this operation. */
  authorize(operation: Operation, principal: Principal): void;
  /** Throws 404 when the object is missing or foreign. Synchronous when it knows. */
  checkOwner(principal: Principal, type: string, id: number): unknown;
  /** Records a read, or a change that was refused. */
  auditAlone(call: Call, outcome: "ok" | "denied" | "failed", error?: unknown): Promise<void>;
  veto: import("./hooks.ts").HookRunner["veto"];
  transform: import("./hooks.ts").HookRunner["transform"];
  use<T>(token: Token<T>): T;
  find<T>(token: Token<T>): T | undefined;
  /** What a change needs besides: of the same generation as the rest. */
  readonly change: ChangeRooms;
}

/** The fixed pipeline behind every door. Nothing in it can be hooked away. */
export class Pipeline {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #changes: ChangeRunner;

  constructor(storage: Storage, clock: Clock, ids: Ids, changes: ChangeRunner) {
    this.#storage = storage;
    this.#clock = clock;
    this.#ids = ids;
    this.#changes = changes;
  }

  async run(call: Call, rooms: PipelineRooms): Promise<Answer> {
    const { operation, principal } = call;
    if (operation.method === "GET") {
      rooms.authorize(operation, principal);
      const input = parseInput(operation.input, normalise(call));
      const known = this.#own(operation, principal, input, rooms);
      if (known instanceof Promise) await known;
      return this.#query(operation as QueryOperation<unknown, unknown>, input, call, rooms);
    }
    try {
      return await this.#change(call, rooms);
    } catch (error) {
      await rooms.auditAlone(call, isDenial(error) ? "denied" : "failed", error);
      throw error;
    }
  }

  async #query(
    operation: QueryOperation<unknown, unknown>,
    input: unknown,
    call: Call,
    rooms: PipelineRooms,
  ): Promise<Answer> {
    const output = await operation.handle(input, this.#context(call, rooms));
    const data = parseOutput(operation, output);
    if (operation.audit === "read") await rooms.auditAlone(call, "ok");
    return { status: 200, message: operation.message ?? "OK", data };
  }

  async #change(call: Call, rooms: PipelineRooms): Promise<Answer> {
    const { principal } = call;
    const operation = call.operation as ChangeOperation<unknown, unknown>;
    rooms.authorize(call.operation, principal);
    let input = parseInput(operation.input, normalise(call)) as Record<string, unknown>;
    await this.#own(call.operation, principal, input, rooms);
    const earlier = await this.#changes.replay(call, input);
    if (earlier) return earlier;
    const caller = { userId: principal.userId, username: principal.username, role: principal.role };
    await rooms.veto(beforeHook(operation.id), { input: withoutSecrets(operation, input), caller });
    input = await this.#transformed(operation, input, rooms);
    const context = this.#context(call, rooms);
    const prepared = operation.prepare ? await operation.prepare(input, context) : undefined;
    return this.#changes.run({ call, operation, input, prepared, context, rooms: rooms.change });
  }

  /** Taps neither see nor set the secrets, and may not move the change to another object than the one whose owner was checked. */
  async #transformed(
    operation: ChangeOperation<unknown, unknown>,
    input: Record<string, unknown>,
    rooms: PipelineRooms,
  ): Promise<Record<string, unknown>> {
    const owned = operation.access.object?.from;
    const pinned = owned === undefined ? {} : { [owned]: input[owned] };
    const hidden = (operation.secrets ?? []).filter((key) => key in input);
    const secrets = Object.fromEntries(hidden.map((key) => [key, input[key]]));
    const shown = await rooms.transform(inputHook(operation.id), withoutSecrets(operation, input), (value) => {
      const next = { ...withoutSecrets(operation, value), ...secrets, ...pinned };
      return withoutSecrets(operation, parseInput(operation.input, next) as Record<string, unknown>);
    });
    return { ...shown, ...secrets };
  }

  #own(operation: Operation, principal: Principal, input: unknown, rooms: PipelineRooms): unknown {
    const object = operation.access.object;
    if (!object) return undefined;
    const id = (input as Record<string, unknown>)[object.from];
    return typeof id === "number" ? rooms.checkOwner(principal, object.type, id) : undefined;
  }

  #context(call: Call, rooms: PipelineRooms): OperationContext {
    return {
      principal: call.principal,
      read: this.#storage.read,
      now: this.#clock.now(),
      operationId: this.#ids.uuid(),
      dryRun: call.dryRun === true,
      use: rooms.use,
      find: rooms.find,
    };
  }
}

/** Renames aliases and fills in the caller's own account. */
function normalise(call: Call): Readonly<Record<string, unknown>> {
  const { operation, principal, raw } = call;
  const aliases = operation.aliases;
  const object = operation.access.object;
  const infer = object?.infer === true && principal.role === "user" && raw[object.from] === undefined;
  const renames = aliases && Object.keys(aliases).some((alias) => alias in raw);
  if (!infer && !renames) return raw;
  const value: Record<string, unknown> = {};
  for (const [key, content] of Object.entries(raw)) {
    const name = aliases?.[key] ?? key;
    // Two spellings of one field that both came are two identifiers that may disagree: keep the unknown one, it is refused.
    value[name in value || (name !== key && name in raw) ? key : name] = content;
  }
  if (infer && value[object.from] === undefined && principal.accountId !== null)
    value[object.from] = principal.accountId;
  if (infer && operation.method === "GET" && typeof value[object.from] === "number") {
    value[object.from] = String(value[object.from]);
  }
  return value;
}

function withoutSecrets(
  operation: ChangeOperation<unknown, unknown>,
  input: Record<string, unknown>,
): Record<string, unknown> {
  const secrets = operation.secrets ?? [];
  return Object.freeze(Object.fromEntries(Object.entries(input).filter(([key]) => !secrets.includes(key))));
}

function isDenial(error: unknown): boolean {
  const status = (error as { status?: number }).status;
  return status === 401 || status === 403;
}
