import { PanelError } from "@patchbay/sdk";
import { unauthenticated } from "../access/can.ts";
import { sessionCookie } from "./secrets.ts";

/** What a request shows of its caller. */
export interface Credentials {
  readonly cookieHeader?: string | undefined;
  readonly authorization?: string | undefined;
  /** Address of the socket. */
  readonly ip: string;
  readonly userAgent: string;
}

/** The one secret a request carries. */
export interface Presented {
  readonly kind: "session" | "token";
  readonly secret: string;
}

const sessionShape = /^[A-Za-z0-9_-]{43}$/;
const bearerShape = /^Bearer (pb_[A-Za-z0-9_-]{43})$/i;

/**
 * Finds the secret in a request's headers; undefined when there is none. Throws 401 UNAUTHENTICATED for two session cookies,
 * an unknown scheme and a malformed secret, 401 AMBIGUOUS_CREDENTIALS for a cookie together with an API token.
 */
export function readCredentials(
  cookieHeader: string | undefined,
  authorization: string | undefined,
): Presented | undefined {
  const session = cookieHeader === undefined ? undefined : readSessionCookie(cookieHeader);
  if (authorization === undefined) return session === undefined ? undefined : { kind: "session", secret: session };
  if (session !== undefined) {
    throw new PanelError("AMBIGUOUS_CREDENTIALS", {
      status: 401,
      message: "Send a session cookie or an API token, not both.",
    });
  }
  const secret = bearerShape.exec(authorization)?.[1];
  if (secret === undefined) throw unauthenticated();
  return { kind: "token", secret };
}

function readSessionCookie(header: string): string | undefined {
  // Most requests carry no other cookie: this is the whole header.
  if (!header.includes(sessionCookie)) return undefined;
  let found: string | undefined;
  for (const part of header.split(";")) {
    const equals = part.indexOf("=");
    if (equals === -1 || part.slice(0, equals).trim() !== sessionCookie) continue;
    // Which of two cookies another parser would take is anybody's guess, and an attacker's choice.
    if (found !== undefined) throw unauthenticated();
    found = part.slice(equals + 1).trim();
  }
  if (found !== undefined && !sessionShape.test(found)) throw unauthenticated();
  return found;
}
