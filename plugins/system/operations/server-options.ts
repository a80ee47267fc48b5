import { Backends, defineChange, defineQuery, flag, optionSaved, ServerOptions, Switching } from "@patchbay/sdk";
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
    return toServerOptionsView(options, await options.choices(), await ctx.use(Backends).list());
  },
});

export const saveOption = defineChange({
  id: "system.save-option",
  method: "POST",
  summary: "Save one server option; one that chooses a backend switches to it",
  message: "Option saved",
  access,
  rate: "standard",
  // Some options are secrets, so that no value of this field is recorded; backends are noted by name instead.
  secrets: ["value"],
  errors: ["BACKEND_NOT_INSTALLED", "SWITCH_REFUSED", "SWITCH_RUNNING"],
  input: v.strictObject({
    key: v.pipe(v.string(), v.maxLength(64)),
    value: v.pipe(v.string(), v.maxLength(1024)),
    force: v.optional(flag, false),
  }),
  output: v.null(),
  resource: (input) => `option:${input.key}`,
  handle: async ({ key, value, force }, ctx) => {
    const options = ctx.use(ServerOptions);
    const choice = (await options.choices()).find(({ option }) => option === key);
    if (choice) {
      ctx.note({ from: choice.chosen, to: value });
      await ctx.use(Switching).begin(ctx, { option: key, value, force });
    } else {
      await options.save(ctx.intents, key, value);
      await ctx.emit(optionSaved, { key, by: ctx.principal.username });
    }
    return null;
  },
});
