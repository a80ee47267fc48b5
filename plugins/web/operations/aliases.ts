import { defineChange, defineQuery, domainName, notFound, objectId, queryId, type Read, toIso } from "@patchbay/sdk";
import * as v from "valibot";
import { aliasAdded, aliasRemoved, domainObject } from "../contract.ts";
import { requireAccountRow, requireDomain, syncCertificate, toEvent, touchDomain } from "../domain-store.ts";
import { codes, tooManyAliases } from "../errors.ts";
import { assertNameFree } from "../name-rules.ts";
import { toBackwards } from "../names.ts";

/** Aliases count against no limit of a package, so they have one of their own. */
const mostAliases = 100;

const aliasView = v.strictObject({ id: v.number(), domain_id: v.number(), alias: v.string(), created_at: v.string() });

interface AliasRow {
  readonly id: number;
  readonly domain_id: number;
  readonly name: string;
  readonly created_at: number;
}

const access = { callers: ["admin", "reseller", "user"], object: { type: domainObject, from: "domain_id" } } as const;

function aliasesOf(read: Read, domainId: number): Promise<AliasRow[]> {
  return read.all("SELECT id, domain_id, name, created_at FROM domain_aliases WHERE domain_id = ? ORDER BY name", [
    domainId,
  ]);
}

function toView({ created_at, domain_id, id, name }: AliasRow): v.InferOutput<typeof aliasView> {
  return { id, domain_id, alias: name, created_at: toIso(created_at) };
}

export const listAliases = defineQuery({
  id: "domains.aliases",
  summary: "Other names of a domain",
  access,
  rate: "standard",
  input: v.strictObject({ domain_id: queryId }),
  output: v.array(aliasView),
  handle: async (input, ctx) => (await aliasesOf(ctx.read, input.domain_id)).map(toView),
});

export const addAlias = defineChange({
  id: "domains.add-alias",
  method: "POST",
  summary: "Serve a domain under another name too",
  message: "Alias added",
  access,
  rate: "standard",
  errors: [codes.exists, codes.belongsToOther, codes.reserved, codes.tooManyAliases],
  input: v.strictObject({ domain_id: objectId, alias: domainName }),
  output: aliasView,
  resource: (input) => `domain:${input.domain_id}`,
  handle: async (input, ctx) => {
    const domain = await requireDomain(ctx.read, input.domain_id);
    if ((await aliasesOf(ctx.read, domain.id)).length >= mostAliases) throw tooManyAliases(mostAliases);
    await assertNameFree(ctx, domain.account_id, input.alias);
    const { id } = await ctx.intents.insert("domain_aliases", {
      domain_id: domain.id,
      name: input.alias,
      backwards: toBackwards(input.alias),
    });
    await syncCertificate(ctx, await requireAccountRow(ctx.read, domain.account_id), domain);
    touchDomain(ctx, domain);
    await ctx.emit(aliasAdded, { ...toEvent(domain), alias: input.alias });
    const added = (await aliasesOf(ctx.read, domain.id)).find((row) => row.id === id);
    if (!added) throw new Error("the alias just written is not there");
    return toView(added);
  },
});

export const removeAlias = defineChange({
  id: "domains.remove-alias",
  method: "POST",
  summary: "Stop serving a domain under another name",
  message: "Alias removed",
  access,
  rate: "standard",
  input: v.strictObject({ domain_id: objectId, alias: domainName }),
  output: v.null(),
  resource: (input) => `domain:${input.domain_id}`,
  handle: async (input, ctx) => {
    const domain = await requireDomain(ctx.read, input.domain_id);
    const alias = (await aliasesOf(ctx.read, domain.id)).find((row) => row.name === input.alias);
    if (!alias) throw notFound("alias");
    await ctx.intents.delete("domain_aliases", alias.id);
    await syncCertificate(ctx, await requireAccountRow(ctx.read, domain.account_id), domain);
    touchDomain(ctx, domain);
    await ctx.emit(aliasRemoved, { ...toEvent(domain), alias: alias.name });
    return null;
  },
});
