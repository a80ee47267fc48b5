import { defineChange, defineQuery, ServerOptions, Services } from "@patchbay/sdk";
import * as v from "valibot";
import { serverOptionsView, toServerOptionsView } from "../options.ts";

const access = { callers: ["admin"] } as const;

export const serverOptions = defineQuery({
  id: "system.server-options",
  summary: "Chosen servers and what is detected running",
  access,
  rate: "standard",
  input: v.strictObject({}),
  output: serverOptionsView,
  handle: async (_input, ctx) => {
    const options = ctx.use(ServerOptions);
    return toServerOptionsView(options, await options.choices(), await ctx.use(Services).list());
  },
});

export const saveOption = defineChange({
  id: "system.save-option",
  method: "POST",
  summary: "Save one server option",
  message: "Option saved",
  access,
  rate: "standard",
  // Some options are secrets, so that no value of this field is recorded; backends are noted by name instead.
  secrets: ["value"],
  input: v.strictObject({ key: v.pipe(v.string(), v.maxLength(64)), value: v.pipe(v.string(), v.maxLength(1024)) }),
  output: v.null(),
  resource: (input) => `option:${input.key}`,
  handle: async ({ key, value }, ctx) => {
    const options = ctx.use(ServerOptions);
    const before = (await options.choices()).find((choice) => choice.option === key);
    await options.save(ctx.intents, key, value);
    if (before) ctx.note({ from: before.chosen, to: value });
    return null;
  },
});
