import { invalid, type OperationContext, ServerOptions, type SlotChoice } from "@patchbay/sdk";
import * as v from "valibot";
import { webSlotId } from "./contract.ts";
import { notInstalled } from "./errors.ts";

/** Id of a web server, `nginx`. */
export const webServerId = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{1,40}$/));

type WebServer = SlotChoice["providers"][number];

/** Throws INVALID_INPUT (400), naming the web servers there are, for an id that is none of them. */
export async function requireKnownWebServer(ctx: OperationContext, field: string, id: string): Promise<WebServer> {
  const choices = await ctx.use(ServerOptions).choices();
  const known = choices.find((choice) => choice.slot === webSlotId)?.providers ?? [];
  const found = known.find((provider) => provider.id === id);
  if (!found) throw invalid(field, "choice", `must be one of ${known.map((provider) => provider.id).join(", ")}`);
  return found;
}

/** As `requireKnownWebServer`, and throws BACKEND_NOT_INSTALLED (409) for one whose software is missing. */
export async function requireInstalledWebServer(ctx: OperationContext, field: string, id: string): Promise<void> {
  const { installed, title } = await requireKnownWebServer(ctx, field, id);
  if (!installed) throw notInstalled(title);
}
