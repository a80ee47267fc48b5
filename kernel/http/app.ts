import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { notFound, type Operation, PanelError, pathOf } from "@patchbay/sdk";
import { type EventHandler, fromNodeHandler, H3, type NodeHandler } from "h3";
import { toNodeHandler } from "h3/node";
import type { Doors } from "./doors.ts";
import { sendError, serveOperation } from "./serve.ts";

/** A route that is not an operation: a document, a stream. It answers by itself. */
export interface ExtraRoute {
  readonly method: "GET";
  readonly path: string;
  serve(req: IncomingMessage, res: ServerResponse): Promise<void>;
}

type Serve = (req: IncomingMessage, res: ServerResponse) => Promise<void> | void;

/** h3 types its handlers for HTTP/2 as well; the panel's listeners speak HTTP/1.1 only. */
function toHandler(serve: Serve): EventHandler {
  return fromNodeHandler(serve as unknown as NodeHandler);
}

/** The h3 application of one generation. A new generation gets a new one; requests in flight finish on theirs. */
export function createApp(
  operations: Iterable<Operation>,
  extras: readonly ExtraRoute[],
  doors: Doors,
): RequestListener {
  const app = new H3();
  const methods = new Map<string, string>();
  const add = (method: "GET" | "POST" | "DELETE", path: string, serve: Serve) => {
    if (methods.has(path)) throw new Error(`${path} is served twice`);
    methods.set(path, method);
    app.on(
      method,
      path,
      toHandler((req, res) => (isExactly(req, method, path) ? serve(req, res) : refuse(req, res, methods, doors))),
    );
  };
  for (const operation of operations) {
    add(operation.method, pathOf(operation.id), (req, res) => serveOperation(operation, doors, req, res));
  }
  for (const extra of extras) {
    add(extra.method, extra.path, async (req, res) => {
      await extra.serve(req, res).catch((error: unknown) => sendError(res, error, doors));
    });
  }
  app.all(
    "/**",
    toHandler((req, res) => refuse(req, res, methods, doors)),
  );
  return toNodeHandler(app) as RequestListener;
}

/** Only the documented spelling of a path reaches an operation: what a router decodes, a guard may not have seen. */
function isExactly(req: IncomingMessage, method: string, path: string): boolean {
  const url = req.url ?? "";
  const end = url.indexOf("?");
  return req.method === method && (end === -1 ? url : url.slice(0, end)) === path;
}

function refuse(req: IncomingMessage, res: ServerResponse, methods: ReadonlyMap<string, string>, doors: Doors): void {
  const allowed = methods.get((req.url ?? "").split("?", 1)[0] ?? "");
  if (allowed === undefined) return sendError(res, notFound("route"), doors);
  const error = new PanelError("METHOD_NOT_ALLOWED", { status: 405, message: `This route only takes ${allowed}.` });
  sendError(res, error, doors, ["allow", allowed]);
}
