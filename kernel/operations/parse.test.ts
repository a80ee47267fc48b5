import {
  emailAddress,
  objectId,
  PanelError,
  pageQuery,
  parseField,
  password,
  rule,
  type Schema,
  text,
  username,
} from "@patchbay/sdk";
import * as v from "valibot";
import { describe, expect, test } from "vitest";
import { type CorpusItem, corpusItems, generated } from "../../test/corpora/corpus.ts";
import { parseInput, parseJsonBody, parseOutput } from "./parse.ts";

function refusal(work: () => unknown): PanelError {
  let thrown: unknown;
  try {
    work();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(PanelError);
  expect((thrown as PanelError).status).toBe(400);
  return thrown as PanelError;
}

const shown = ({ message, fields, details }: PanelError) => JSON.stringify({ message, fields, details });

describe("parseInput", () => {
  const schema = v.strictObject({
    name: text(1, 5),
    id: v.optional(objectId),
    size: v.optional(v.pipe(v.number(), v.integer(), v.maxValue(9))),
    web: v.optional(v.picklist(["nginx", "apache"])),
    aliases: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(3))), v.maxLength(2))),
    // Its own message quotes the value.
    note: v.optional(v.pipe(v.string(), v.email())),
    code: v.optional(v.pipe(v.string(), v.regex(/^x$/, rule("format", "must be x")))),
  });

  const cases: readonly (readonly [unknown, string, string])[] = [
    [{}, "name", "required"],
    [{ name: 5 }, "name", "type"],
    [{ name: "zzzzzz" }, "name", "length"],
    [{ name: "zz\n" }, "name", "format"],
    [{ name: "a", id: 0 }, "id", "range"],
    [{ name: "a", size: 1.5 }, "size", "type"],
    [{ name: "a", size: 77777 }, "size", "range"],
    [{ name: "a", size: "77777" }, "size", "type"],
    [{ name: "a", web: "zzzzzz" }, "web", "choice"],
    [{ name: "a", aliases: ["a", "zzzzzz"] }, "aliases.1", "length"],
    [{ name: "a", aliases: {} }, "aliases", "type"],
    [{ name: "a", note: "zzzzzz" }, "note", "format"],
    [{ name: "a", code: "zzzzzz" }, "code", "format"],
    [{ name: "a", extra: "zzzzzz" }, "extra", "unknown"],
    [JSON.parse('{"name":"a","__proto__":{"role":"zzzzzz"}}'), "__proto__", "unknown"],
    [[], "", "type"],
    [null, "", "type"],
    ["zzzzzz", "", "type"],
  ];
  test.each(cases)("%j", (raw, field, code) => {
    const error = refusal(() => parseInput(schema, raw));
    expect(error.code).toBe("INVALID_INPUT");
    expect(error.fields).toContainEqual(expect.objectContaining({ field, code }));
    expect(shown(error)).not.toMatch(/zzz|777/);
  });

  test("answers the canonical value", () => {
    expect(parseInput(v.strictObject({ email: emailAddress }), { email: "a@B.Test" })).toEqual({ email: "a@b.test" });
  });

  test("names every broken field, 20 at most", () => {
    const many = v.strictObject(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`f${i}`, objectId])));
    expect(refusal(() => parseInput(many, {})).fields).toHaveLength(20);
    expect(refusal(() => parseInput(schema, { name: "", id: -1 })).fields).toHaveLength(2);
  });

  test("the name of an unknown field is cut and cleaned", () => {
    const [field] = refusal(() => parseInput(schema, { name: "a", [`<b>\n${"x".repeat(200)}`]: 1 })).fields;
    expect(field?.field).toMatch(/^\?b\?\?x+\.\.\.$/);
    expect(field?.field).toHaveLength(64);
  });

  test("parseField names the field it is given", () => {
    expect(refusal(() => parseField("document_root", text(1, 3), "zzzzzz")).fields).toMatchObject([
      { field: "document_root", code: "length" },
    ]);
  });
});

test("parseOutput refuses without showing what the fields hold", () => {
  const operation = { id: "notes.get", output: v.strictObject({ id: objectId, text: v.string() }) };
  expect(parseOutput(operation, { id: 1, text: "x" })).toEqual({ id: 1, text: "x" });
  const wrong = () => parseOutput(operation, { id: "secret", text: "x", password_hash: "secret" });
  expect(wrong).toThrow(
    "notes.get answered what its output schema refuses: data.id (type), data.password_hash (unknown)",
  );
  expect(wrong).not.toThrow(PanelError);
});

describe("corpus request_body", () => {
  const update = v.strictObject({
    username: v.optional(username),
    email: v.optional(emailAddress),
    password: v.optional(password),
  });
  const byId = v.strictObject({ id: objectId });
  const page = v.strictObject({ ...pageQuery });
  /** Either verdict is right, depending on what the field is used for. */
  const left = ["bdy-042"];

  function send(item: CorpusItem): unknown {
    const recipe = item.input_gen as { raw?: unknown; keys?: number } | undefined;
    if (recipe?.keys !== undefined)
      return parseJsonBody(
        JSON.stringify(Object.fromEntries(Array.from({ length: recipe.keys }, (_, i) => [`k${i}`, 0]))),
      );
    if (recipe !== undefined) return parseJsonBody(generated(recipe.raw) ?? "");
    const input = item.input as Record<string, unknown>;
    if (item.raw === true) return parseInput(byId, parseJsonBody(input["__raw__"] as string));
    const schema: Schema = "per_page" in input || "sort" in input ? page : update;
    return parseInput(schema, parseJsonBody(JSON.stringify(input)));
  }

  const items = corpusItems("request_body").filter((item) => !left.includes(item.id));
  console.info(
    `corpus request_body: ${items.length} run, ${left.length} left to the end-to-end tests (${left.join(" ")})`,
  );
  const accepted = items.filter(({ verdict }) => verdict === "accept-escaped").map((item) => [item.id, item] as const);
  const refused = items.filter(({ verdict }) => verdict === "reject").map((item) => [item.id, item] as const);
  test.each(accepted)("%s is accepted", (_, item) => {
    expect(send(item)).toEqual(item.input);
  });
  test.each(refused)("%s is refused", (_, item) => {
    refusal(() => send(item));
  });
});
