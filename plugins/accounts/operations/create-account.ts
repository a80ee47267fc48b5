import {
  type ChangeContext,
  defineChange,
  domainName,
  emailAddress,
  HostInfo,
  objectId,
  password,
  phpVersion,
  type Read,
  Users,
  username,
} from "@patchbay/sdk";
import * as v from "valibot";
import { requireAccount, toEvent } from "../account-store.ts";
import { accountDetail, toDetail } from "../account-view.ts";
import { accountCreated, accountProvision, accountsSlotId } from "../contract.ts";
import {
  codes,
  domainExists,
  phpNotInstalled,
  resellerChoiceForbidden,
  unknownPackage,
  unknownReseller,
} from "../errors.ts";
import { hashPassword } from "../hash-password.ts";
import { takeUid, uidRange } from "../uids.ts";

const input = v.strictObject({
  username,
  domain: domainName,
  email: emailAddress,
  password,
  package_id: v.optional(v.nullable(objectId)),
  php_version: v.optional(phpVersion),
  reseller_id: v.optional(v.nullable(objectId)),
});

type CreateAccount = v.InferOutput<typeof input>;

export const createAccount = defineChange({
  id: "accounts.create",
  method: "POST",
  summary: "Provision an account",
  message: "Account created",
  access: { callers: ["admin", "reseller"] },
  rate: "standard",
  secrets: ["password"],
  errors: ["USERNAME_TAKEN", "EMAIL_TAKEN", codes.domainExists, codes.resellerChoiceForbidden, codes.uidsExhausted],
  input,
  output: accountDetail,
  resource: (_input, account) => `account:${account.id}`,
  prepare: (input, ctx) => hashPassword(ctx, input.password, input.username),
  handle: async (input, ctx, { passwordHash }) => {
    const host = ctx.use(HostInfo);
    const resellerId = await chooseReseller(input, ctx);
    const phpVersion = choosePhp(input.php_version, host.phpVersions);
    await assertFree(input.domain, ctx.read);
    await assertPackage(input.package_id ?? null, ctx.read);
    const { username, domain, email } = input;
    const user = await ctx.use(Users).create(ctx.intents, { username, email, role: "user", passwordHash });
    const { id } = await ctx.intents.insert("accounts", {
      username,
      uid: await takeUid(ctx.db, uidRange(host)),
      home: `${host.paths.homes}/${username}`,
      domain,
      email,
      status: "active",
      user_id: user.id,
      reseller_id: resellerId,
      package_id: input.package_id ?? null,
      php_version: phpVersion,
    });
    ctx.intents.touch(accountsSlotId, username);
    const account = await requireAccount(ctx.read, id);
    await ctx.run(accountProvision, { account, domain, phpVersion, change: ctx });
    await ctx.emit(accountCreated, toEvent(account));
    return toDetail(ctx, ctx.read, account);
  },
});

/** An account made by a reseller is its own; an administrator may name the reseller. */
async function chooseReseller(input: CreateAccount, ctx: ChangeContext): Promise<number | null> {
  const { principal } = ctx;
  if (principal.role === "reseller") {
    if (input.reseller_id !== undefined) throw resellerChoiceForbidden();
    return principal.userId;
  }
  const wanted = input.reseller_id ?? null;
  if (wanted === null) return null;
  const reseller = await ctx.use(Users).get(ctx.read, wanted);
  if (reseller?.role !== "reseller" || reseller.status !== "active") throw unknownReseller();
  return wanted;
}

/** The newest version when none is asked for; empty on a server without PHP. */
function choosePhp(wanted: string | undefined, installed: readonly string[]): string {
  if (wanted === undefined) return installed[0] ?? "";
  if (!installed.includes(wanted)) throw phpNotInstalled(installed);
  return wanted;
}

/** The user name is looked after by the logins. */
async function assertFree(domain: string, read: Read): Promise<void> {
  if (await read.get("SELECT id FROM accounts WHERE domain = ?", [domain])) throw domainExists();
}

/** Throws INVALID_INPUT for a package that does not exist. */
export async function assertPackage(id: number | null, read: Read): Promise<void> {
  if (id === null) return;
  if (!(await read.get("SELECT id FROM packages WHERE id = ?", [id]))) throw unknownPackage();
}
