import { sessionCookie } from "../auth/secrets.ts";

// Without the prefix `__Host-`, which would break the documented name; `Secure` and no `Domain` all the same.
const attributes = "Path=/; HttpOnly; Secure; SameSite=Lax";

/** `Set-Cookie` for a session, or the one that ends it. */
export function toSetCookie(session: { value: string; maxAgeSeconds: number } | null): string {
  if (session === null) return `${sessionCookie}=; ${attributes}; Max-Age=0`;
  return `${sessionCookie}=${session.value}; ${attributes}; Max-Age=${Math.floor(session.maxAgeSeconds)}`;
}
