import { readFileSync } from "node:fs";
import {
  defineChange,
  defineQuery,
  domainName,
  type Operation,
  objectId,
  pageQuery,
  password,
  queryId,
  text,
  timestamp,
  username,
} from "@patchbay/sdk";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { buildOpenApi } from "./openapi.ts";

const none = v.strictObject({});
const operations: readonly Operation[] = [
  defineChange({
    id: "auth.login",
    method: "POST",
    summary: "Log in",
    rate: "login",
    access: { callers: "public" },
    secrets: ["password"],
    input: v.strictObject({ username, password }),
    output: v.strictObject({ role: v.picklist(["admin", "user"]) }),
    handle: async () => ({ role: "user" as const }),
  }),
  defineQuery({
    id: "domains.list",
    summary: "Domains of an account",
    rate: "standard",
    access: { callers: ["admin", "user"] },
    input: v.strictObject({ account_id: queryId, ...pageQuery, search: v.optional(text(1, 80)) }),
    output: v.strictObject({
      items: v.array(
        v.strictObject({ id: objectId, domain: domainName, note: v.nullable(v.string()), created_at: timestamp }),
      ),
      meta: v.strictObject({ total: v.number() }),
    }),
    handle: async () => ({ items: [], meta: { total: 0 } }),
  }),
  defineChange({
    id: "domains.add",
    method: "POST",
    summary: "Add a domain",
    rate: "standard",
    message: "Domain added",
    aliases: { name: "domain" },
    access: { callers: ["admin", "reseller", "user"] },
    errors: ["DOMAIN_EXISTS"],
    input: v.strictObject({ domain: domainName }),
    output: v.strictObject({ id: objectId }),
    handle: async () => ({ id: 1 }),
  }),
  defineChange({
    id: "email.delete",
    method: "DELETE",
    summary: "Delete a mailbox",
    rate: "standard",
    access: { callers: ["admin"] },
    input: v.strictObject({ id: objectId }),
    output: v.null(),
    handle: async () => null,
  }),
  defineChange({
    id: "auth.logout",
    method: "POST",
    summary: "End the session",
    rate: "standard",
    access: { callers: "session" },
    input: none,
    output: v.null(),
    handle: async () => null,
  }),
];

interface Item {
  readonly operationId: string;
  readonly parameters?: readonly {
    readonly name?: string;
    readonly in?: string;
    readonly required?: boolean;
    readonly $ref?: string;
  }[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, unknown>>;
  readonly security?: readonly unknown[];
  readonly "x-patchbay": Readonly<Record<string, unknown>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Item>>>>;
  readonly components: { readonly securitySchemes: Readonly<Record<string, unknown>> };
}

const build = (list: readonly Operation[]) => buildOpenApi(list, { version: "0.1.0" }) as Document;

describe("buildOpenApi", () => {
  test("the panel's own document passes them too", async () => {
    const config = await createConfig({ extends: ["recommended"], telemetry: "off" });
    const source = readFileSync(new URL("../../docs/reference/openapi.json", import.meta.url), "utf8");
    const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
  });

  test("the document passes a linter's recommended rules", async () => {
    const config = await createConfig({ extends: ["recommended"], telemetry: "off" });
    const problems = await lintFromString({
      source: JSON.stringify(build(operations)),
      absoluteRef: "openapi.json",
      config,
    });
    expect(problems.map(({ ruleId, message, location }) => `${ruleId}: ${message} ${location[0]?.pointer}`)).toEqual(
      [],
    );
    const wrong = JSON.stringify({ ...build(operations), info: {} });
    expect(await lintFromString({ source: wrong, absoluteRef: "openapi.json", config })).not.toEqual([]);
  });

  test("a query has parameters, a change has a body", () => {
    const { paths } = build(operations);
    const list = paths["/api/domains/list"]?.["get"];
    expect(list?.operationId).toBe("domains.list");
    expect(list?.parameters?.map(({ name, required }) => [name, required])).toEqual([
      ["account_id", true],
      ["page", false],
      ["per_page", false],
      ["search", false],
    ]);
    expect(list?.requestBody).toBeUndefined();
    expect(Object.keys(list?.responses ?? {})).toEqual([
      "200",
      "400",
      "401",
      "403",
      "404",
      "409",
      "413",
      "415",
      "429",
      "500",
    ]);
    const add = paths["/api/domains/add"]?.["post"];
    expect(add?.requestBody).toMatchObject({
      required: true,
      content: { "application/json": { schema: { required: ["domain"], additionalProperties: false } } },
    });
    expect(add?.responses).toHaveProperty("202");
    expect(paths["/api/auth/logout"]?.["post"]?.requestBody?.required).toBe(false);
    expect(paths["/api/email/delete"]?.["delete"]?.requestBody).toBeDefined();
  });

  test("answers are described in their envelope", () => {
    const { paths } = build(operations);
    expect(paths["/api/domains/add"]?.["post"]?.responses["200"]).toMatchObject({
      description: "Domain added",
      content: {
        "application/json": {
          schema: {
            required: ["success", "message", "data"],
            properties: { success: { const: true }, data: { properties: { id: { type: "integer", minimum: 1 } } } },
          },
        },
      },
    });
  });

  test("callers, scope, rate and audit stand beside", () => {
    const { paths, components } = build(operations);
    expect(paths["/api/auth/login"]?.["post"]).toMatchObject({
      security: [],
      "x-patchbay": { access: { callers: "public" }, scope: null, rate: "login", audit: "change" },
    });
    expect(paths["/api/domains/add"]?.["post"]?.["x-patchbay"]).toEqual({
      access: { callers: ["admin", "reseller", "user"] },
      scope: "domains:write",
      rate: "standard",
      audit: "change",
      aliases: { name: "domain" },
      errors: ["DOMAIN_EXISTS"],
    });
    expect(paths["/api/email/delete"]?.["delete"]?.["x-patchbay"]["scope"]).toBe("email:delete");
    expect(components.securitySchemes).toMatchObject({
      session: { in: "cookie", name: "ncpx_session" },
      token: { type: "http", scheme: "bearer" },
    });
  });

  test("the order of the operations does not matter", () => {
    expect(JSON.stringify(build([...operations].reverse()))).toBe(JSON.stringify(build(operations)));
  });
});
