import type { Operation } from "@patchbay/sdk";

/** What a scope allows on a resource. */
export type ScopeVerb = "read" | "write" | "delete";

const shape = /^(\*|[a-z][a-z0-9-]{0,40}):(\*|read|write|delete)$/;
const destructive = new Set(["remove", "delete", "terminate", "revoke"]);

/** True for `<resource>:<verb>`, where either side may be `*`. */
export function isScope(text: string): boolean {
  return shape.test(text);
}

/** The scope an API token needs for an operation: `domains.list` → `domains:read`, `domains.remove` → `domains:delete`. */
export function scopeOf(operation: Pick<Operation, "id" | "method">): string {
  const dot = operation.id.indexOf(".");
  return `${operation.id.slice(0, dot)}:${verbOf(operation.method, operation.id.slice(dot + 1))}`;
}

function verbOf(method: Operation["method"], action: string): ScopeVerb {
  if (method === "GET") return "read";
  if (method === "DELETE") return "delete";
  return action.split(/[-.]/).some((word) => destructive.has(word)) ? "delete" : "write";
}

/** True when one of the scopes held includes the wanted one. A wanted `*` is included by a held `*` alone. */
export function covers(held: readonly string[], wanted: string): boolean {
  const [resource, verb] = wanted.split(":");
  return held.some((scope) => {
    if (!isScope(scope)) return false;
    const [heldResource, heldVerb] = scope.split(":");
    return (heldResource === "*" || heldResource === resource) && (heldVerb === "*" || heldVerb === verb);
  });
}
