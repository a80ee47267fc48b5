/** Pieces of plugins, as an author's build would leave them: plain JavaScript without the SDK. */

export const valibot = `import * as v from "valibot";
import { readFileSync } from "node:fs";
const tokenOf = (id) => ({ id, key: Symbol.for("patchbay.token." + id) });
const never = () => new Promise(() => {});
class PanelError extends Error {
  constructor(code, status, message, more) { super(message); Object.assign(this, { code, status, fields: [], details: {}, retry: "never", retryAfterSeconds: undefined, ...more }); this[Symbol.for("patchbay.error")] = true; }
}
class ProviderError extends Error {
  constructor(kind, message, output) { super(message); this.name = "ProviderError"; this.kind = kind; this.output = output; }
}`;

/** A query `<plugin>.<name>` that takes any text field `text`. */
export function query(id: string, handle: string): string {
  return `to.operation({ id: "${id}", method: "GET", audit: "none", summary: "Ask", rate: "standard", access: { callers: ["admin"] },
    input: v.strictObject({ text: v.optional(v.string()) }), output: v.unknown(), handle: async (input, ctx) => { ${handle} } });`;
}

/** A change `<plugin>.<name>`. `more`: further properties. */
export function change(id: string, handle: string, more = ""): string {
  return `to.operation({ id: "${id}", method: "POST", audit: "change", summary: "Do", rate: "standard", access: { callers: ["admin"] },
    input: v.strictObject({ text: v.optional(v.string()) }), output: v.unknown(), ${more} handle: async (input, ctx, prepared) => { ${handle} } });`;
}

export function tap(kind: string, hook: string, run: string): string {
  return `to.tap({ kind: "${kind}", id: "${hook}" }, async (payload, ctx) => { ${run} });`;
}

export function task(id: string, run: string): string {
  return `to.task({ id: "${id}", title: "Work", run: async (payload, ctx) => { ${run} } });`;
}
