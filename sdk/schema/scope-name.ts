import { broken, canonicalString } from "./rule.ts";

const shape = /^(?:\*|[a-z][a-z0-9-]{0,40}):(?:\*|read|write|delete)$/;

/** A scope of an API token, `domains:write`; `*` on either side stands for all. */
export const scopeName = canonicalString(
  { pattern: shape.source, description: "Scope", examples: ["domains:read"] },
  (text) => (shape.test(text) ? text : broken("format", "must be a resource, a colon, and read, write, delete or *")),
);
