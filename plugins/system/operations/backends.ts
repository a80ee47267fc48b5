import { Backends, defineChange, defineQuery, Switching } from "@patchbay/sdk";
import * as v from "valibot";

const access = { callers: ["admin"] } as const;
const target = {
  key: v.pipe(v.string(), v.maxLength(64)),
  value: v.pipe(v.string(), v.maxLength(64)),
};
const unitIssue = v.strictObject({ unit: v.string(), field: v.string(), message: v.string() });

/** Named in one answer; `refused_count` and `lost_count` tell how many there are. */
const mostNamed = 200;

export const switchPreview = defineQuery({
  id: "system.switch-preview",
  summary: "What switching to another backend would mean",
  access,
  rate: "standard",
  input: v.strictObject(target),
  output: v.strictObject({
    slot: v.string(),
    from: v.string(),
    to: v.string(),
    units: v.number(),
    refused: v.array(unitIssue),
    refused_count: v.number(),
    lost: v.array(unitIssue),
    lost_count: v.number(),
    warnings: v.array(v.string()),
  }),
  handle: async ({ key, value }, ctx) => {
    const { refused, lost, warnings, ...facts } = await ctx.use(Switching).preview(ctx.read, key, value);
    return {
      ...facts,
      refused: refused.slice(0, mostNamed),
      refused_count: refused.length,
      lost: lost.slice(0, mostNamed),
      lost_count: lost.length,
      warnings: [...warnings],
    };
  },
});

export const detect = defineQuery({
  id: "system.detect",
  summary: "The backends there are, and which of them are installed, running and chosen",
  access,
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(
    v.strictObject({
      option: v.string(),
      slot: v.string(),
      id: v.string(),
      title: v.string(),
      plugin: v.string(),
      installed: v.boolean(),
      version: v.nullable(v.string()),
      running: v.boolean(),
      active: v.boolean(),
      installable: v.boolean(),
    }),
  ),
  handle: async (_input, ctx) => [...(await ctx.use(Backends).list())],
});

export const installBackend = defineChange({
  id: "system.install-backend",
  method: "POST",
  summary: "Install the software of a backend",
  access,
  rate: "standard",
  errors: ["BACKEND_NOT_INSTALLABLE"],
  input: v.strictObject(target),
  output: v.null(),
  resource: ({ key, value }) => `backend:${key}=${value}`,
  handle: async ({ key, value }, ctx) => {
    await ctx.use(Backends).install(ctx, key, value);
    return null;
  },
});
