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
    app.on(method, path, toHandler(serve));
  };
  for (const operation of operations) {
    add(operation.method, pathOf(operation.id), (req, res) =>
      // From its first byte: its body may take a while, and its plugin must be there when it has come.
      serveOperation(operation, doors, req, res).finally(doors.begin()),
    );
  }
  for (const extra of extras) {
    add(extra.method, extra.path, async (req, res) => {
      await extra.serve(req, res).catch((error: unknown) => sendError(res, error, doors));
    });
  }
  const route = toNodeHandler(app) as RequestListener;
  return (req, res) => {
    if (!hasOneHost(req)) return sendError(res, invalidHost(), doors);
    // Before the router: it decodes and resolves paths, and hands its own spelling on.
    if (methods.get(pathIn(req)) !== req.method) return refuse(req, res, methods, doors);
    return route(req, res);
  };
}

/** The path exactly as it was written: only the documented spelling reaches an operation. */
function pathIn(req: IncomingMessage): string {
  const url = req.url ?? "";
  const end = url.indexOf("?");
  return end === -1 ? url : url.slice(0, end);
}

const hostShape = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

const invalidHost = () =>
  new PanelError("INVALID_INPUT", { status: 400, message: "The request needs one valid Host." });

/** Addresses are built from the Host. One that holds a path would lead the router elsewhere, and of two each reader takes its own. */
function hasOneHost({ headers, rawHeaders }: IncomingMessage): boolean {
  if (headers.host === undefined || !hostShape.test(headers.host)) return false;
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string;
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts === 1;
}

function refuse(req: IncomingMessage, res: ServerResponse, methods: ReadonlyMap<string, string>, doors: Doors): void {
  const allowed = methods.get(pathIn(req));
  if (allowed === undefined) {
    sendError(res, notFound("route"), doors);
    return;
  }
  const error = new PanelError("METHOD_NOT_ALLOWED", { status: 405, message: `This route only takes ${allowed}.` });
  sendError(res, error, doors, ["allow", allowed]);
}
