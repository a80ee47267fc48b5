import { PhpPools } from "@patchbay/php/contract";
import {
  accountPath,
  choice,
  defineChange,
  documentRoot,
  httpUrl,
  invalid,
  objectId,
  parseField,
  phpVersion,
} from "@patchbay/sdk";
import * as v from "valibot";
import { domainObject } from "../contract.ts";
import { requireAccountRow, requireDomain, syncPools, touchDomain } from "../domain-store.ts";
import { domainView, toDomainView } from "../domain-view.ts";

const input = v.strictObject({
  domain_id: objectId,
  /** Null: the version of the account. */
  php_version: v.optional(v.nullable(phpVersion)),
  document_root: v.optional(accountPath),
  redirect_to: v.optional(httpUrl),
  redirect_code: v.optional(choice([301, 302])),
});

type UpdateDomain = v.InferOutput<typeof input>;

export const updateDomain = defineChange({
  id: "domains.update",
  method: "POST",
  summary: "Change the PHP version, directory or redirect of a domain",
  message: "Domain updated",
  access: { callers: ["admin", "reseller", "user"], object: { type: domainObject, from: "domain_id" } },
  rate: "standard",
  errors: ["PHP_VERSION_ABSENT"],
  input,
  output: domainView,
  resource: (input) => `domain:${input.domain_id}`,
  handle: async (input, ctx) => {
    const domain = await requireDomain(ctx.read, input.domain_id);
    refuseForeignFields(input, domain.type === "redirect");
    if (typeof input.php_version === "string") ctx.use(PhpPools).requireInstalled(input.php_version);
    const { home } = await requireAccountRow(ctx.read, domain.account_id);
    const { document_root: root, php_version, redirect_code, redirect_to } = input;
    const patch = {
      ...(php_version === undefined ? {} : { php_version }),
      ...(root === undefined ? {} : { document_root: parseField("document_root", documentRoot(home), root) }),
      ...(redirect_to === undefined ? {} : { redirect_to }),
      ...(redirect_code === undefined ? {} : { redirect_code }),
    };
    await ctx.intents.update("domains", domain.id, patch);
    touchDomain(ctx, domain);
    await syncPools(ctx, domain.account_id);
    return toDomainView(await requireDomain(ctx.read, domain.id));
  },
});

function refuseForeignFields(input: UpdateDomain, isRedirect: boolean): void {
  const foreign = isRedirect
    ? (["php_version", "document_root"] as const)
    : (["redirect_to", "redirect_code"] as const);
  const field = foreign.find((name) => input[name] !== undefined);
  if (field !== undefined)
    throw invalid(field, "unknown", isRedirect ? "is not for redirects" : "is for redirects only");
}
