import type { ServerResponse } from "node:http";
import { isPanelError, PanelError } from "@patchbay/sdk";

/** Sent with every answer. Flat name, value pairs: the shape `writeHead` takes without copying. */
export const protectiveHeaders: readonly string[] = [
  "cache-control",
  "no-store",
  "x-content-type-options",
  "nosniff",
  "strict-transport-security",
  "max-age=31536000",
  "content-security-policy",
  "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy",
  "no-referrer",
];

const always: readonly string[] = ["content-type", "application/json; charset=utf-8", ...protectiveHeaders];

/** Writes one JSON answer. `headers` are flat name, value pairs. */
export function sendJson(res: ServerResponse, status: number, body: string, headers: readonly string[] = []): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  res.writeHead(status, [...always, ...headers, "content-length", String(Buffer.byteLength(body))]);
  res.end(body);
}

/** The standard envelope of a success. */
export function success(message: string, data: unknown): string {
  return `{"success":true,"message":${JSON.stringify(message)},"data":${JSON.stringify(data ?? null)}}`;
}

/** Anything that was thrown, as the one error the caller may see. */
export function toPanelError(error: unknown, requestId: string): PanelError {
  if (isPanelError(error)) return error;
  return new PanelError("INTERNAL", {
    status: 500,
    message: `The panel failed to answer this request. Its log has more under ${requestId}.`,
    details: { request_id: requestId },
    cause: error,
  });
}

/** The standard envelope of an error. `code` is for programs; no field ever carries a submitted value. */
export function failure(error: PanelError): string {
  const data = Object.keys(error.details).length > 0 ? { data: error.details } : {};
  return JSON.stringify({
    success: false,
    message: error.publicMessage,
    code: error.code,
    errors: error.fields,
    ...data,
  });
}

export function errorHeaders(error: PanelError): string[] {
  const headers: string[] = [];
  if (error.retryAfterSeconds !== undefined) headers.push("retry-after", String(error.retryAfterSeconds));
  if (error.status === 401) headers.push("www-authenticate", 'Bearer realm="patchbay"');
  return headers;
}
