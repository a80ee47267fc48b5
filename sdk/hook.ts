/**
 * The four kinds of hook. `veto`: a tap may only deny. `transform`: a tap returns the next value, which is validated again
 * after every tap. `guarded`: a step inside a change; failing means the change is rolled back. `notify`: after commit, from
 * the outbox, at least once, never affects the change.
 */
export type HookKind = "veto" | "transform" | "guarded" | "notify";

/** A named, typed point. Published by its owner in `contract.ts`; `P` is the payload (for `transform`, the value). */
export interface Hook<K extends HookKind, P> {
  /** `<resource>.<phase>`, `accounts.provision`. */
  readonly id: string;
  readonly kind: K;
  readonly payload?: P;
}

/**
 * Declares a hook. Its owner exports it in `contract.ts`, says there when it fires and what failure means, and runs it
 * (`ctx.run`, `ctx.emit`); others take part with `to.tap()`.
 *
 * @example
 * const noteAdded = defineHook<"notify", { id: number; text: string }>("notify", "notes.added");
 * const add = async (ctx: ChangeContext, text: string) => {
 *   const { id } = await ctx.intents.insert("notes", { text });
 *   await ctx.emit(noteAdded, { id, text });
 * };
 */
export function defineHook<K extends HookKind, P>(kind: K, id: string): Hook<K, P> {
  return { kind, id };
}

/** Why a veto tap says no. Shown to the caller. */
export interface Denial {
  readonly code: string;
  readonly message: string;
}

/** Where a tap stands among the others. Unknown plugin ids and cycles stop the generation from being built. */
export interface TapOrder {
  readonly stage?: "early" | "normal" | "late";
  /** Ids of plugins whose taps on this hook run later than this one. */
  readonly before?: readonly string[];
  /** Ids of plugins whose taps on this hook run earlier than this one. */
  readonly after?: readonly string[];
}

/** What a tap gets besides the payload. */
export interface TapContext {
  /** Aborted when the hook's deadline passes (2 s for veto and transform, 10 s for guarded, 30 s for notify). */
  readonly signal: AbortSignal;
}

/** What a tap answers: of a veto why not, of a transform the next value, of the others nothing. */
export type TapResult<K extends HookKind, P> = K extends "veto" ? Denial | undefined : K extends "transform" ? P : void;

/** One plugin's part in a hook. */
export type Tap<K extends HookKind, P> = (payload: P, ctx: TapContext) => Promise<TapResult<K, P>>;

/**
 * Every change has a veto hook of this name. Its payload is the parsed input without secrets, and the caller.
 *
 * @example
 * export default definePlugin((to) => {
 *   to.tap(beforeHook("domains.add"), async ({ input }) => {
 *     const isOurs = String(input.domain).endsWith(".example.org");
 *     return isOurs ? { code: "DOMAIN_OURS", message: "Names below example.org are ours." } : undefined;
 *   });
 * });
 */
export function beforeHook(operationId: string): Hook<"veto", BeforeChange> {
  return defineHook("veto", `${operationId}.before`);
}

/**
 * Every change has a transform hook of this name. Its value is the parsed input without secrets; it is parsed again after every
 * tap. A tap can neither set a secret nor change which object the operation is about.
 *
 * @example
 * export default definePlugin((to) => {
 *   to.tap(inputHook("accounts.create"), async (input) => ({ ...input, php_version: input.php_version ?? "8.2" }));
 * });
 */
export function inputHook(operationId: string): Hook<"transform", Record<string, unknown>> {
  return defineHook("transform", `${operationId}.input`);
}

/** Payload of the veto hook of a change. */
export interface BeforeChange {
  readonly input: Readonly<Record<string, unknown>>;
  readonly caller: { readonly userId: number | null; readonly username: string; readonly role: string };
}
