import type { Answer, CallOptions, Client } from "../harness/client.ts";

/** Headers every answer of the panel carries. */
const needed: Readonly<Record<string, RegExp>> = {
  "cache-control": /^no-store$/,
  "x-content-type-options": /^nosniff$/,
  "strict-transport-security": /^max-age=31536000/,
  "content-security-policy": /^default-src 'none'; frame-ancestors 'none'$/,
  "referrer-policy": /^no-referrer$/,
};
const unwanted = ["x-powered-by", "server", "via", "access-control-allow-origin"];
/** Paths of the machine, statements, stack frames. */
const inside =
  /\/(?:tmp|etc|home|root|usr|var|proc|opt|srv|work|run)\/\w|SQLITE_|\bSELECT\b|\bINSERT\b|node:internal|\.(?:js|ts):\d+|\bat \w+\.\w+ \(/;

/** Asks like a client and keeps an eye on what every answer must and must not have. */
export class WatchedClient {
  readonly faults: string[] = [];
  asked = 0;

  async call(client: Client, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await client.call(method, path, options);
    this.asked += 1;
    const where = `${method} ${path} ${JSON.stringify(options).slice(0, 200)}`;
    for (const fault of faultsOf(answer)) this.faults.push(`${where}: ${fault}`);
    return answer;
  }
}

function faultsOf({ headers, status, text }: Answer): string[] {
  // Node itself answers a request that is too large or broken before there is one.
  if (status === 431 || (status === 400 && text === "")) return [];
  const missing = Object.entries(needed).filter(([name, value]) => !value.test(String(headers[name] ?? "")));
  return [
    ...missing.map(([name]) => `lacks ${name}`),
    ...unwanted.filter((name) => headers[name] !== undefined).map((name) => `has ${name}`),
    ...(status >= 500 ? [`${status} ${text}`] : []),
    ...(status >= 400 && inside.test(text) ? [`tells too much: ${text}`] : []),
  ];
}
