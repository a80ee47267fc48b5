/** When it may help to send the same request again. */
export type Retry = "never" | "later" | "now";

/** One rule that one input field broke. Never carries the submitted value. */
export interface FieldError {
  /** Path of the field as the caller wrote it, `aliases.0`; empty for the body as a whole. */
  readonly field: string;
  /** Machine word for the rule: `required`, `type`, `format`, `range`, `unknown`, … */
  readonly code: string;
  /** The rule in words, for a person. */
  readonly message: string;
}

/** What a `PanelError` says besides its code. */
export interface PanelErrorOptions {
  readonly status: number;
  /** What happened, to which object, and what to do. No secrets, no submitted values, no paths of the server. */
  readonly message: string;
  readonly fields?: readonly FieldError[];
  /** JSON-safe facts for programs. The same rules as for `message`. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retry?: Retry;
  readonly retryAfterSeconds?: number;
  /** For the log only; never sent. */
  readonly cause?: unknown;
}

const brand = Symbol.for("patchbay.error");

/**
 * The one error type that reaches a caller. Everything else that is thrown becomes `INTERNAL` (500) with a request id.
 *
 * @example
 * throw new PanelError("DOMAIN_EXISTS", { status: 409, message: "This domain is already hosted here." });
 */
export class PanelError extends Error {
  readonly [brand] = true;
  readonly code: string;
  readonly status: number;
  readonly fields: readonly FieldError[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly retry: Retry;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: string, options: PanelErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PanelError";
    this.code = code;
    this.status = options.status;
    this.fields = options.fields ?? [];
    this.details = options.details ?? {};
    this.retry = options.retry ?? "never";
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get publicMessage(): string {
    return this.message;
  }
}

/** True for a PanelError of any copy of the SDK. */
export function isPanelError(error: unknown): error is PanelError {
  return typeof error === "object" && error !== null && (error as { [brand]?: boolean })[brand] === true;
}

/**
 * 404 for an object that does not exist or that the caller may not see: the two look the same.
 *
 * @example
 * const findNote = async (read: Read, id: number) => {
 *   const row = await read.get<{ text: string }>("SELECT text FROM notes WHERE id = ?", [id]);
 *   if (row === undefined) throw notFound("Note");
 *   return row;
 * };
 */
export function notFound(object: string): PanelError {
  return new PanelError("NOT_FOUND", { status: 404, message: `${object} not found` });
}

/**
 * 400 for one field that broke one rule which no schema can know.
 *
 * @example
 * if (process.uptime() < 1) throw invalid("php_version", "unavailable", "This version is not installed.");
 */
export function invalid(field: string, code: string, message: string): PanelError {
  return new PanelError("INVALID_INPUT", {
    status: 400,
    message: "The request is not valid.",
    fields: [{ field, code, message }],
  });
}

/**
 * 409 with a code of its own.
 *
 * @example
 * throw conflict("NOTE_PINNED", "This note is pinned; take the pin away first.");
 */
export function conflict(code: string, message: string): PanelError {
  return new PanelError(code, { status: 409, message });
}

/**
 * 403 with a code of its own.
 *
 * @example
 * throw forbidden("NOTE_LOCKED", "Only an admin changes a locked note.");
 */
export function forbidden(code: string, message: string): PanelError {
  return new PanelError(code, { status: 403, message });
}

/**
 * What a provider may say went wrong. `unsupported`: this backend cannot express the unit. `invalid`: the daemon refuses
 * it. `conflict`: the world was changed by another hand. `unavailable`: try again later. `terminal`: it will never work.
 */
export type ProviderErrorKind = "unsupported" | "invalid" | "conflict" | "unavailable" | "terminal";

const providerBrand = Symbol.for("patchbay.provider-error");

/**
 * The only error a provider (or the helper on its behalf) throws. `message` may be shown to an admin. One of any copy of the
 * SDK is `instanceof` it: a plugin and the panel need not share a copy.
 *
 * @example
 * throw new ProviderError("unavailable", "the name server does not answer", { output: "connection refused" });
 */
export class ProviderError extends Error {
  readonly [providerBrand] = true;
  readonly kind: ProviderErrorKind;
  /** For operators: what the daemon printed, bounded. Never sent to tenants. */
  readonly output: string;

  constructor(kind: ProviderErrorKind, message: string, options: { output?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProviderError";
    this.kind = kind;
    this.output = options.output ?? "";
  }

  static override [Symbol.hasInstance](error: unknown): boolean {
    return (
      typeof error === "object" && error !== null && (error as { [providerBrand]?: boolean })[providerBrand] === true
    );
  }
}
