import { type ChangeOperation, defineChange, type Operation, type Principal } from "@patchbay/sdk";
import * as v from "valibot";
import { expect, it } from "vitest";
import { createHookTable } from "../hooks/hook-table.ts";
import type { RegisteredTap } from "../hooks/order.ts";
import type { Ids, Storage } from "../storage/types.ts";
import type { Call } from "./call.ts";
import type { ChangeRunner, PreparedChange } from "./change.ts";
import { Pipeline, type PipelineRooms } from "./pipeline.ts";

const operation = defineChange({
  id: "boxes.add",
  method: "POST",
  summary: "Add a box",
  rate: "standard",
  access: { callers: ["admin"], object: { type: "shelf", from: "shelf_id" } },
  secrets: ["password", "pin"],
  input: v.strictObject({
    shelf_id: v.number(),
    name: v.pipe(v.string(), v.toLowerCase()),
    password: v.pipe(v.string(), v.minLength(3)),
    pin: v.optional(v.string()),
  }),
  output: v.null(),
  handle: async () => null,
}) as Operation;

/** What reaches the change, with these taps on the input. */
async function inputAfter(...taps: ((value: Record<string, unknown>) => unknown)[]): Promise<unknown> {
  const hook = { id: "boxes.add.input", kind: "transform" } as const;
  const table = createHookTable({
    taps: taps.map(
      (tap, at) => ({ plugin: `p${at}`, hook, tap: async (value: never) => tap(value) }) as unknown as RegisteredTap,
    ),
    onBlame: () => {},
  });
  let prepared: PreparedChange | undefined;
  const changes = {
    replay: async () => undefined,
    run: async (change: PreparedChange) => {
      prepared = change;
      return { status: 200, message: "OK", data: null };
    },
  } as unknown as ChangeRunner;
  const rooms = {
    authorize: () => {},
    checkOwner: () => undefined,
    auditAlone: async () => {},
    veto: async () => {},
    transform: (one: never, value: never, again: never) => table.transform(one, value, again),
  } as unknown as PipelineRooms;
  const pipeline = new Pipeline({} as Storage, { now: () => 0 }, { uuid: () => "id" } as Ids, changes);
  const principal = { userId: 1, username: "root", role: "admin" } as Principal;
  const raw = { shelf_id: 7, name: "Red", password: "s3cret" };
  await pipeline.run(
    { operation: operation as unknown as ChangeOperation<unknown, unknown>, principal, raw } as unknown as Call,
    rooms,
  );
  return prepared?.input;
}

it("is as it was parsed while nobody taps it", async () => {
  expect(await inputAfter()).toEqual({ shelf_id: 7, name: "red", password: "s3cret" });
});

it("shows no tap a secret, and is parsed again after each", async () => {
  const seen: unknown[] = [];
  const rename = (name: string) => (value: Record<string, unknown>) => {
    seen.push(value);
    return { ...value, name };
  };
  expect(await inputAfter(rename("Green"), rename("BLUE"))).toEqual({ shelf_id: 7, name: "blue", password: "s3cret" });
  expect(seen).toEqual([
    { shelf_id: 7, name: "red" },
    { shelf_id: 7, name: "green" },
  ]);
});

it("takes no secret and no other object from a tap", async () => {
  const tap = (value: Record<string, unknown>) => ({ ...value, password: "mine", pin: "1", shelf_id: 8 });
  expect(await inputAfter(tap)).toEqual({ shelf_id: 7, name: "red", password: "s3cret" });
});

it("is refused when a tap makes it invalid", async () => {
  await expect(inputAfter((value) => ({ ...value, more: 1 }))).rejects.toMatchObject({
    code: "HOOK_FAILED",
    status: 503,
  });
});
