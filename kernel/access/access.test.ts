import { defineChange, defineQuery, type ObjectOwner, type Operation, type Principal } from "@patchbay/sdk";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { authorize } from "./can.ts";
import { createMatrix, type Expected, type MatrixRow, type PrincipalKind, principalKinds } from "./matrix.ts";
import { createOwnership } from "./ownership.ts";
import { covers, isScope, scopeOf } from "./scopes.ts";

const base: Principal = {
  userId: 1,
  username: "someone",
  role: "admin",
  via: "session",
  credentialId: 1,
  scopes: null,
  accountId: null,
  suspended: false,
  impersonator: null,
  ip: "::1",
  userAgent: "",
};
const person = (patch: Partial<Principal>): Principal => ({ ...base, ...patch });
const anonymous = person({ userId: null, role: "anonymous", via: "none", credentialId: null });

const shape = { input: v.strictObject({}), output: v.null(), summary: "", rate: "standard" as const };
const read = (id: string, access: Operation["access"]) =>
  defineQuery({ ...shape, id, access, handle: async () => null });
const change = (id: string, access: Operation["access"], method: "POST" | "DELETE" = "POST") =>
  defineChange({ ...shape, id, access, method, handle: async () => null });

const object = { type: "domain", from: "id" };
const operations = [
  read("system.version", { callers: "public" }),
  change("auth.login", { callers: "public" }),
  read("auth.me", { callers: "session" }),
  change("auth.logout", { callers: "session", whileSuspended: true }),
  change("auth.change-password", { callers: "session", selfOnly: true }),
  change("sessions.revoke-all", { callers: ["admin"] }, "DELETE"),
  read("packages.list", { callers: ["admin", "reseller"] }),
  read("domains.get", { callers: "session", object }),
  change("domains.remove", { callers: ["admin", "reseller", "user"], object }, "DELETE"),
  change("domains.mine", { callers: ["user"], object }),
];

const id = { admin: 1, reseller: 10, otherReseller: 11, user: 20, sibling: 21, foreign: 22 };
const callers: Record<Exclude<PrincipalKind, "token-revoked">, Principal> = {
  anonymous,
  user: person({ role: "user", userId: id.user }),
  "suspended-user": person({ role: "user", userId: id.user, suspended: true }),
  "impersonated-user": person({ role: "user", userId: id.user, impersonator: { userId: 1, username: "root" } }),
  reseller: person({ role: "reseller", userId: id.reseller }),
  admin: person({ role: "admin", userId: id.admin }),
  "token-read": person({ role: "admin", via: "token", scopes: ["*:read"] }),
  "token-all": person({ role: "admin", via: "token", scopes: ["*:*"] }),
};
const owners = new Map<number, ObjectOwner>([
  [100, { accountId: 1, userId: id.user, resellerId: id.reseller }],
  [101, { accountId: 2, userId: id.sibling, resellerId: id.reseller }],
  [102, { accountId: 3, userId: id.foreign, resellerId: id.otherReseller }],
]);
const objects = { own: 100, sibling: 101, foreign: 102, missing: 103 };

function openOwnership(options: { tables?: string[]; maxEntries?: number } = {}) {
  let loads = 0;
  let written: (tables: ReadonlySet<string>) => void = () => undefined;
  let gate: Promise<void> | undefined;
  const type = {
    type: "domain",
    title: "domain",
    tables: options.tables ?? ["domains"],
    owner: async (_read: unknown, key: number) => {
      loads += 1;
      const owner = owners.get(key);
      await gate;
      return owner;
    },
  };
  let types = new Map([["domain", type]]);
  const ownership = createOwnership({
    read: { get: async () => undefined, all: async () => [] },
    objectTypes: () => types,
    onWrite: (listener) => {
      written = listener;
    },
    ...(options.maxEntries === undefined ? {} : { maxEntries: options.maxEntries }),
  });
  return {
    ownership,
    loads: () => loads,
    write: (...tables: string[]) => written(new Set(tables)),
    hold: (promise: Promise<void> | undefined) => {
      gate = promise;
    },
    swap: () => {
      types = new Map([["domain", { ...type }]]);
    },
  };
}

