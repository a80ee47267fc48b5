import { defineChange, defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import { expect, it } from "vitest";
import { createRegistry } from "./routes.ts";

const read = defineQuery({
  id: "notes.list",
  summary: "Notes",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(v.string()),
  handle: async () => [],
});
const add = defineChange({
  id: "notes.add",
  method: "POST",
  summary: "Add a note",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({}),
  output: v.null(),
  handle: async () => null,
});

it("knows operations by id", () => {
  expect([...createRegistry([read, add]).keys()]).toEqual(["notes.list", "notes.add"]);
});

it.each(["access", "input", "output", "rate", "audit"])("refuses an operation without %s", (fact) => {
  const { [fact]: _left, ...rest } = add as unknown as Record<string, unknown>;
  expect(() => createRegistry([rest as unknown as Operation])).toThrow(`notes.add lacks ${fact}`);
});

it("refuses access that names no callers, two operations on one route, and a malformed id, all at once", () => {
  const open = { ...read, id: "notes.open", access: {} } as unknown as Operation;
  const odd = { ...read, id: "Notes" } as unknown as Operation;
  const start = () => createRegistry([read, { ...add, id: "notes.list" } as Operation, open, odd]);
  expect(start).toThrow("/api/notes/list is declared twice");
  expect(start).toThrow("notes.open lacks access.callers");
  expect(start).toThrow("Notes is not <resource>.<action>");
});
