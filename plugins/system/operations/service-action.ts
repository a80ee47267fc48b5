import { choice, defineChange, notFound, Services, text } from "@patchbay/sdk";
import * as v from "valibot";

export const serviceAction = defineChange({
  id: "system.service-action",
  method: "POST",
  summary: "Start, stop or restart a service that the panel runs",
  access: { callers: ["admin"] },
  rate: "standard",
  input: v.strictObject({ service: text(1, 100), action: choice(["start", "stop", "restart"]) }),
  output: v.strictObject({ service: v.string(), status: v.picklist(["running", "stopped", "failed", "unknown"]) }),
  resource: (_input, output) => `service:${output.service}`,
  prepare: async ({ service, action }, ctx) => {
    const services = ctx.use(Services);
    const known = (await services.list()).find((one) => one.name === service);
    if (!known) throw notFound("service");
    return ctx.dryRun ? known : services.act(known.name, action);
  },
  handle: async (_input, _ctx, { name, status }) => ({ service: name, status }),
});
