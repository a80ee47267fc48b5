import { type Access, type Operation, pathOf } from "@patchbay/sdk";
import { scopeOf } from "./scopes.ts";

/** The callers of the permission matrix. */
export const principalKinds = [
  "anonymous",
  "user",
  "suspended-user",
  "impersonated-user",
  "reseller",
  "admin",
  "token-read",
  "token-all",
  "token-revoked",
] as const;
export type PrincipalKind = (typeof principalKinds)[number];

/**
 * Whose object a request names. `own`: of the caller's account (of a reseller: one of its accounts). `sibling`: of another
 * account of the same reseller. `foreign`: of an account of another reseller. `none`: the operation names no object.
 */
export type Relation = "own" | "sibling" | "foreign" | "missing" | "none";

/** `pass`: the request gets past access control. A number: the status it is refused with. */
export type Expected = "pass" | 401 | 403 | 404;

/** One cell of the permission matrix. */
export interface MatrixRow {
  readonly operation: string;
  readonly method: Operation["method"];
  readonly path: string;
  readonly principal: PrincipalKind;
  readonly relation: Relation;
  readonly expected: Expected;
}

const objectRelations: readonly Relation[] = ["own", "sibling", "foreign", "missing"];

/** Both tokens of the matrix belong to an admin. */
const roleOf = {
  user: "user",
  "suspended-user": "user",
  "impersonated-user": "user",
  reseller: "reseller",
  admin: "admin",
  "token-read": "admin",
  "token-all": "admin",
} as const;

/**
 * Every cell of the permission matrix, derived from what the operations declare and from nothing the kernel runs, so that it
 * can judge the kernel.
 */
export function createMatrix(operations: Iterable<Operation>): MatrixRow[] {
  const rows: MatrixRow[] = [];
  for (const operation of operations) {
    const { id, method } = operation;
    const relations: readonly Relation[] = operation.access.object ? objectRelations : ["none"];
    for (const principal of principalKinds) {
      for (const relation of relations) {
        const expected = expectedOf(operation, principal, relation);
        rows.push({ operation: id, method, path: pathOf(id), principal, relation, expected });
      }
    }
  }
  return rows;
}

function expectedOf(operation: Operation, kind: PrincipalKind, relation: Relation): Expected {
  const { access } = operation;
  if (access.callers === "public") return "pass";
  if (kind === "anonymous" || kind === "token-revoked") return 401;
  if (!admits(access, roleOf[kind])) return 403;
  if (kind === "token-read" && !scopeOf(operation).endsWith(":read")) return 403;
  if (kind === "impersonated-user" && access.selfOnly === true) return 403;
  if (kind === "suspended-user" && operation.method !== "GET" && access.whileSuspended !== true) return 403;
  return seen(roleOf[kind], relation) ? "pass" : 404;
}

function admits(access: Access, role: (typeof roleOf)[keyof typeof roleOf]): boolean {
  return access.callers === "session" || (access.callers !== "public" && access.callers.includes(role));
}

function seen(role: (typeof roleOf)[keyof typeof roleOf], relation: Relation): boolean {
  if (relation === "none" || relation === "own") return true;
  if (relation === "missing") return false;
  return role === "admin" || (role === "reseller" && relation === "sibling");
}
