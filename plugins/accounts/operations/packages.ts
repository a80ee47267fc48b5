import { type ChangeContext, defineChange, defineQuery, objectId, text } from "@patchbay/sdk";
import * as v from "valibot";
import { accountsOfPackage, toEvent } from "../account-store.ts";
import {
  type AccountRow,
  accountPackageChanged,
  accountStateChanged,
  packageCreated,
  packageDeleted,
  packageUpdated,
} from "../contract.ts";
import { codes, packageExists } from "../errors.ts";
import {
  findPackageNamed,
  listPackageViews,
  packageLimitFields,
  packagePhpFields,
  packageView,
  requirePackageView,
} from "../package-view.ts";

const name = text(1, 64);
const adminOnly = { callers: ["admin"] } as const;

export const listPackages = defineQuery({
  id: "packages.list",
  summary: "All packages",
  access: { callers: ["admin", "reseller"] },
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(packageView),
  handle: (_input, { principal, read }) =>
    listPackageViews(read, principal.role === "reseller" ? principal.userId : null),
});

export const createPackage = defineChange({
  id: "packages.create",
  method: "POST",
  summary: "Create a package",
  message: "Package created",
  access: adminOnly,
  rate: "standard",
  errors: [codes.packageExists],
  input: v.strictObject({ name, ...packageLimitFields, ...v.partial(v.strictObject(packagePhpFields)).entries }),
  output: packageView,
  resource: (_input, output) => `package:${output.id}`,
  handle: async (input, ctx) => {
    await assertNameFree(ctx, input.name, 0);
    const { id } = await ctx.intents.insert("packages", given(input));
    await ctx.emit(packageCreated, { packageId: id, name: input.name });
    return requirePackageView(ctx.read, id);
  },
});

export const updatePackage = defineChange({
  id: "packages.update",
  method: "POST",
  summary: "Change a package; the fields that are left out stay",
  message: "Package updated",
  access: adminOnly,
  rate: "standard",
  errors: [codes.packageExists],
  input: v.strictObject({
    id: objectId,
    ...v.partial(v.strictObject({ name, ...packageLimitFields, ...packagePhpFields })).entries,
  }),
  output: packageView,
  resource: (input) => `package:${input.id}`,
  handle: async (input, ctx) => {
    const { id, ...fields } = input;
    const before = await requirePackageView(ctx.read, id);
    if (fields.name !== undefined) await assertNameFree(ctx, fields.name, id);
    await ctx.intents.update("packages", id, given(fields));
    const after = await requirePackageView(ctx.read, id);
    const phpChanged =
      after.php_max_children !== before.php_max_children || after.php_memory_mb !== before.php_memory_mb;
    if (phpChanged) await announce(ctx, await accountsOfPackage(ctx.read, id));
    await ctx.emit(packageUpdated, { packageId: id, name: after.name });
    return after;
  },
});

export const deletePackage = defineChange({
  id: "packages.delete",
  method: "DELETE",
  summary: "Delete a package; its accounts stay, without limits",
  message: "Package deleted",
  access: adminOnly,
  rate: "standard",
  input: v.strictObject({ id: objectId }),
  output: v.null(),
  resource: (input) => `package:${input.id}`,
  handle: async ({ id }, ctx) => {
    const { name } = await requirePackageView(ctx.read, id);
    const accounts = await accountsOfPackage(ctx.read, id);
    for (const account of accounts) await ctx.intents.update("accounts", account.id, { package_id: null });
    await ctx.intents.delete("packages", id);
    await announce(
      ctx,
      accounts.map((account) => ({ ...account, package_id: null })),
    );
    for (const account of accounts) {
      await ctx.emit(accountPackageChanged, { ...toEvent(account), from: id, to: null });
    }
    await ctx.emit(packageDeleted, { packageId: id, name });
    ctx.note({ name, accounts: accounts.length });
    return null;
  },
});

/** Tells whoever renders a package's values that these accounts have others now. */
async function announce(ctx: ChangeContext, accounts: readonly AccountRow[]): Promise<void> {
  for (const account of accounts) await ctx.run(accountStateChanged, { account, change: ctx });
}

async function assertNameFree(ctx: ChangeContext, wanted: string, exceptId: number): Promise<void> {
  if (await findPackageNamed(ctx.read, wanted, exceptId)) throw packageExists();
}

/** Without the fields that were left out. */
function given(fields: Readonly<Record<string, string | number | undefined>>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