async function outcome(row: MatrixRow): Promise<Expected> {
  const operation = operations.find((known) => known.id === row.operation) as Operation;
  const caller = row.principal === "token-revoked" ? anonymous : callers[row.principal];
  try {
    authorize(operation, caller);
    if (row.relation !== "none") await openOwnership().ownership.check(caller, "domain", objects[row.relation]);
    return "pass";
  } catch (error) {
    return (error as { status: Expected }).status;
  }
}

describe("the permission matrix", () => {
  const rows = createMatrix(operations);

  it("has a cell for every operation, caller and relation", () => {
    const withObject = operations.filter((operation) => operation.access.object).length;
    expect(rows).toHaveLength(principalKinds.length * (withObject * 4 + (operations.length - withObject)));
    expect(new Set(rows.map((row) => `${row.operation} ${row.principal} ${row.relation}`)).size).toBe(rows.length);
    expect(rows.find((row) => row.operation === "sessions.revoke-all")).toMatchObject({
      method: "DELETE",
      path: "/api/sessions/revoke-all",
    });
  });

  it("is what authorize and ownership do, cell by cell", async () => {
    for (const row of rows) expect({ ...row, got: await outcome(row) }).toEqual({ ...row, got: row.expected });
  });

  it("says what was decided", () => {
    const cell = (operation: string, principal: PrincipalKind, relation = "none") =>
      rows.find((row) => row.operation === operation && row.principal === principal && row.relation === relation)
        ?.expected;
    expect(cell("auth.login", "anonymous")).toBe("pass");
    expect(cell("auth.me", "anonymous")).toBe(401);
    expect(cell("auth.me", "token-revoked")).toBe(401);
    expect(cell("auth.me", "suspended-user")).toBe("pass");
    expect(cell("auth.logout", "suspended-user")).toBe("pass");
    expect(cell("auth.change-password", "suspended-user")).toBe(403);
    expect(cell("auth.change-password", "impersonated-user")).toBe(403);
    expect(cell("sessions.revoke-all", "reseller")).toBe(403);
    expect(cell("domains.remove", "token-read", "own")).toBe(403);
    expect(cell("domains.get", "user", "sibling")).toBe(404);
    expect(cell("domains.get", "reseller", "sibling")).toBe("pass");
    expect(cell("domains.get", "reseller", "foreign")).toBe(404);
    expect(cell("domains.get", "admin", "foreign")).toBe("pass");
    expect(cell("domains.get", "admin", "missing")).toBe(404);
    expect(cell("domains.mine", "admin", "own")).toBe(403);
  });
});

