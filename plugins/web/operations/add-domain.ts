import { type AccountRow, accountObject } from "@patchbay/accounts/contract";
import { PhpPools } from "@patchbay/php/contract";
import {
  accountPath,
  type ChangeContext,
  choice,
  defineChange,
  documentRoot,
  domainName,
  httpUrl,
  invalid,
  objectId,
  parseField,
  phpVersion,
  type Read,
} from "@patchbay/sdk";
import * as v from "valibot";
import { mainRoot } from "../account-taps.ts";
import { insertDomain, type NewDomain, requireAccountRow, showDomain } from "../domain-store.ts";
import { domainView } from "../domain-view.ts";
import { codes, withoutParent } from "../errors.ts";
import { assertNameFree, ownNameAbove } from "../name-rules.ts";

/** Null means the same as leaving the field out. */
const given = <T extends v.GenericSchema>(schema: T) => v.optional(v.nullable(schema), null);

const input = v.strictObject({
  account_id: objectId,
  domain: domainName,
  type: choice(["addon", "subdomain", "redirect"]),
  document_root: given(accountPath),
  php_version: given(phpVersion),
  redirect_to: given(httpUrl),
  redirect_code: given(choice([301, 302])),
});

type AddDomain = v.InferOutput<typeof input>;

export const addDomain = defineChange({
  id: "domains.add",
  method: "POST",
  summary: "Add an addon domain, subdomain or redirect",
  message: "Domain added",
  access: { callers: ["admin", "reseller", "user"], object: { type: accountObject, from: "account_id", infer: true } },
  rate: "standard",
  errors: [codes.exists, codes.belongsToOther, codes.reserved, codes.withoutParent, "PHP_VERSION_ABSENT"],
  input,
  output: domainView,
  resource: (_input, domain) => `domain:${domain.id}`,
  quota: async ({ account_id: accountId, type }) => [
    { meter: type === "subdomain" ? "subdomains" : "domains", accountId, amount: 1 },
  ],
  handle: async (input, ctx) => {
    const account = await requireAccountRow(ctx.read, input.account_id);
    const domain = input.type === "redirect" ? toRedirect(input) : await toSite(input, account, ctx);
    await assertNameFree(ctx, account.id, input.domain);
    return showDomain(ctx, (await insertDomain(ctx, account, domain)).id);
  },
});

function toRedirect({ domain, redirect_code: code, redirect_to: target }: AddDomain): NewDomain {
  if (target === null) throw invalid("redirect_to", "required", "must be given for a redirect");
  return {
    name: domain,
    type: "redirect",
    documentRoot: null,
    phpVersion: null,
    redirectTo: target,
    redirectCode: code ?? 301,
  };
}

async function toSite(input: AddDomain, account: AccountRow, ctx: ChangeContext): Promise<NewDomain> {
  if (input.redirect_to !== null) throw invalid("redirect_to", "unknown", "is for redirects only");
  if (input.php_version !== null) ctx.use(PhpPools).requireInstalled(input.php_version);
  const parent = input.type === "subdomain" ? await ownNameAbove(ctx.read, account.id, input.domain) : undefined;
  if (input.type === "subdomain" && parent === undefined) throw withoutParent();
  return {
    name: input.domain,
    type: input.type,
    documentRoot:
      input.document_root === null
        ? await defaultRoot(ctx.read, account, { name: input.domain, parent })
        : parseField("document_root", documentRoot(account.home), input.document_root),
    phpVersion: input.php_version,
    redirectTo: null,
    redirectCode: null,
  };
}

/** `public_html/<name>`; for a subdomain its label, unless another site of the account is there already. */
async function defaultRoot(
  read: Read,
  account: AccountRow,
  { name, parent }: { name: string; parent: string | undefined },
): Promise<string> {
  const full = `${mainRoot(account)}/${name}`;
  if (parent === undefined) return full;
  const short = `${mainRoot(account)}/${name.slice(0, -parent.length - 1)}`;
  const other = await read.get("SELECT 1 FROM domains WHERE account_id = ? AND document_root = ?", [account.id, short]);
  return other === undefined ? short : full;
}
