import type { ExtraRoute } from "./app.ts";
import { sendJson } from "./envelope.ts";

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