describe("authorize", () => {
  const codeOf = (operation: Operation, principal: Principal) => {
    try {
      authorize(operation, principal);
      return "pass";
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it("names the reason", () => {
    expect(codeOf(read("a.get", { callers: "session" }), anonymous)).toBe("UNAUTHENTICATED");
    expect(codeOf(read("a.get", { callers: ["admin"] }), callers.user)).toBe("FORBIDDEN");
    expect(codeOf(read("a.get", { callers: [] }), callers.admin)).toBe("FORBIDDEN");
    expect(codeOf(change("a.set", { callers: "session" }), callers["token-read"])).toBe("SCOPE_REQUIRED");
    expect(codeOf(change("a.set", { callers: "session" }), person({ scopes: [] }))).toBe("SCOPE_REQUIRED");
    expect(codeOf(change("a.set", { callers: "session" }), callers["suspended-user"])).toBe("ACCOUNT_SUSPENDED");
    expect(codeOf(change("a.set", { callers: "session", selfOnly: true }), callers["impersonated-user"])).toBe(
      "IMPERSONATING",
    );
  });

  it("lets the panel itself call everything, and nobody who merely says so", () => {
    const system = person({ userId: null, role: "system", via: "system" });
    expect(codeOf(change("a.set", { callers: ["admin"] }), system)).toBe("pass");
    expect(codeOf(change("a.set", { callers: ["admin"] }), { ...system, via: "session" })).toBe("UNAUTHENTICATED");
    expect(codeOf(change("a.set", { callers: "session" }), person({ userId: null }))).toBe("UNAUTHENTICATED");
  });
});

describe("scopes", () => {
  it("follow from id and method", () => {
    const scope = (operationId: string, method: Operation["method"] = "POST") => scopeOf({ id: operationId, method });
    expect(scope("domains.list", "GET")).toBe("domains:read");
    expect(scope("domains.add")).toBe("domains:write");
    expect(scope("domains.whatever", "DELETE")).toBe("domains:delete");
    for (const action of [
      "remove",
      "delete",
      "terminate",
      "revoke",
      "revoke-user",
      "forwards-delete",
      "delete-record",
    ]) {
      expect(scope(`x.${action}`)).toBe("x:delete");
    }
    expect(scope("x.undelete-all")).toBe("x:write");
  });

  it("cover by resource and verb, with stars on the holder's side", () => {
    expect(covers(["domains:read"], "domains:read")).toBe(true);
    expect(covers(["domains:*"], "domains:delete")).toBe(true);
    expect(covers(["*:read"], "mail:read")).toBe(true);
    expect(covers(["*:*"], "*:*")).toBe(true);
    expect(covers(["domains:read"], "domains:write")).toBe(false);
    expect(covers(["domains:read", "domains:write", "domains:delete"], "domains:*")).toBe(false);
    expect(covers(["domain:read"], "domains:read")).toBe(false);
    expect(covers([], "domains:read")).toBe(false);
    expect(covers(["*", "", ":", "*:"], "domains:read")).toBe(false);
    expect(isScope("Domains:read")).toBe(false);
  });
});

describe("ownership", () => {
  it("answers foreign and missing with the same words", async () => {
    const { ownership } = openOwnership();
    const refusal = async (key: number) =>
      (async () => ownership.check(callers.user, "domain", key))().catch((error) =>
        JSON.stringify([error.code, error.message, error.details, error.status]),
      );
    const missing = await refusal(objects.missing);
    expect(missing).toContain("domain not found");
    expect(await refusal(objects.foreign)).toBe(missing);
    // Also once the owner is known.
    await ownership.check(callers.admin, "domain", objects.foreign);
    expect(await refusal(objects.foreign)).toBe(missing);
  });

  it("is synchronous for an owner it knows, until a table of the type is written", async () => {
    const { ownership, loads, write } = openOwnership();
    await ownership.check(callers.user, "domain", objects.own);
    expect(ownership.check(callers.user, "domain", objects.own)).toEqual(owners.get(objects.own));
    write("mailboxes");
    expect(ownership.check(callers.user, "domain", objects.own)).not.toBeInstanceOf(Promise);
    write("domains", "x");
    expect(ownership.check(callers.user, "domain", objects.own)).toBeInstanceOf(Promise);
    expect(loads()).toBe(2);
  });

  it("keeps no answer that was read before a write", async () => {
    const { ownership, hold, write } = openOwnership();
    let release: () => void = () => undefined;
    hold(
      new Promise((resolve) => {
        release = resolve;
      }),
    );
    const pending = ownership.check(callers.user, "domain", objects.own);
    write("domains");
    hold(undefined);
    release();
    await pending;
    expect(ownership.check(callers.user, "domain", objects.own)).toBeInstanceOf(Promise);
  });

  it("forgets with another generation, keeps to its bound, and caches nothing nobody reports", async () => {
    const small = openOwnership({ maxEntries: 2 });
    for (const key of [100, 101, 102]) await small.ownership.check(callers.admin, "domain", key);
    expect(small.ownership.check(callers.admin, "domain", 102)).not.toBeInstanceOf(Promise);
    expect(small.ownership.check(callers.admin, "domain", 100)).toBeInstanceOf(Promise);
    small.swap();
    expect(small.ownership.check(callers.admin, "domain", 102)).toBeInstanceOf(Promise);
    const silent = openOwnership({ tables: [] });
    await silent.ownership.check(callers.admin, "domain", 100);
    expect(silent.ownership.check(callers.admin, "domain", 100)).toBeInstanceOf(Promise);
  });

  it("refuses a type that nobody declares, and callers without a login", async () => {
    const { ownership } = openOwnership();
    expect(() => ownership.check(callers.admin, "zone", 1)).toThrow("no plugin declares");
    await expect(ownership.check(anonymous, "domain", objects.own)).rejects.toMatchObject({ status: 404 });
    const orphan: ObjectOwner = { accountId: 1, userId: 5, resellerId: null };
    owners.set(104, orphan);
    await expect(ownership.check(person({ role: "reseller", userId: null }), "domain", 104)).rejects.toMatchObject({
      status: 404,
    });
  });
});
