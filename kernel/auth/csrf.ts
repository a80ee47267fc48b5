import { forbidden, PanelError, type Principal } from "@patchbay/sdk";

/** What a request says about where it came from. */
export interface RequestOrigin {
  readonly method: string;
  readonly via: Principal["via"];
  readonly contentType: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  /** The Host header. */
  readonly host: string | undefined;
}

/**
 * Refuses a change that a foreign page could have made a browser send with the session cookie. Called for every request
 * after authentication; only callers with a cookie can fail. A caller that sends neither `Origin` nor `Sec-Fetch-Site` is no
 * browser.
 *
 * Throws 415 UNSUPPORTED_TYPE unless the body is declared as JSON, 403 CROSS_SITE for another origin. `allowedOrigins` are
 * the panel's own, lower case, without a trailing slash.
 */
export function checkCsrf(request: RequestOrigin, allowedOrigins: ReadonlySet<string>): void {
  if (request.via !== "session" || request.method === "GET" || request.method === "HEAD") return;
  const type = request.contentType?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new PanelError("UNSUPPORTED_TYPE", {
      status: 415,
      message: "A change with a session cookie must declare its body as application/json.",
    });
  }
  const foreignSite = request.secFetchSite !== undefined && request.secFetchSite !== "same-origin";
  const foreignOrigin = request.origin !== undefined && !isOwn(request.origin, request.host, allowedOrigins);
  if (foreignSite || foreignOrigin)
    throw forbidden("CROSS_SITE", "The request comes from another site than the panel.");
}

/** The cookie is bound to the host name it was set for, so the host a request names is as good as a configured origin. */
function isOwn(origin: string, host: string | undefined, allowedOrigins: ReadonlySet<string>): boolean {
  const own = origin.toLowerCase();
  if (allowedOrigins.has(own)) return true;
  return host !== undefined && host !== "" && own === `https://${host.toLowerCase()}`;
}
