import { isPanelError, PanelError, ProviderError, type ProviderErrorKind, Undone } from "@patchbay/sdk";
import * as v from "valibot";

const kinds = ["unsupported", "invalid", "conflict", "unavailable", "terminal"] as const;
const text = (longest: number) => v.pipe(v.string(), v.maxLength(longest));
/** Nothing but a place in a file: it is shown where no text of a plugin may be. */
const place = v.pipe(v.string(), v.regex(/^(?:[\w.-]{1,100}:\d{1,9}:\d{1,9})?$/));
const field = v.object({ field: text(200), code: text(64), message: text(1000) });

/** An error on its way over the line. */
export const wireError = v.variant("is", [
  v.object({
    is: v.literal("panel"),
    code: v.pipe(v.string(), v.regex(/^[A-Z][A-Z0-9_]{0,63}$/)),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    message: text(4000),
    fields: v.pipe(v.array(field), v.maxLength(100)),
    details: v.record(v.string(), v.unknown()),
    retry: v.picklist(["never", "later", "now"]),
    retryAfterSeconds: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400))),
  }),
  v.object({ is: v.literal("provider"), kind: v.picklist(kinds), message: text(4000), output: text(65_536) }),
  v.object({ is: v.literal("undone"), message: text(4000) }),
  v.object({ is: v.literal("other"), name: text(100), message: text(2000), at: place }),
]);

export type WireError = v.InferOutput<typeof wireError>;

/** What the code of a plugin did wrong on the other side of the line. `at`: where in its code. */
export class GuestError extends Error {
  readonly at: string;

  constructor({ name, message, at }: { name: string; message: string; at: string }) {
    super(`${name}: ${message}`);
    this.name = "GuestError";
    this.at = at;
  }

  /** What may be told of it everywhere: no text of the plugin's, which may hold anything. */
  get place(): string {
    return this.at === "" ? "an error" : `an error at ${this.at}`;
  }
}

/** Recognises errors of any copy of the SDK. */
export function toWire(error: unknown): WireError {
  if (isPanelError(error)) {
    const { code, status, message, fields, details, retry, retryAfterSeconds } = error;
    const after = retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
    return { is: "panel", code, status, message, fields: [...fields], details: { ...details }, retry, ...after };
  }
  if (!(error instanceof Error)) return { is: "other", name: "Error", message: String(error).slice(0, 2000), at: "" };
  if (error.name === "Undone") return { is: "undone", message: error.message.slice(0, 4000) };
  const { kind, output } = error as Partial<ProviderError>;
  if (error.name === "ProviderError" && kinds.includes(kind as ProviderErrorKind)) {
    const printed = String(output ?? "").slice(-65_536);
    return { is: "provider", kind: kind as ProviderErrorKind, message: error.message.slice(0, 4000), output: printed };
  }
  return { is: "other", name: error.name.slice(0, 100), message: error.message.slice(0, 2000), at: placeOf(error) };
}

export function fromWire(error: WireError): Error {
  switch (error.is) {
    case "panel": {
      const { code, is: _, retryAfterSeconds, ...options } = error;
      return new PanelError(code, { ...options, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) });
    }
    case "provider":
      return new ProviderError(error.kind, error.message, { output: error.output });
    case "undone":
      return new Undone(error.message);
    case "other":
      return new GuestError(error);
  }
}

/** `index.js:12:7`, the uppermost place that is not in Node. */
function placeOf(error: Error): string {
  const lines = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line) && !line.includes("node:"));
  const found = /([\w.-]+:\d+:\d+)\)?$/.exec(lines[0] ?? "")?.[1] ?? "";
  return v.is(place, found) ? found : "";
}
