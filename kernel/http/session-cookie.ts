/** Name the standard API documents. Without `__Host-`, which would break that name; `Secure` and no `Domain` all the same. */
export const sessionCookie = "ncpx_session";

const attributes = "Path=/; HttpOnly; Secure; SameSite=Lax";

/** `Set-Cookie` for a session, or the one that ends it. */
export function toSetCookie(session: { value: string; maxAgeSeconds: number } | null): string {
  if (session === null) return `${sessionCookie}=; ${attributes}; Max-Age=0`;
  return `${sessionCookie}=${session.value}; ${attributes}; Max-Age=${Math.floor(session.maxAgeSeconds)}`;
}
