import {
  type ChangeContext,
  choice,
  credentialsChanged,
  defineChange,
  defineQuery,
  emailAddress,
  notFound,
  type OperationContext,
  objectId,
  type PanelUser,
  password,
  Users,
  username,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type ResellerEvent, resellerCreated, resellerDeleted, resellerUpdated } from "../contract.ts";
import { codes, resellerHasAccounts } from "../errors.ts";
import { hashPassword } from "../hash-password.ts";

const resellerView = v.strictObject({
  id: v.number(),
  username: v.string(),
  email: v.string(),
  status: v.picklist(["active", "disabled"]),
  account_count: v.number(),
});

type ResellerView = v.InferOutput<typeof resellerView>;

const adminOnly = { callers: ["admin"] } as const;

export const listResellers = defineQuery({
  id: "resellers.list",
  summary: "All resellers with how many accounts they have",
  access: adminOnly,
  rate: "standard",
  input: v.strictObject({}),
  output: v.array(resellerView),
  handle: async (_input, ctx) => {
    const counts = await ctx.read.all<{ reseller_id: number; accounts: number }>(
      "SELECT reseller_id, COUNT(*) AS accounts FROM accounts WHERE reseller_id IS NOT NULL GROUP BY reseller_id",
    );
    const accounts = new Map(counts.map((row) => [row.reseller_id, row.accounts]));
    const users = await ctx.use(Users).list(ctx.read, "reseller");
    return users.map((user) => toView(user, accounts.get(user.id) ?? 0));
  },
});

export const createReseller = defineChange({
  id: "resellers.create",
  method: "POST",
  summary: "Create a reseller",
  message: "Reseller created",
  access: adminOnly,
  rate: "standard",
  secrets: ["password"],
  errors: ["USERNAME_TAKEN", "EMAIL_TAKEN"],
  input: v.strictObject({ username, email: emailAddress, password }),
  output: resellerView,
  resource: (_input, output) => `user:${output.id}`,
  prepare: (input, ctx) => hashPassword(ctx, input.password, input.username),
  handle: async ({ username, email }, ctx, { passwordHash }) => {
    const { id } = await ctx.use(Users).create(ctx.intents, { username, email, role: "reseller", passwordHash });
    await ctx.emit(resellerCreated, toEvent(await requireReseller(id, ctx)));
    return viewOf(id, ctx);
  },
});

export const updateReseller = defineChange({
  id: "resellers.update",
  method: "POST",
  summary: "Change a reseller's e-mail address, password or status",
  message: "Reseller updated",
  access: adminOnly,
  rate: "standard",
  secrets: ["password"],
  errors: ["EMAIL_TAKEN"],
  input: v.strictObject({
    id: objectId,
    email: v.optional(emailAddress),
    password: v.optional(password),
    status: v.optional(choice(["active", "disabled"])),
  }),
  output: resellerView,
  resource: (input) => `user:${input.id}`,
  prepare: async (input, ctx) => {
    const { username } = await requireReseller(input.id, ctx);
    return input.password === undefined ? {} : hashPassword(ctx, input.password, username);
  },
  handle: async ({ id, email, status }, ctx, hashed) => {
    await requireReseller(id, ctx);
    const users = ctx.use(Users);
    const patch = { ...hashed, ...(email === undefined ? {} : { email }), ...(status === undefined ? {} : { status }) };
    await users.update(ctx.intents, id, patch);
    if ("passwordHash" in patch || status === "disabled") await users.revoke(ctx.db, id);
    await announceUpdate(await requireReseller(id, ctx), ctx, "passwordHash" in patch);
    return viewOf(id, ctx);
  },
});

export const deleteReseller = defineChange({
  id: "resellers.delete",
  method: "DELETE",
  summary: "Delete a reseller that owns no accounts",
  message: "Reseller deleted",
  access: adminOnly,
  rate: "standard",
  errors: [codes.resellerHasAccounts],
  input: v.strictObject({ id: objectId }),
  output: v.null(),
  resource: (input) => `user:${input.id}`,
  handle: async ({ id }, ctx) => {
    const user = await requireReseller(id, ctx);
    if ((await countAccounts(id, ctx)) > 0) throw resellerHasAccounts();
    const users = ctx.use(Users);
    await users.revoke(ctx.db, id);
    await users.delete(ctx.intents, id);
    await ctx.emit(resellerDeleted, toEvent(user));
    ctx.note({ username: user.username });
    return null;
  },
});

/** Throws NOT_FOUND for anybody who is not a reseller: these operations must not reach other logins. */
async function requireReseller(id: number, ctx: OperationContext): Promise<PanelUser> {
  const user = await ctx.use(Users).get(ctx.read, id);
  if (user?.role !== "reseller") throw notFound("reseller");
  return user;
}

async function announceUpdate(user: PanelUser, ctx: ChangeContext, newPassword: boolean): Promise<void> {
  await ctx.emit(resellerUpdated, toEvent(user));
  if (!newPassword) return;
  const { id: userId, username } = user;
  await ctx.emit(credentialsChanged, { userId, username, what: "password", by: ctx.principal.username });
}

function toEvent({ email, id, status, username }: PanelUser): ResellerEvent {
  return { userId: id, username, email, status };
}

async function viewOf(id: number, ctx: OperationContext): Promise<ResellerView> {
  return toView(await requireReseller(id, ctx), await countAccounts(id, ctx));
}

async function countAccounts(id: number, ctx: OperationContext): Promise<number> {
  const row = await ctx.read.get<{ accounts: number }>(
    "SELECT COUNT(*) AS accounts FROM accounts WHERE reseller_id = ?",
    [id],
  );
  return row?.accounts ?? 0;
}

function toView({ id, username, email, status }: PanelUser, accounts: number): ResellerView {
  return { id, username, email, status, account_count: accounts };
}
