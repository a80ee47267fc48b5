import { defineQuery, HostInfo, type Operation, Vault } from "@patchbay/sdk";
import * as v from "valibot";
import { keysFrom } from "../keys.ts";
import { secondaryConfig } from "../secondaries.ts";

/** Reading it is audited: who has the text may copy every zone. */
export const showSecondaryConfig: Operation = defineQuery({
  id: "bind.secondary-config",
  summary: "Configuration a secondary name server needs",
  access: { callers: ["admin"] },
  rate: "standard",
  audit: "read",
  input: v.strictObject({}),
  output: v.strictObject({
    /** For named.conf; holds the key of the zone transfers. */
    config: v.string(),
  }),
  handle: async (_input, ctx) => ({ config: secondaryConfig(ctx.use(HostInfo), keysFrom(ctx.use(Vault))) }),
});
