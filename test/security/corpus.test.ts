import { existsSync } from "node:fs";
import type { FieldError } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { corpusItems } from "../corpora/corpus.ts";
import type { Answer } from "../harness/client.ts";
import { TestInstance } from "../harness/instance.ts";
import { must } from "../harness/must.ts";
import { transferZone, type ZoneLine } from "../harness/zone-transfer.ts";
import { type DescribedOperation, describeOperations } from "../matrix/operations.ts";
import { proveAccepted } from "./corpus-accepted.ts";
import { raceForRoot, tryForeignNames, tryForeignRoots, tryRecords, trySettings, withAlias } from "./corpus-given.ts";
import { besideOf, type CorpusWorld, callerOf, createWorld, inputFor, loginOf, send } from "./corpus-world.ts";
import type { FieldCase, FieldPlan } from "./field-cases.ts";
import { changesBetween, stateOf } from "./state.ts";
import { nameOf, planOf, type StringField, stringFields } from "./string-fields.ts";

describe("hostile values in every string field", () => {
  let instance: TestInstance;
  let world: CorpusWorld;
  let operations: readonly DescribedOperation[];
  let fields: readonly StringField[];
  /** The victim's zone as it was before anything was sent. */
  let victims: readonly ZoneLine[];
  let ran = 0;

  const victimZone = () => transferZone(instance, world.transferKey, "victim.test");

  beforeAll(async () => {
    instance = await TestInstance.start();
    world = await createWorld(instance);
    victims = victimZone();
    operations = await describeOperations(instance.client());
    fields = stringFields(operations);
  });
  afterAll(async () => {
    console.log(`corpus: ${ran} pairs of field and item, ${fields.length} fields of ${operations.length} operations`);
    await instance.destroy();
  });

  it("knows what to send to every one", () => {
    expect(fields.filter((field) => planOf(field) === undefined).map(nameOf)).toEqual([]);
    expect(fields.length).toBeGreaterThan(65);
  });

  const casesOf = (field: StringField, plan: FieldPlan) =>
    // A query string has no types, and ends where the headers of a request do.
    plan.cases.filter(
      ({ value }) => field.operation.method !== "GET" || (typeof value === "string" && value.length < 8000),
    );

  const sendCase = (target: StringField, { beside, value, verdict }: FieldCase, { refusal }: FieldPlan) => {
    const { operation, field, isList } = target;
    const named = typeof value === "string" ? value.replace("{{username}}", loginOf(operation)) : value;
    const others = { ...inputFor(world, operation, field), ...besideOf(world, operation, beside) };
    const input: Record<string, unknown> = { ...others, [field]: isList ? [named] : named };
    if (field === "new_password") input["confirm_password"] = named;
    // What may be accepted must have no effect here.
    const dryRun = verdict === "any" && refusal === "field";
    return send(callerOf(world, operation, field), operation, input, dryRun);
  };

  it("refuses names that are another tenant's, above or below one, or the server's own", async () => {
    const before = await stateOf(instance);
    const attempts = await tryForeignNames(world);
    ran += attempts.length;
    const wrong = attempts.filter(({ answer }) => answer.status < 400 || answer.status >= 500);
    expect(wrong.map(({ id, door, answer }) => `${id} ${door}: ${answer.status} ${answer.text}`)).toEqual([]);
    expect(attempts.length).toBeGreaterThan(30);
    expect(changesBetween(before, await stateOf(instance)).filter((name) => name !== "table settings")).toEqual([]);
  });

  it("refuses directories that lead out of the home", async () => {
    const before = await stateOf(instance);
    const attempts = await tryForeignRoots(world);
    ran += attempts.length;
    const wrong = attempts.filter(({ answer }) => answer.status < 400 || answer.status >= 500);
    expect(wrong.map(({ id, door, answer }) => `${id} ${door}: ${answer.status} ${answer.text}`)).toEqual([]);
    expect(attempts.filter(({ answer }) => /\/(?:etc|homes)\//.test(answer.text))).toEqual([]);
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
    expect(await raceForRoot(world, 12)).toEqual([]);
  });

  it("refuses what the corpus refuses of server options", async () => {
    const before = await stateOf(instance);
    const pairs = corpusItems("firewall_service").filter(
      (item) => "key" in Object(item.input) && item.id !== "fws-030",
    );
    for (const item of pairs) {
      ran += 1;
      const answer = await world.admin.post("system/save-option", item.input);
      expect(answer.status, item.id).toBe(400);
    }
    expect(pairs.length).toBe(3);
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
  });

  it("refuses what the corpus refuses of records, by the field that is wrong", async () => {
    await withAlias(world, async () => {
      const before = await stateOf(instance);
      const attempts = await tryRecords(world);
      ran += attempts.length;
      const wrong = attempts.filter(({ answer: { body, status }, door }) => {
        const fields = (body.errors as FieldError[]).map((error) => error.field);
        return door === "state" ? status !== 409 : status !== 400 || !fields.includes(door);
      });
      expect(wrong.map(({ id, door, answer }) => `${id} ${door}: ${answer.status} ${answer.text}`)).toEqual([]);
      expect(attempts.length).toBeGreaterThan(25);
      expect(changesBetween(before, await stateOf(instance))).toEqual([]);
    });
  });

  it("refuses settings of a plugin that its own rules refuse", async () => {
    const before = await stateOf(instance);
    const attempts = await trySettings(world);
    ran += attempts.length;
    const wrong = attempts.filter(({ answer: { body, status }, door }) => {
      const fields = (body.errors as FieldError[]).map((error) => error.field);
      return status !== 400 || !fields.includes(door);
    });
    expect(wrong.map(({ id, door, answer }) => `${id} ${door}: ${answer.status} ${answer.text}`)).toEqual([]);
    expect(attempts.length).toBeGreaterThan(100);
    expect(changesBetween(before, await stateOf(instance))).toEqual([]);
  });

  it("refuses what the corpus refuses, names the field, echoes nothing and changes nothing", async () => {
    const wrong: string[] = [];
    for (const field of fields) {
      const plan = planOf(field);
      if (!plan) continue;
      const before = await stateOf(instance);
      for (const one of casesOf(field, plan)) {
        if (one.verdict === "accept") continue;
        ran += 1;
        const answer = await sendCase(field, one, plan);
        wrong.push(...faultsOf(answer, one, plan, field).map((fault) => `${nameOf(field)} ${one.id}: ${fault}`));
      }
      const changed = changesBetween(before, await stateOf(instance));
      if (changed.length > 0) wrong.push(`${nameOf(field)} changed ${changed.join(", ")}`);
    }
    expect(wrong).toEqual([]);
    expect(existsSync("/tmp/patchbay-canary")).toBe(false);
    expect(ran).toBeGreaterThan(4000);
  });

  it("takes what the corpus takes, keeps it exactly, and serves exactly that", async () => {
    const wrong: string[] = [];
    for (const { operation, field } of fields) {
      const plan = planOf({ operation, field, isList: false });
      for (const { beside, canonical, id, value, verdict } of plan?.cases ?? []) {
        if (verdict !== "accept" || operation.method === "GET") continue;
        ran += 1;
        await proveAccepted({ world, operation, field, value, canonical, beside }).catch((error: Error) => {
          wrong.push(`${operation.id}.${field} ${id}: ${error.message}`);
        });
      }
    }
    expect(wrong).toEqual([]);
    expect(existsSync("/tmp/patchbay-canary")).toBe(false);
    expect((await must(world.admin.get("reconcile/plan"))).plan).toEqual([]);
    expect(victims.length).toBeGreaterThan(5);
    expect(victimZone()).toEqual(victims);
  }, 240_000);
});

function faultsOf(answer: Answer, one: FieldCase, { refusal }: FieldPlan, { field, isList }: StringField): string[] {
  const { body, status, text } = answer;
  const faults: string[] = [];
  if (status >= 500) faults.push(`${status}`);
  if (one.verdict === "reject") {
    if (status < 400) faults.push(`accepted, ${status}`);
    const errors: { field: string }[] = body?.errors ?? [];
    const named = errors.some((error) => error.field === field || (isList && error.field.startsWith(`${field}.`)));
    const isTooLarge = status === 413 && text.length < 1000;
    if (refusal === "field" && (status !== 400 || !named) && !isTooLarge)
      faults.push(`does not name the field: ${status} ${text}`);
  }
  if (status >= 400 && !isEnvelope(body)) faults.push(`not the envelope: ${text}`);
  const sent = typeof one.value === "string" && one.value.length >= 4 ? one.value : undefined;
  const quoted = sent === undefined ? "" : JSON.stringify(sent).slice(1, -1);
  if (status >= 400 && sent !== undefined && (text.includes(sent) || text.includes(quoted)))
    faults.push(`echoes: ${text}`);
  return faults;
}

function isEnvelope(body: Answer["body"]): boolean {
  return (
    body?.success === false &&
    typeof body.message === "string" &&
    /^[A-Z][A-Z0-9_]+$/.test(body.code) &&
    Array.isArray(body.errors) &&
    body.errors.every(
      (error: Partial<FieldError>) => typeof error.field === "string" && typeof error.message === "string",
    )
  );
}
