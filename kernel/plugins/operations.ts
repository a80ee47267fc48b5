import { defineQuery, type Operation } from "@patchbay/sdk";
import * as v from "valibot";
import type { Generation } from "./generation.ts";

/** `plugins/list`: what the running generation is made of. */
export function pluginOperations(generation: () => Generation): readonly Operation[] {
  return [
    defineQuery({
      id: "plugins.list",
      summary: "The plugins of the running panel",
      access: { callers: ["admin"] },
      rate: "standard",
      input: v.strictObject({}),
      output: v.array(
        v.strictObject({
          id: v.string(),
          title: v.string(),
          version: v.string(),
          state: v.picklist(["active"]),
          provides: v.array(v.strictObject({ slot: v.string(), as: v.string() })),
        }),
      ),
      handle: async () =>
        generation().plugins.map(({ manifest, version }) => ({
          id: manifest.id,
          title: manifest.title,
          version,
          state: "active" as const,
          provides: [...manifest.provides],
        })),
    }),
  ];
}
