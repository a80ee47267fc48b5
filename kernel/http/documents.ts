import type { IncomingMessage, ServerResponse } from "node:http";
import type { Read } from "@patchbay/sdk";
import { unauthenticated } from "../access/can.ts";
import type { Outcomes } from "../operations/outcome.ts";
import type { Reconciler } from "../reconcile/types.ts";
import type { ExtraRoute } from "./app.ts";
import { readQuery } from "./body.ts";
import type { Doors } from "./doors.ts";
import { protectiveHeaders, sendJson } from "./envelope.ts";

/** `/api/openapi.json`: what this generation can do. Needs no login: it holds nothing of this instance. */
export function openApiRoute(document: () => object): ExtraRoute {
  let text: string | undefined;
  return {
    method: "GET",
    path: "/api/openapi.json",
    serve: async (_req, res) => {
      text ??= JSON.stringify(document());
      sendJson(res, 200, text);
    },
  };
}

export interface EventRooms {
  readonly doors: Doors;
  readonly outcomes: Outcomes;
  readonly reconciler: () => Reconciler;
  readonly read: Read;
}

/** Longest time one event stream stays open. Milliseconds. */
const longest = 10 * 60_000;
const heartbeat = 15_000;

/** `/api/operations/events?id=`: `operations/get` as server-sent events, one when it is asked and one when it has ended. */
export function eventsRoute(rooms: EventRooms): ExtraRoute {
  return { method: "GET", path: "/api/operations/events", serve: (req, res) => serveEvents(rooms, req, res) };
}

async function serveEvents(
  { doors, outcomes, reconciler, read }: EventRooms,
  req: IncomingMessage,
  res: ServerResponse,
) {
  const principal = await doors.authenticate({
    cookieHeader: req.headers.cookie,
    authorization: req.headers.authorization,
    ip: req.socket.remoteAddress ?? "",
    userAgent: req.headers["user-agent"] ?? "",
  });
  if (principal.userId === null) throw unauthenticated();
  const { id = "" } = readQuery(req.url ?? "");
  const first = await outcomes.view(read, id, principal);
  res.writeHead(200, ["content-type", "text/event-stream", ...protectiveHeaders]);
  const send = (view: unknown) => res.write(`event: operation\ndata: ${JSON.stringify(view)}\n\n`);
  send(first);
  const beat = setInterval(() => res.write(": still here\n\n"), heartbeat);
  const late = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, longest);
    res.on("close", () => {
      clearTimeout(timer);
      resolve();
    });
  });
  try {
    if (first.state === "running") {
      await Promise.race([reconciler().settled(id), late]);
      if (!res.destroyed) send(await outcomes.view(read, id, principal));
    }
  } finally {
    clearInterval(beat);
    res.end();
  }
}
