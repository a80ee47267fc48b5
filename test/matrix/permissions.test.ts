import type { Operation } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createMatrix, type MatrixRow } from "../../kernel/access/matrix.ts";
import type { Answer } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { sampleInput } from "./inputs.ts";
import { type DescribedOperation, describeOperations } from "./operations.ts";
import { createTenants, type Tenants } from "./tenants.ts";

/** These end the very sessions the matrix is made with, so letting them through is left to the end-to-end tests. */
const endsCallers = new Set(["auth.logout", "sessions.revoke-all", "auth.stop-impersonating"]);

/** What each type of object is called where access control hides one. */
const titles: Readonly<Record<string, string>> = {
  account: "account",
  domain: "domain",
  certificate: "certificate",
  "dns-zone": "zone",
  "dns-record": "record",
};

describe("permission matrix", () => {
  let instance: TestInstance;
  let tenants: Tenants;
  let operations: Map<string, DescribedOperation>;
  let rows: MatrixRow[];

  beforeAll(async () => {
    instance = await TestInstance.start();
    const described = await describeOperations(instance.client());
    operations = new Map(described.map((operation) => [operation.id, operation]));
    rows = createMatrix(described as unknown as Operation[]);
    tenants = await createTenants(instance);
  });
  afterAll(() => instance.destroy());

  /** Asks as a dry run: the whole pipeline and handler run, and nothing stays. */
  async function ask(row: MatrixRow): Promise<Answer> {
    const operation = operations.get(row.operation);
    if (!operation) throw new Error(row.operation);
    const client = tenants.callers[row.principal];
    const type = operation.access.object?.type ?? "account";
    const input = sampleInput(operation, tenants.objectId(type, row.relation, row.principal));
    if (row.method === "GET") return client.call("GET", row.path, { query: input as Record<string, string> });
    return client.call(row.method, row.path, { query: { dry_run: 1 }, body: input });
  }

  function titleOf({ operation }: MatrixRow): string {
    const type = operations.get(operation)?.access.object?.type ?? "";
    const title = titles[type];
    if (title === undefined) throw new Error(`the matrix does not know what an object of type ${type} is called`);
    return title;
  }

  const audited = async () =>
    (await tenants.callers.admin.get("system/audit-log", { per_page: 1 })).body.data.meta.total;

  it("refuses every cell it says it refuses, with that status", async () => {
    const refused = rows.filter((row) => row.expected !== "pass");
    const wrong: string[] = [];
    for (const row of refused) {
      const { status, text } = await ask(row);
      if (status !== row.expected) wrong.push(`${cellName(row)}: ${status} instead of ${row.expected} ${text}`);
    }
    console.log(`permission matrix: ${refused.length} refused cells, ${operations.size} operations`);
    expect(wrong).toEqual([]);
    expect(refused.length).toBeGreaterThan(900);
  });

  it("lets every cell through that it says passes", async () => {
    const passing = rows.filter((row) => row.expected === "pass" && !endsCallers.has(row.operation));
    const wrong: string[] = [];
    for (const row of passing) {
      const { status, text } = await ask(row);
      // Past access control an operation may still find that what the sample names is not there or not right.
      const denied =
        status === 401 || (status === 403 && /role|scope|suspended|impersonat/i.test(text)) || status >= 500;
      // Another object the input names may be missing: only the one that access is decided by must not.
      const hidden = status === 404 && row.relation !== "none" && text.includes(`"${titleOf(row)} not found"`);
      if ((denied && !isLogin(row)) || hidden) wrong.push(`${cellName(row)}: ${status} ${text}`);
    }
    console.log(`permission matrix: ${passing.length} passing cells`);
    expect(wrong).toEqual([]);
  });

  it("answers the same for a foreign and a missing object", async () => {
    const cells = rows.filter((row) => row.principal === "user" && row.relation === "foreign" && row.expected === 404);
    for (const row of cells) {
      const [foreign, missing] = [await ask(row), await ask({ ...row, relation: "missing" })];
      expect(foreign.text, row.operation).toBe(missing.text);
      expect(foreign.status).toBe(missing.status);
    }
    expect(cells.length).toBeGreaterThan(4);
  });

  it("keeps lists to what the caller owns", async () => {
    const names = async (caller: keyof Tenants["callers"]) => {
      const { body } = await tenants.callers[caller].get("accounts/list", { per_page: 100 });
      return body.data.items.map((item: { username: string }) => item.username).sort();
    };
    expect(await names("reseller")).toEqual(["matrixown", "matrixsib", "matrixsus"]);
    expect(await names("admin")).toEqual(["matrixfor", "matrixown", "matrixsib", "matrixsus"]);
    for (const path of ["domains/list", "ssl/list", "dns/list"]) {
      const { body } = await tenants.callers.user.get(path);
      const domains = body.data.map((item: { domain: string }) => item.domain);
      expect(domains, path).toEqual(["matrixown.test"]);
    }
  });

  it("changed nothing on the way but the audit log", async () => {
    const { body } = await tenants.callers.admin.get("accounts/list", { per_page: 100 });
    expect(body.data.meta.total).toBe(4);
    expect(await audited()).toBeGreaterThan(0);
    const plan = await tenants.callers.admin.get("reconcile/plan");
    expect(plan.body.data.plan).toEqual([]);
  });
});

function cellName(row: MatrixRow): string {
  return `${row.operation} as ${row.principal} on ${row.relation}`;
}

function isLogin(row: MatrixRow): boolean {
  return row.operation === "auth.login";
}
