import { defineQuery, invalid, type OperationContext, Quotas, queryId } from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount } from "../account-store.ts";
import { accountObject } from "../contract.ts";
import { DiskUsageToken } from "../disk-usage.ts";
import { codes, notMeasured } from "../errors.ts";
import { toMebibytes } from "../limits.ts";

const counted = v.strictObject({ used: v.number(), limit: v.nullable(v.number()) });

/** Usage against the limits of the package. A limit of null: none. */
export const usageReport = v.strictObject({
  account_id: v.number(),
  disk: v.strictObject({ used_mb: v.number(), limit_mb: v.nullable(v.number()) }),
  email: counted,
  databases: counted,
  domains: counted,
  ftp: counted,
});

export const accountUsage = defineQuery({
  id: "accounts.usage",
  summary: "Usage of an account against its limits",
  access: { callers: ["admin", "reseller"], object: { type: accountObject, from: "id" } },
  rate: "standard",
  aliases: { account_id: "id" },
  input: v.strictObject({ id: queryId }),
  output: usageReport,
  errors: [codes.notMeasured],
  handle: (input, ctx) => reportUsage(input.id, ctx),
});

export const accountStats = defineQuery({
  id: "stats.account",
  summary: "Usage statistics of an account",
  access: {
    callers: ["admin", "reseller", "user"],
    object: { type: accountObject, from: "account_id", infer: true },
  },
  rate: "standard",
  aliases: { id: "account_id" },
  input: v.strictObject({ account_id: v.optional(queryId) }),
  output: usageReport,
  errors: [codes.notMeasured],
  handle: async (input, ctx) => {
    if (input.account_id === undefined) throw invalid("account_id", "required", "must be given");
    return reportUsage(input.account_id, ctx);
  },
});

async function reportUsage(id: number, ctx: OperationContext): Promise<v.InferOutput<typeof usageReport>> {
  const account = await requireAccount(ctx.read, id);
  const quotas = ctx.use(Quotas);
  const usage = async (meter: string) => {
    const { used, limit } = await quotas.usage(ctx.read, id, meter);
    return { used, limit };
  };
  const measured = await ctx.use(DiskUsageToken).of(account);
  if (!measured) throw notMeasured();
  return {
    account_id: id,
    disk: { used_mb: toMebibytes(measured.bytes), limit_mb: (await usage("disk_mb")).limit },
    email: await usage("email"),
    databases: await usage("databases"),
    domains: await usage("domains"),
    ftp: await usage("ftp"),
  };
}
