import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type Operation, PanelError } from "@patchbay/sdk";
import type { Answer, Call } from "../operations/call.ts";
import { parseJsonBody } from "../operations/parse.ts";
import { readBody, readQuery } from "./body.ts";
import type { Doors, RateState } from "./doors.ts";
import { errorHeaders, failure, sendJson, success, toPanelError } from "./envelope.ts";
import { toSetCookie } from "./session-cookie.ts";

/** A public operation is open to a caller with a stale cookie too: how else could it log in again. */
const anybody = { optional: true } as const;

/** Serves one request of one operation. Always answers; never throws. */
export async function serveOperation(
  operation: Operation,
  doors: Doors,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const ip = req.socket.remoteAddress ?? "";
  const rate = doors.rate(operation.rate, ip);
  const headers = rate ? rateHeaders(rate) : [];
  try {
    if (rate && !rate.allowed) throw rateExceeded(rate);
    const answer = await doors.run(await toCall(operation, doors, req, ip));
    sendAnswer(res, answer, headers);
  } catch (error) {
    sendError(res, error, doors, headers);
  }
}

async function toCall(operation: Operation, doors: Doors, req: IncomingMessage, ip: string): Promise<Call> {
  const known = doors.authenticate(
    {
      cookieHeader: req.headers.cookie,
      authorization: req.headers.authorization,
      ip,
      userAgent: req.headers["user-agent"] ?? "",
    },
    operation.access.callers === "public" ? anybody : undefined,
  );
  const principal = known instanceof Promise ? await known : known;
  const query = readQuery(req.url ?? "");
  if (operation.method === "GET") return { operation, principal, raw: query };
  doors.checkOrigin(req, principal);
  const { dry_run: dryRun, ...unknown } = query;
  if (Object.keys(unknown).length > 0 || (dryRun !== undefined && dryRun !== "1" && dryRun !== "0")) {
    throw new PanelError("INVALID_INPUT", {
      status: 400,
      message: "The only query parameter of a change is dry_run=1.",
    });
  }
  return {
    operation,
    principal,
    raw: await readJson(req),
    idempotencyKey: idempotencyKey(req),
    dryRun: dryRun === "1",
    respondAsync: /(?:^|,)\s*respond-async\s*(?:;|,|$)/i.test(String(req.headers.prefer ?? "")),
  };
}

async function readJson(req: IncomingMessage): Promise<Record<string, unknown>> {
  const text = await readBody(req);
  if (text === "") return {};
  const type = (req.headers["content-type"] ?? "").split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") {
    throw new PanelError("UNSUPPORTED_TYPE", { status: 415, message: "The request body must be application/json." });
  }
  return parseJsonBody(text);
}

function idempotencyKey(req: IncomingMessage): string | undefined {
  const key = req.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new PanelError("INVALID_INPUT", {
    status: 400,
    message: "An Idempotency-Key has 1 to 255 visible ASCII characters.",
  });
}

function rateHeaders(rate: RateState): string[] {
  return [
    "x-ratelimit-limit",
    String(rate.limit),
    "x-ratelimit-remaining",
    String(rate.remaining),
    "x-ratelimit-reset",
    String(rate.resetSeconds),
  ];
}

function rateExceeded(rate: RateState): PanelError {
  return new PanelError("RATE_LIMITED", {
    status: 429,
    message: `Too many requests. Try again in ${rate.resetSeconds} s.`,
    retry: "later",
    retryAfterSeconds: rate.resetSeconds,
  });
}

function sendAnswer(res: ServerResponse, answer: Answer, headers: string[]): void {
  if (answer.session !== undefined) headers.push("set-cookie", toSetCookie(answer.session));
  sendJson(res, answer.status, success(answer.message, answer.data), headers);
}

/** Answers with the one error the caller may see, and logs what is behind a 500. */
export function sendError(res: ServerResponse, error: unknown, doors: Doors, headers: readonly string[] = []): void {
  const requestId = randomUUID();
  const shown = toPanelError(error, requestId);
  if (shown.status >= 500) doors.log(error, requestId);
  // A body that was not read to its end must not be taken for the next request.
  const close = shown.status === 413 ? ["connection", "close"] : [];
  sendJson(res, shown.status, failure(shown), [...headers, ...errorHeaders(shown), ...close]);
}
