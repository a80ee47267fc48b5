import type * as v from "valibot";
import type { Hook } from "./hook.ts";
import type { Principal, Role } from "./principal.ts";
import type { Db, Intents, Read } from "./storage.ts";
import type { Task } from "./task.ts";
import type { Token } from "./token.ts";

/** A valibot schema that makes a `T` of anything. */
export type Schema<T = unknown> = v.GenericSchema<unknown, T>;

/**
 * Who may call an operation.
 *
 * `public`: anybody. `session`: anybody who is logged in. Otherwise the roles listed. An API token also needs the
 * operation's scope, `<resource>:<read|write|delete>`, derived from the id and the method.
 */
export interface Access {
  readonly callers: "public" | "session" | readonly Role[];
  /**
   * The object that must belong to the caller: admins reach every object, a reseller those of its accounts, a user those
   * of its own account. A foreign object is answered exactly like a missing one.
   */
  readonly object?: {
    /** Object type as declared with `ctx.objects()`. */
    readonly type: string;
    /** Input field that holds the object's integer id. */
    readonly from: string;
    /** When true a `user` may leave the field out: it is filled with the user's own account. */
    readonly infer?: boolean;
  };
  /** True when the holder of a suspended account may still call it although it changes something (logout). */
  readonly whileSuspended?: boolean;
  /** True when it may not be called while impersonating (password and second factor changes). */
  readonly selfOnly?: boolean;
}

/** One claim on a limit. Checked in the change's own transaction, so it holds under concurrency. */
export interface QuotaClaim {
  /** `domains`, `email`, …: a meter declared with `ctx.meter()`. */
  readonly meter: string;
  readonly accountId: number;
  readonly amount: number;
}

/** What a handler gets besides its input. */
export interface OperationContext {
  readonly principal: Principal;
  readonly read: Read;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** UUIDv7 of this call; for a change it is also the id under which its outcome can be polled. */
  readonly operationId: string;
  /** True for `?dry_run=1`: the transaction will be rolled back, so do nothing outside of it. */
  readonly dryRun: boolean;
  /** A service by token. Throws when nothing is registered under it. */
  use<T>(token: Token<T>): T;
  /** A service that perhaps no enabled plugin provides: undefined then. One that cannot be made still throws. */
  find<T>(token: Token<T>): T | undefined;
}

/** What a handler that changes something gets besides its input. All of it is one transaction. */
export interface ChangeContext extends OperationContext {
  readonly db: Db;
  readonly intents: Intents;
  /**
   * Queues a notify hook in this transaction. It is delivered at least once, when the change is committed and its units
   * are live, and never when the change is undone.
   */
  emit<P>(hook: Hook<"notify", P>, payload: P): Promise<void>;
  /** Runs a guarded hook: a tap that throws ends the change. */
  run<P>(hook: Hook<"guarded", P>, payload: P): Promise<void>;
  /** Facts for the audit record besides the redacted input. No secrets. */
  note(detail: Readonly<Record<string, unknown>>): void;
  /**
   * Starts a task when this change is committed. The caller is answered 202 with the id of the change; the change is at its
   * end when the task is. `payload` is JSON-safe and holds no secrets.
   */
  start<P>(task: Task<P>, payload: P): void;
  /** Adds a cookie to the answer. Used by the login operations alone. */
  setSession(cookie: { value: string; maxAgeSeconds: number } | null): void;
}

interface OperationBase<I, O> {
  /** `<resource>.<action>`, `domains.add`. Gives the route `/api/domains/add`, the CLI command, the audit action. */
  readonly id: string;
  readonly summary: string;
  readonly access: Access;
  /** Strict object: unknown fields are refused. GET reads it from the query, others from the JSON body. */
  readonly input: Schema<I>;
  /** What `data` holds. Parsed before it is sent; a mismatch is a 500 and never leaks the value. */
  readonly output: Schema<O>;
  readonly rate: "login" | "standard";
  /** Other spellings of input fields, alias → field. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Input fields that must never reach the audit log, the operation log or an error. */
  readonly secrets?: readonly string[];
  /** Codes it may answer besides the pipeline's own. */
  readonly errors?: readonly string[];
  /** The `message` of a success. Default `OK`. */
  readonly message?: string;
}

/** An operation that only reads. */
export interface QueryOperation<I, O> extends OperationBase<I, O> {
  readonly method: "GET";
  readonly audit: "none" | "read";
  handle(input: I, ctx: OperationContext): Promise<O>;
}

/** An operation that changes something: one transaction, one audit record, one outcome. */
export interface ChangeOperation<I, O, P = unknown> extends OperationBase<I, O> {
  readonly method: "POST" | "DELETE";
  readonly audit: "change";
  /** The object the audit record is about, `account:12`. */
  resource?(input: I, output: O): string;
  /**
   * Slow or outside work that must not hold the transaction: hashing a password, asking a daemon to restart. Called once
   * the caller is known to be allowed. Look at `ctx.dryRun` before changing anything.
   */
  prepare?(input: I, ctx: OperationContext): Promise<P>;
  quota?(input: I, ctx: OperationContext): Promise<readonly QuotaClaim[]>;
  handle(input: I, ctx: ChangeContext, prepared: P): Promise<O>;
  /** True when `data` holds a secret shown once: it is sealed in the operation log. */
  readonly secretOutput?: boolean;
}

/** An operation, whatever it does. Made with `defineQuery` or `defineChange`. */
export type Operation<I = unknown, O = unknown> = QueryOperation<I, O> | ChangeOperation<I, O>;

/**
 * Declares an operation that reads. Input and output types follow from the schemas.
 *
 * @example
 * const getNote = defineQuery({
 *   id: "notes.get", summary: "A note", rate: "standard",
 *   access: { callers: ["admin"] },
 *   input: v.strictObject({ key: text(1, 50) }), output: v.strictObject({ note: v.unknown() }),
 *   handle: async (input, ctx) => ({ note: await ctx.use(Store).get(input.key) }),
 * });
 */
export function defineQuery<IS extends Schema, OS extends Schema>(
  spec: Omit<QueryOperation<v.InferOutput<IS>, v.InferOutput<OS>>, "input" | "output" | "method" | "audit"> & {
    readonly input: IS;
    readonly output: OS;
    readonly audit?: "none" | "read";
  },
): Operation {
  return { audit: "none", ...spec, method: "GET" } as unknown as Operation;
}

/**
 * Declares an operation that changes something.
 *
 * @example
 * const addNote = defineChange({
 *   id: "notes.add", method: "POST", summary: "Add a note", rate: "standard",
 *   access: { callers: ["admin"] },
 *   input: v.strictObject({ text: text(1, 200) }), output: v.strictObject({ id: v.number() }),
 *   handle: async (input, ctx) => ({ id: (await ctx.intents.insert("notes", { text: input.text })).id }),
 * });
 */
export function defineChange<IS extends Schema, OS extends Schema, P = undefined>(
  spec: Omit<ChangeOperation<v.InferOutput<IS>, v.InferOutput<OS>, P>, "input" | "output" | "audit"> & {
    readonly input: IS;
    readonly output: OS;
  },
): Operation {
  return { ...spec, audit: "change" } as unknown as Operation;
}

/**
 * Where an operation is served: `domains.add` → `/api/domains/add`.
 *
 * @example
 * const path: string = pathOf("domains.add");
 */
export function pathOf(operationId: string): string {
  return `/api/${operationId.replace(".", "/")}`;
}
