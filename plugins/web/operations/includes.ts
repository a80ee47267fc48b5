import { defineChange, defineQuery, objectId, queryId, type Read, rule } from "@patchbay/sdk";
import * as v from "valibot";
import { domainObject, includeSaved, webSlotId } from "../contract.ts";
import { requireDomain, toEvent } from "../domain-store.ts";
import { requireKnownWebServer, webServerId } from "../web-servers.ts";

/** Configuration text: line feeds inside, none around it. */
const includeText = v.pipe(
  v.string(),
  v.maxLength(16_384),
  v.regex(/^(?:[^\p{Cc}\p{Cs}]|[\t\r\n])*$/u, rule("format", "must not have control characters")),
  v.transform((text) => text.replaceAll("\r\n", "\n").trim()),
);
const includeView = v.strictObject({ provider: v.string(), content: v.string() });
const access = { callers: ["admin"], object: { type: domainObject, from: "domain_id" } } as const;

type IncludeRow = v.InferOutput<typeof includeView> & { readonly id: number };

function includesOf(read: Read, domainId: number): Promise<IncludeRow[]> {
  return read.all("SELECT id, provider, content FROM domain_includes WHERE domain_id = ? ORDER BY provider", [
    domainId,
  ]);
}

export const listIncludes = defineQuery({
  id: "domains.includes",
  summary: "Configuration text that was added to a domain",
  access,
  rate: "standard",
  input: v.strictObject({ domain_id: queryId }),
  output: v.array(includeView),
  handle: async (input, ctx) =>
    (await includesOf(ctx.read, input.domain_id)).map(({ content, provider }) => ({ provider, content })),
});

/** The backend checks the text before anything is written; a refusal takes the change back. */
export const saveInclude = defineChange({
  id: "domains.save-include",
  method: "POST",
  summary: "Add configuration text for one web server to a domain; empty text takes it away",
  message: "Include saved",
  access,
  rate: "standard",
  input: v.strictObject({
    domain_id: objectId,
    /** The web server it is written for, installed or not. Others ignore it. */
    provider: v.optional(webServerId, "nginx"),
    content: includeText,
  }),
  output: includeView,
  resource: (input) => `domain:${input.domain_id}`,
  handle: async ({ content, domain_id, provider }, ctx) => {
    const domain = await requireDomain(ctx.read, domain_id);
    const known = (await includesOf(ctx.read, domain.id)).find((row) => row.provider === provider);
    // Text for a web server that is gone can still be taken away.
    if (!known) await requireKnownWebServer(ctx, "provider", provider);
    if (known && content === "") await ctx.intents.delete("domain_includes", known.id);
    else if (known) await ctx.intents.update("domain_includes", known.id, { content });
    else if (content !== "") await ctx.intents.insert("domain_includes", { domain_id: domain.id, provider, content });
    ctx.intents.touch(webSlotId, domain.name);
    if (content !== (known?.content ?? "")) {
      await ctx.emit(includeSaved, { ...toEvent(domain), provider, removed: content === "" });
    }
    return { provider, content };
  },
});
