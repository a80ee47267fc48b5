import type { ProviderErrorKind } from "@patchbay/sdk";

/**
 * What an operation of the helper fails with. Travels over the channel and becomes a `ProviderError` in the kernel.
 * `output` is for operators: what a daemon printed.
 */
export class HelperError extends Error {
  readonly kind: ProviderErrorKind;
  readonly output: string;

  constructor(kind: ProviderErrorKind, message: string, output = "") {
    super(message);
    this.name = "HelperError";
    this.kind = kind;
    this.output = output;
  }
}

const causes: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota of the server is used up",
  EIO: "the disk does not work",
  EROFS: "the disk is read-only",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  EAGAIN: "the server has no room for another process",
  ENOMEM: "the server is out of memory",
};

/** The `code` of a system error; empty for anything else. */
export function errorCode(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : "";
}

/** Turns whatever was thrown into an answer: a lack of resources is `unavailable`, the unexpected is `terminal`. */
export function toHelperError(error: unknown): HelperError {
  if (error instanceof HelperError) return error;
  const cause = causes[errorCode(error)];
  if (cause !== undefined) return new HelperError("unavailable", cause, String(error));
  return new HelperError("terminal", "the helper failed", error instanceof Error ? (error.stack ?? "") : String(error));
}
