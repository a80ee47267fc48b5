import { join } from "node:path";
import { expect, it } from "vitest";
import { toInput } from "./arguments.ts";

const command = {
  method: "POST",
  path: "/api/domains/add",
  summary: "",
  fields: [
    { name: "account_id", type: "integer", required: true },
    { name: "domain", type: "string", required: true },
    { name: "enabled", type: "boolean", required: false },
    { name: "values", type: "object", required: false },
  ],
};

it("turns flags into typed input, in either spelling", () => {
  const words = ["--account-id", "7", "--domain=a.test", "--enabled", "true", "--dry-run"];
  const input = { account_id: 7, domain: "a.test", enabled: true };
  expect(toInput(command, words)).toEqual({ input, dryRun: true, wait: true });
  expect(toInput(command, [...words, "--no-wait"]).wait).toBe(false);
  expect(toInput(command, ["--account_id=7", "--domain", "a=b"]).input).toEqual({ account_id: 7, domain: "a=b" });
});

it("takes an object as JSON, or from a file", () => {
  const needed = ["--account-id", "7", "--domain", "a"];
  const valuesOf = (word: string) => toInput(command, [...needed, "--values", word]).input["values"];
  expect(valuesOf('{"a":"b"}')).toEqual({ a: "b" });
  expect(valuesOf(`@${join(import.meta.dirname, "../../package.json")}`)).toMatchObject({ name: "patchbay" });
});

it.each([
  [["--account-id", "seven", "--domain", "a"], "--account-id must be a number"],
  [["--account-id", "7"], "missing --domain"],
  [["--account-id", "7", "--domain"], "--domain needs a value"],
  [["--colour", "red"], "unknown flag --colour"],
  [["loose"], "unexpected loose"],
  [["--enabled", "perhaps"], "--enabled must be true or false"],
  [["--values", "{a: 1}"], "--values must be JSON, or @ and the name of a file"],
])("refuses %j", (words, message) => {
  expect(() => toInput(command, words)).toThrow(message);
});
