import {
  type ChangeContext,
  defineChange,
  defineQuery,
  forbidden,
  invalid,
  isoDate,
  notFound,
  type Operation,
  objectId,
  rule,
  text,
  timestamp,
  toIso,
  tokenCreated,
  tokenRevoked,
} from "@patchbay/sdk";
import * as v from "valibot";
import { unauthenticated } from "../access/can.ts";
import { isScope } from "../access/scopes.ts";
import type { AuthOperationDeps } from "./operation-deps.ts";
import { mayGrant, scopesOf, type TokenRow } from "./tokens.ts";

const day = 24 * 60 * 60 * 1000;

const scope = v.pipe(
  v.string(),
  v.check((value) => isScope(value), rule("format", "must be a resource or *, and read, write, delete or *")),
);
const expiry = v.union([timestamp, isoDate], rule("format", "must be a day or a time in UTC"));

const token = v.strictObject({
  id: v.number(),
  name: v.string(),
  scopes: v.nullable(v.array(v.string())),
  created_at: v.string(),
  expires_at: v.nullable(v.string()),
  last_used_at: v.nullable(v.string()),
});

/** `tokens.list`, `tokens.create`, `tokens.revoke`. */
export function defineTokenOperations(deps: AuthOperationDeps): Operation[] {
  return [defineList(deps), defineCreate(deps), defineRevoke(deps)];
}

function defineList(deps: AuthOperationDeps): Operation {
  return defineQuery({
    id: "tokens.list",
    summary: "List the own API tokens",
    rate: "standard",
    access: { callers: "session" },
    input: v.strictObject({}),
    output: v.array(token),
    handle: async (_input, ctx) => {
      const { userId } = ctx.principal;
      return userId === null ? [] : (await deps.tokens.list(ctx.read, userId)).map(toToken);
    },
  });
}

function defineCreate(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "tokens.create",
    method: "POST",
    summary: "Make an API token; without scopes it may do what its maker may",
    rate: "standard",
    access: { callers: "session", selfOnly: true },
    input: v.strictObject({
      name: text(1, 100),
      scopes: v.optional(v.pipe(v.array(scope), v.minLength(1), v.maxLength(100))),
      expires_at: v.nullish(expiry),
    }),
    output: v.strictObject({ ...token.entries, token: v.string() }),
    errors: ["SCOPE_TOO_WIDE"],
    secretOutput: true,
    resource: (_input, output) => `token:${output.id}`,
    handle: async (input, ctx) => {
      const { userId, scopes: held } = ctx.principal;
      if (userId === null) throw unauthenticated();
      const scopes = input.scopes === undefined ? held : [...new Set(input.scopes)].sort();
      if (!mayGrant(held, scopes))
        throw forbidden("SCOPE_TOO_WIDE", "A token cannot make one that may do more than itself.");
      const expiresAt = await expiryOf(deps, input.expires_at ?? null, ctx);
      const made = await deps.tokens.create(ctx.intents, { userId, name: input.name, scopes, expiresAt });
      const by = ctx.principal.username;
      await ctx.emit(tokenCreated, { tokenId: made.id, userId, name: input.name, scopes, by });
      return {
        id: made.id,
        name: input.name,
        scopes: scopes === null ? null : [...scopes],
        created_at: toIso(ctx.now),
        expires_at: expiresAt === null ? null : toIso(expiresAt),
        last_used_at: null,
        token: made.secret,
      };
    },
  });
}

function defineRevoke(deps: AuthOperationDeps): Operation {
  return defineChange({
    id: "tokens.revoke",
    method: "DELETE",
    summary: "End an API token: the own, for an admin anybody's",
    rate: "standard",
    access: { callers: "session" },
    input: v.strictObject({ id: objectId }),
    output: v.null(),
    resource: (input) => `token:${input.id}`,
    handle: async ({ id }, ctx) => {
      const row = await deps.tokens.get(ctx.read, id);
      const reachable = row && (ctx.principal.role === "admin" || row.user_id === ctx.principal.userId);
      if (!reachable) throw notFound("token");
      await ctx.intents.delete("api_tokens", id);
      const { name, user_id: userId } = row;
      await ctx.emit(tokenRevoked, { tokenId: id, userId, name, scopes: scopesOf(row), by: ctx.principal.username });
      return null;
    },
  });
}

/** A day counts to its end. A token cannot make one that outlives it. */
async function expiryOf(deps: AuthOperationDeps, wanted: string | null, ctx: ChangeContext): Promise<number | null> {
  const at =
    wanted === null ? null : wanted.includes("T") ? Date.parse(wanted) : Date.parse(`${wanted}T00:00:00Z`) + day;
  if (at !== null && at <= ctx.now) throw invalid("expires_at", "range", "must be in the future");
  const { via, credentialId } = ctx.principal;
  const maker = via === "token" && credentialId !== null ? await deps.tokens.get(ctx.read, credentialId) : undefined;
  const limit = maker?.expires_at ?? null;
  return limit === null ? at : Math.min(limit, at ?? limit);
}

function toToken(row: TokenRow): v.InferOutput<typeof token> {
  const scopes = scopesOf(row);
  return {
    id: row.id,
    name: row.name,
    scopes: scopes === null ? null : [...scopes],
    created_at: toIso(row.created_at),
    expires_at: row.expires_at === null ? null : toIso(row.expires_at),
    last_used_at: row.last_used_at === null ? null : toIso(row.last_used_at),
  };
}
