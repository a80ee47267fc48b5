import { asPlugin, type ChangeContext, type Operation, type Principal } from "@patchbay/sdk";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import type { GuestPlugin } from "../types.ts";
import { Bench, type Parts, partsOf } from "./bench.ts";
import { valibot } from "./samples.ts";

/** Who asks in tests. */
export const ann: Principal = { ...asPlugin, userId: 7, username: "ann", role: "admin", via: "session" };
export const context = { principal: ann, now: 5, operationId: "op-1", dryRun: false } as ChangeContext;

/** What an operation of a guest answers ann. */
export function ask(parts: Parts, id: string, input: object = {}): Promise<unknown> {
  return (parts.operations.get(id) as Operation).handle(input, context, undefined as never);
}

/** A bench for all tests of a file; the plugins of a test end with it. */
export function useBench(): {
  bench(): Bench;
  load(id: string, code: string, manifest?: object): Promise<Parts>;
} {
  let bench: Bench | undefined;
  const loaded: GuestPlugin[] = [];
  const open = () => {
    if (!bench) throw new Error("the bench is not open");
    return bench;
  };
  beforeAll(async () => {
    bench = await Bench.open();
  }, 60_000);
  afterEach(async () => {
    await Promise.all(loaded.splice(0).map((guest) => guest.end()));
    expect(open().guests()).toEqual([]);
  });
  afterAll(() => open().close());
  return {
    bench: open,
    load: async (id, code, manifest = {}) => {
      const guest = await open().load(id, code, { before: valibot, manifest });
      loaded.push(guest);
      return partsOf(guest);
    },
  };
}
