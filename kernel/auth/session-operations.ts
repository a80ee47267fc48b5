import {
  defineChange,
  defineQuery,
  notFound,
  type Operation,
  objectId,
  sessionsRevoked,
  text,
  toIso,
} from "@patchbay/sdk";
import * as v from "valibot";
import { type AuthOperationDeps, ownSession } from "./operation-deps.ts";
import type { SessionRow } from "./sessions.ts";

const revoked = v.strictObject({ revoked: v.number() });
const byAdmin = { method: "DELETE", rate: "standard", access: { callers: ["admin"] } } as const;

const session = v.strictObject({
  id: v.string(),
  user_id: v.number(),
  username: v.string(),
  role: v.string(),
  ip_address: v.string(),
  user_agent: v.string(),
  created_at: v.string(),
  expires_at: v.string(),
  current: v.boolean(),
});

/** `sessions.list`, `sessions.revoke`, `sessions.revoke-user`, `sessions.revoke-all`. */
export function defineSessionOperations(deps: AuthOperationDeps): Operation[] {
  return [defineList(deps), defineRevoke(deps), defineRevokeUser(deps), defineRevokeAll(deps)];
}

function defineList(deps: AuthOperationDeps): Operation {
  return defineQuery({
    id: "sessions.list",
    summary: "List active sessions: an admin sees all, everybody else the own",
    rate: "standard",
    access: { callers: "session" },
    input: v.strictObject({}),
    output: v.array(session),
    handle: async (_input, ctx) => {
      // Nobody but an admin may leave the filter out; -1 is nobody's id.
      const userId = ctx.principal.role === "admin" ? null : (ctx.principal.userId ?? -1);
      const found = await deps.sessions.list(ctx.read, ctx.now, userId);
      const own = ownSession(ctx);
      return found.map((row) => toSession(row, own));
    },
  });
}

function defineRevoke(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...byAdmin,
    id: "sessions.revoke",
    summary: "End one session",
    input: v.strictObject({ session_id: text(1, 64) }),
    output: v.null(),
    resource: (input) => `session:${input.session_id}`,
    handle: async ({ session_id }, ctx) => {
      const session = await deps.sessions.byUuid(ctx.read, session_id);
      if (!session) throw notFound("session");
      await deps.sessions.end(ctx.db, session.id);
      await ctx.emit(sessionsRevoked, { userId: session.user_id, sessions: 1, by: ctx.principal.username });
      return null;
    },
  });
}

function defineRevokeUser(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...byAdmin,
    id: "sessions.revoke-user",
    summary: "End all sessions of a user",
    input: v.strictObject({ user_id: objectId }),
    output: revoked,
    resource: (input) => `user:${input.user_id}`,
    handle: async ({ user_id }, ctx) => {
      if (!(await deps.users.row(ctx.read, user_id))) throw notFound("user");
      const revoked = await deps.sessions.endOfUser(ctx.db, user_id);
      await ctx.emit(sessionsRevoked, { userId: user_id, sessions: revoked, by: ctx.principal.username });
      return { revoked };
    },
  });
}

function defineRevokeAll(deps: AuthOperationDeps): Operation {
  return defineChange({
    ...byAdmin,
    id: "sessions.revoke-all",
    summary: "End every session on the panel, the own too",
    input: v.strictObject({}),
    output: revoked,
    handle: async (_input, ctx) => {
      const ended = await deps.sessions.endAll(ctx.db);
      ctx.setSession(null);
      await ctx.emit(sessionsRevoked, { userId: null, sessions: ended, by: ctx.principal.username });
      return { revoked: ended };
    },
  });
}

function toSession(row: SessionRow, own: number | undefined): v.InferOutput<typeof session> {
  return {
    id: row.uuid,
    user_id: row.user_id,
    username: row.username,
    role: row.role,
    ip_address: row.ip,
    user_agent: row.user_agent,
    created_at: toIso(row.created_at),
    expires_at: toIso(row.expires_at),
    current: row.id === own,
  };
}
