import { type Operation, pathOf } from "@patchbay/sdk";

const idShape = /^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$/;

/**
 * The operations of a generation by id, after checking each. Throws one error that names everything wrong: an id that is
 * used twice or malformed, and an operation without access, schemas, rate or audit data.
 */
export function createRegistry(operations: readonly Operation[]): ReadonlyMap<string, Operation> {
  const registry = new Map<string, Operation>();
  const wrong: string[] = [];
  for (const operation of operations) {
    const missing = missingFacts(operation);
    if (missing.length > 0) wrong.push(`${operation.id ?? "an operation"} lacks ${missing.join(", ")}`);
    else if (!idShape.test(operation.id)) wrong.push(`${operation.id} is not <resource>.<action>`);
    else if (registry.has(operation.id)) wrong.push(`${pathOf(operation.id)} is declared twice`);
    else registry.set(operation.id, operation);
  }
  if (wrong.length > 0) throw new Error(`operations cannot be served: ${wrong.join("; ")}`);
  return registry;
}

function missingFacts(operation: Partial<Operation>): string[] {
  const needed = ["id", "summary", "method", "access", "input", "output", "rate", "audit", "handle"] as const;
  const missing: string[] = needed.filter((fact) => operation[fact] === undefined);
  if (operation.access !== undefined && operation.access.callers === undefined) missing.push("access.callers");
  return missing;
}
