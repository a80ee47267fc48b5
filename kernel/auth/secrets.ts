import { hash } from "node:crypto";

/** Name of the session cookie, as the standard API documents it. */
export const sessionCookie = "ncpx_session";

/** Every API token begins with it, so that leaked ones can be found. */
export const tokenPrefix = "pb_";

/** Random bytes of a session or API token. */
export const secretBytes = 32;

/** What is stored of a session or API token. A plain digest is enough: the secret has 256 random bits. */
export function digestOf(secret: string): string {
  return hash("sha256", secret, "hex");
}
