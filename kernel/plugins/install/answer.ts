import type { Manifest } from "@patchbay/sdk";
import * as v from "valibot";
import { isThere } from "../installed.ts";
import type { Asks } from "./asks.ts";

/** What a plugin asks for, as an admin is shown it. */
export const asksAnswer = v.strictObject({
  /** `kernel`: its code can reach everything the panel can. */
  isolation: v.picklist(["kernel", "process"]),
  memory_mb: v.number(),
  requires: v.array(v.string()),
  packages: v.array(v.strictObject({ apt: v.string(), reason: v.string(), installed: v.boolean() })),
  services: v.array(
    v.strictObject({
      name: v.string(),
      title: v.string(),
      user: v.picklist(["root", "web"]),
      argv: v.array(v.string()),
    }),
  ),
  tree: v.boolean(),
  /** Operations it may call in its own name. */
  invoke: v.array(v.string()),
  /** Why root must approve it on the server, with `--as-root`; empty when an admin may. */
  root: v.array(v.string()),
});

export const installAnswer = v.strictObject({
  id: v.string(),
  title: v.string(),
  /** npm name. */
  package: v.string(),
  version: v.string(),
  /** Version that is there already; null: none. */
  replaces: v.nullable(v.string()),
  /** False: an earlier approval covers it, and it is in use at once. */
  needs_approval: v.boolean(),
  /** What it asks for beyond what was approved before, in words. */
  asks_for_more: v.array(v.string()),
  asks: asksAnswer,
  signer: v.nullable(v.strictObject({ key: v.string(), trusted: v.boolean() })),
  /** `name@version` of what came along. */
  dependencies: v.array(v.string()),
  warnings: v.array(v.string()),
});

export type InstallAnswer = v.InferOutput<typeof installAnswer>;

/** `root`: reasons for which root must approve it. */
export function toAsksAnswer(
  asks: Asks,
  manifest: Manifest,
  root: readonly string[],
): v.InferOutput<typeof asksAnswer> {
  return {
    isolation: asks.isolation,
    memory_mb: asks.memoryMb,
    requires: asks.requires,
    packages: manifest.packages.map(({ apt, reason, binary }) => ({ apt, reason, installed: isThere(binary) })),
    services: asks.services.map(({ name, title, user, argv }) => ({ name, title, user, argv })),
    tree: asks.tree,
    invoke: asks.invoke,
    root: [...root],
  };
}
