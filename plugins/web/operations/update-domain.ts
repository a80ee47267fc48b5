import { PhpPools } from "@patchbay/php/contract";
import {
  accountPath,
  type ChangeContext,
  choice,
  defineChange,
  documentRoot,
  flag,
  httpUrl,
  invalid,
  type NewRow,
  objectId,
  parseField,
  phpVersion,
  safeInt,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type DomainRow, domainAssigned, domainObject, domainUpdated } from "../contract.ts";
import { requireAccountRow, requireDomain, showDomain, syncPools, toEvent, touchDomain } from "../domain-store.ts";
import { domainView } from "../domain-view.ts";
import { codes, webServerForbidden } from "../errors.ts";
import { requireInstalledWebServer, webServerId } from "../web-servers.ts";

/** Two years: what the preload lists of browsers ask for. */
const longestHsts = 63_072_000;

const input = v.strictObject({
  domain_id: objectId,
  /** Null: the version of the account. */
  php_version: v.optional(v.nullable(phpVersion)),
  document_root: v.optional(accountPath),
  redirect_to: v.optional(httpUrl),
  redirect_code: v.optional(choice([301, 302])),
  /** Requests over HTTP are sent to HTTPS. */
  force_https: v.optional(flag),
  /** Seconds of Strict-Transport-Security; 0 tells browsers to forget it, null sends nothing. */
  hsts_max_age: v.optional(v.nullable(safeInt(0, longestHsts))),
  /** For admins: the web server that serves it; null: the chosen one. */
  web_server: v.optional(v.nullable(webServerId)),
});

type UpdateDomain = v.InferOutput<typeof input>;

export const updateDomain = defineChange({
  id: "domains.update",
  method: "POST",
  summary: "Change the PHP version, directory, redirect, HTTPS or web server of a domain",
  message: "Domain updated",
  access: { callers: ["admin", "reseller", "user"], object: { type: domainObject, from: "domain_id" } },
  rate: "standard",
  errors: ["PHP_VERSION_ABSENT", codes.webServerForbidden, codes.notInstalled],
  input,
  output: domainView,
  resource: (input) => `domain:${input.domain_id}`,
  handle: async (input, ctx) => {
    const domain = await requireDomain(ctx.read, input.domain_id);
    await check(input, domain, ctx);
    const { home } = await requireAccountRow(ctx.read, domain.account_id);
    const patch = toPatch(input, home);
    await ctx.intents.update("domains", domain.id, patch);
    touchDomain(ctx, domain);
    await syncPools(ctx, domain.account_id);
    await announce(ctx, domain, patch);
    return showDomain(ctx, domain.id);
  },
});

/** Tells what differs from before. */
async function announce(ctx: ChangeContext, domain: DomainRow, patch: NewRow): Promise<void> {
  const changed = (Object.keys(patch) as (keyof DomainRow)[]).filter((column) => patch[column] !== domain[column]);
  if (changed.length === 0) return;
  const fields = changed.map((column) => (column === "hsts" ? "hsts_max_age" : column));
  await ctx.emit(domainUpdated, { ...toEvent(domain), changed: fields });
  if (!changed.includes("web_server")) return;
  const to = patch["web_server"] as string | null;
  await ctx.emit(domainAssigned, { ...toEvent(domain), from: domain.web_server, to });
}

async function check(input: UpdateDomain, { type }: DomainRow, ctx: ChangeContext): Promise<void> {
  const { php_version: version, web_server: server } = input;
  refuseForeignFields(input, type === "redirect");
  if (typeof version === "string") ctx.use(PhpPools).requireInstalled(version);
  if (server !== undefined && (ctx.principal.role === "user" || ctx.principal.role === "reseller"))
    throw webServerForbidden();
  if (typeof server === "string") await requireInstalledWebServer(ctx, "web_server", server);
}

function refuseForeignFields(input: UpdateDomain, isRedirect: boolean): void {
  const foreign = isRedirect
    ? (["php_version", "document_root"] as const)
    : (["redirect_to", "redirect_code"] as const);
  const field = foreign.find((name) => input[name] !== undefined);
  if (field !== undefined)
    throw invalid(field, "unknown", isRedirect ? "is not for redirects" : "is for redirects only");
}

/** Columns of the fields that were given. */
function toPatch(input: UpdateDomain, home: string): NewRow {
  const { document_root: root, force_https: force, hsts_max_age: hsts } = input;
  const { php_version, redirect_code, redirect_to, web_server } = input;
  const columns = {
    php_version,
    document_root: root === undefined ? undefined : parseField("document_root", documentRoot(home), root),
    redirect_to,
    redirect_code,
    force_https: force === undefined ? undefined : Number(force),
    hsts,
    web_server,
  };
  const given = Object.entries(columns).filter(
    (entry): entry is [string, string | number | null] => entry[1] !== undefined,
  );
  return Object.fromEntries(given);
}
