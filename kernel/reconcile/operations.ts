import { choice, defineChange, defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import type { Storage } from "../storage/types.ts";
import type { Reconciler } from "./types.ts";

const step = v.strictObject({
  slot: v.string(),
  unit: v.string(),
  action: v.string(),
  target: v.string(),
  diff: v.optional(v.string()),
});
const failure = v.strictObject({ slot: v.string(), key: v.string(), kind: v.string(), message: v.string() });
const admin = { callers: ["admin"] } as const;

/** What an admin can ask of the reconciler: what it would do, doing it, and what was changed by hand. */
export function reconcileOperations(reconciler: () => Reconciler, storage: Storage): readonly Operation[] {
  return [
    defineQuery({
      id: "reconcile.plan",
      summary: "What a reconcile would do, as a diff",
      access: admin,
      rate: "standard",
      input: v.strictObject({}),
      output: v.strictObject({ plan: v.array(step), warnings: v.array(v.string()) }),
      handle: async () => {
        const { steps, warnings } = await reconciler().plan(storage.read, "all");
        return { plan: steps, warnings };
      },
    }),
    defineChange({
      id: "reconcile.run",
      method: "POST",
      summary: "Make the world equal the desired state",
      access: admin,
      rate: "standard",
      errors: ["UNSAFE_PLAN"],
      input: v.strictObject({ confirm_removals: v.optional(v.boolean("must be true or false"), false) }),
      output: v.strictObject({ plan: v.array(step), failures: v.array(failure) }),
      // The reconciler writes in transactions of its own, so it runs before this one, which only keeps the record.
      prepare: async ({ confirm_removals: confirmRemovals }, { dryRun }) => {
        if (dryRun) return { steps: (await reconciler().plan(storage.read, "all")).steps, failures: [] };
        return reconciler().run({ confirmRemovals });
      },
      handle: async (_input, ctx, { steps, failures }) => {
        ctx.note({ steps: steps.length, failures: failures.length });
        return {
          plan: steps,
          failures: failures.map(({ slot, key, kind, message }) => ({ slot, key, kind, message })),
        };
      },
    }),
    defineQuery({
      id: "reconcile.drift",
      summary: "Files and units that were changed by another hand",
      access: admin,
      rate: "standard",
      input: v.strictObject({}),
      output: v.array(
        v.strictObject({
          id: v.string(),
          slot: v.string(),
          plugin: v.string(),
          target: v.string(),
          kind: v.string(),
          diff: v.string(),
          since: v.string(),
        }),
      ),
      handle: async () => [...(await reconciler().drift())],
    }),
    defineChange({
      id: "reconcile.resolve",
      method: "POST",
      summary: "Write our version of a drifted file again, or accept what is there",
      access: admin,
      rate: "standard",
      errors: ["NOT_FOUND"],
      input: v.strictObject({
        id: v.pipe(v.string("must be text"), v.maxLength(200, "is too long")),
        action: choice(["mend", "adopt"]),
      }),
      output: v.null(),
      resource: ({ id }) => `drift:${id}`,
      prepare: async ({ id, action }, { dryRun }) => {
        if (!dryRun) await reconciler().resolve(id, action);
      },
      handle: async () => null,
    }),
  ];
}
