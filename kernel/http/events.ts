import type { IncomingMessage, ServerResponse } from "node:http";
import type { Read } from "@patchbay/sdk";
import { unauthenticated } from "../access/can.ts";
import { createSleeper, type Sleeper } from "../jobs/sleeper.ts";
import { isEnd, type OperationView, type Outcomes } from "../operations/outcome.ts";
import type { ExtraRoute } from "./app.ts";
import { readQuery } from "./body.ts";
import type { Doors } from "./doors.ts";
import { protectiveHeaders } from "./envelope.ts";

export interface EventRooms {
  readonly doors: Pick<Doors, "authenticate">;
  readonly outcomes: Pick<Outcomes, "view" | "watchers">;
  readonly read: Read;
}

/** Longest time one event stream stays open; a browser asks again by itself. Milliseconds. */
const longest = 10 * 60_000;
const heartbeat = 15_000;

/**
 * `/api/operations/events?id=`: `operations/get` as server-sent events, one when it is asked and one whenever state, step or
 * progress has changed, until the operation has ended.
 */
export function eventsRoute(rooms: EventRooms): ExtraRoute {
  return { method: "GET", path: "/api/operations/events", serve: (req, res) => serveEvents(rooms, req, res) };
}

async function serveEvents({ doors, outcomes, read }: EventRooms, req: IncomingMessage, res: ServerResponse) {
  const principal = await doors.authenticate({
    cookieHeader: req.headers.cookie,
    authorization: req.headers.authorization,
    ip: req.socket.remoteAddress ?? "",
    userAgent: req.headers["user-agent"] ?? "",
  });
  if (principal.userId === null) throw unauthenticated();
  const { id = "" } = readQuery(req.url ?? "");
  const news = createSleeper();
  // Watching begins before the first look, so that nothing is missed between the two.
  const stop = outcomes.watchers.watch(id, () => news.wake());
  try {
    await stream(res, news, () => outcomes.view(read, id, principal));
  } finally {
    stop();
  }
}

async function stream(res: ServerResponse, news: Sleeper, look: () => Promise<OperationView>): Promise<void> {
  let view = await look();
  let shown = "";
  res.writeHead(200, ["content-type", "text/event-stream", ...protectiveHeaders]);
  res.on("close", () => news.wake());
  const beat = setInterval(() => res.write(": still here\n\n"), heartbeat);
  const until = performance.now() + longest;
  try {
    while (!res.destroyed) {
      const text = JSON.stringify(view);
      if (text !== shown) res.write(`event: operation\ndata: ${text}\n\n`);
      shown = text;
      const left = until - performance.now();
      if (isEnd(view.state) || left <= 0) break;
      await news.sleep(left);
      view = await look();
    }
  } finally {
    clearInterval(beat);
    res.end();
  }
}
