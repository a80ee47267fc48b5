import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { type CorpusItem, corpusInput, corpusItems } from "../../test/corpora/corpus.ts";
import { PanelError } from "../errors.ts";
import {
  choice,
  documentRoot,
  domainName,
  emailAddress,
  homePath,
  httpUrl,
  mailboxAddress,
  parseField,
  passwordFor,
  phpVersion,
  safeInt,
  username,
} from "./index.ts";

type Schema = v.GenericSchema<unknown, unknown>;
interface Case {
  readonly id: string;
  readonly schema: Schema;
  readonly input: unknown;
  readonly accepted: boolean;
  readonly canonical: unknown;
}
type Plan = { readonly schema: Schema; readonly input: unknown; readonly canonical?: unknown };

const password = passwordFor(["john"]);
const vhostFields: Readonly<Record<string, Schema>> = {
  redirect_to: httpUrl,
  redirect_code: choice([301, 302]),
  document_root: documentRoot("/home/john"),
  php_version: phpVersion,
  server_alias: domainName,
  server_admin: emailAddress,
};
/** Fields of later features, whose schemas live with them. */
const unbuiltFields = /^(?:php_ini\.|error_pages\.|auth_|web_template$|certificate\.|custom_directives$)/;

function planVhost(item: CorpusItem, value: unknown): Plan | undefined {
  const { field, value: input } = value as { field: string; value: unknown };
  // Which versions are installed is state of the host.
  if (field === "php_version" && input === "9.9") return undefined;
  const schema = vhostFields[field];
  if (!schema) {
    expect(unbuiltFields.test(field), `${item.id} has a field nobody checks`).toBe(true);
    return undefined;
  }
  const canonical = field === "document_root" ? `/home/john/${String(input)}` : undefined;
  return { schema, input, canonical };
}

function planPath(value: unknown): Plan | undefined {
  if (typeof value === "string") return { schema: homePath, input: value };
  const fields = value as { path?: string; mode?: string; from?: string; to?: string };
  // Modes, and a move into itself, are rules of the file operations.
  if (fields.mode !== undefined || fields.to === undefined || !fields.to.includes("..")) return undefined;
  return { schema: homePath, input: fields.to };
}

/** Class → how an item of it is run against a schema; undefined when it needs more than a schema. */
const classes: Readonly<Record<string, (item: CorpusItem, value: unknown) => Plan | undefined>> = {
  domain_name: (_, input) => ({ schema: domainName, input }),
  username: (_, input) => ({ schema: username, input }),
  file_path: (_, input) => planPath(input),
  vhost_field: planVhost,
  email: (item, input) => {
    // A person may have such an address elsewhere; no tenant may be given one here.
    const reserved = typeof input === "string" && item.why.startsWith("used by CAs");
    return { schema: reserved ? mailboxAddress : emailAddress, input };
  },
  secret_value: (_, input) => ({ schema: password, input }),
  numeric_limit: (_, input) => ({ schema: safeInt(0, 1_000_000), input }),
};

/** State that a schema supplies itself: a fixed account, and the form of a password. */
const stateless: ReadonlySet<string> = new Set(["account john", "chpasswd input"]);

function toCases(name: string): { cases: Case[]; left: string[] } {
  const cases: Case[] = [];
  const left: string[] = [];
  for (const item of corpusItems(name)) {
    const value = item.substitute === "username" ? "john12345" : corpusInput(item);
    const needsState = item.given !== undefined && !stateless.has(item.given);
    const plan = value === undefined || needsState ? undefined : classes[name]?.(item, value);
    if (plan === undefined) left.push(item.id);
    else {
      const canonical = plan.canonical ?? item.canonical ?? plan.input;
      cases.push({
        id: item.id,
        schema: plan.schema,
        input: plan.input,
        accepted: item.verdict !== "reject",
        canonical,
      });
    }
  }
  return { cases, left };
}

function refusal(entry: Case): string {
  let thrown: unknown;
  try {
    parseField("field", entry.schema, entry.input);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PanelError);
  const { status, message, details, fields } = thrown as PanelError;
  expect(status).toBe(400);
  expect(fields[0]).toMatchObject({ field: "field" });
  return JSON.stringify({ message, details, fields });
}

describe.each(Object.keys(classes))("%s", (name) => {
  const { cases, left } = toCases(name);
  console.info(`corpus ${name}: ${cases.length} run, ${left.length} left to the end-to-end tests (${left.join(" ")})`);

  for (const entry of cases.filter(({ accepted }) => accepted)) {
    test(`${entry.id} is accepted`, () => {
      const once = v.parse(entry.schema, entry.input);
      expect(once).toBe(entry.canonical);
      expect(v.parse(entry.schema, once)).toBe(once);
    });
  }
  for (const entry of cases.filter(({ accepted }) => !accepted)) {
    test(`${entry.id} is refused`, () => {
      const answer = refusal(entry);
      const sent = typeof entry.input === "string" ? entry.input : JSON.stringify(entry.input);
      // Shorter ones (".", "a") are part of any sentence.
      expect(sent.length >= 4 && answer.toLowerCase().includes(sent.toLowerCase())).toBe(false);
    });
  }
  test("leaves to others only what needs a server", () => {
    expect(cases.length).toBeGreaterThan(left.length);
  });
});
