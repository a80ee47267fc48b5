import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as v from "valibot";
import { batchSchema, dnssecSchema, newZoneSchema, type StoredRecord } from "./request-schemas.ts";
import { Refusal, type Zone, Zones } from "./zones.ts";

/** The only token it takes. */
export const doubleToken = "cf-double-token-0123456789abcdef";

/** How the double misbehaves, until it is told otherwise. */
export interface Mood {
  /** Milliseconds before each answer. */
  readonly slowMs?: number;
  /** Answers so many requests with 429 and `Retry-After: 1`, then none. */
  readonly limited?: number;
  /** Answers so many requests with this status, then none. */
  readonly failing?: { readonly status: number; readonly times: number };
}

interface Answer {
  readonly result: unknown;
  readonly page?: { readonly page: number; readonly perPage: number; readonly total: number };
}

/**
 * Cloudflare's API v4 as far as DNS goes, on a loopback port: strict about what it is sent, with paging, batches that are
 * all or nothing, and the service's own error codes. Its state is there to be looked at.
 */
export class CloudflareDouble {
  readonly zones = new Zones();
  /** `POST /zones/ID/dns_records/batch` and so on, in the order they came. */
  readonly requests: string[] = [];
  readonly #server: Server;
  #limited = 0;
  #failing: { status: number; times: number } = { status: 500, times: 0 };
  #slowMs = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<CloudflareDouble> {
    const server = createServer();
    const double = new CloudflareDouble(server);
    server.on("request", (request, response) => void double.#serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return double;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/client/v4`;
  }

  behave({ slowMs = 0, limited = 0, failing = { status: 500, times: 0 } }: Mood): void {
    this.#slowMs = slowMs;
    this.#limited = limited;
    this.#failing = { ...failing };
  }

  /** Changes among the requests so far. */
  writes(): readonly string[] {
    return this.requests.filter((line) => !line.startsWith("GET "));
  }

  /** `name type content`, sorted, of every record of a zone. */
  contents(zoneName: string): readonly string[] {
    return [...(this.zones.named(zoneName)?.records.values() ?? [])].map(toLine).sort();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://double");
    const path = url.pathname.replace(/^\/client\/v4/, "");
    this.requests.push(`${request.method} ${path}${url.search}`);
    const body = await readBody(request);
    if (this.#slowMs > 0) await new Promise((resolve) => setTimeout(resolve, this.#slowMs));
    if (this.#limited > 0) {
      this.#limited -= 1;
      return send(response, 429, { errors: [{ code: 10_000 }] }, { "retry-after": "1" });
    }
    if (this.#failing.times > 0) {
      this.#failing.times -= 1;
      return send(response, this.#failing.status, { errors: [{ code: 1000 }] });
    }
    try {
      if (request.headers.authorization !== `Bearer ${doubleToken}`) throw new Refusal(403, 9109);
      const { result, page } = this.#route(`${request.method} ${path}`, url.searchParams, body);
      const info = page && { page: page.page, per_page: page.perPage, total_count: page.total };
      send(response, 200, { success: true, errors: [], messages: [], result, ...(info ? { result_info: info } : {}) });
    } catch (error) {
      const { status, code } = error instanceof Refusal ? error : { status: 400, code: 6003 };
      send(response, status, { success: false, errors: [{ code, message: "refused" }], messages: [], result: null });
    }
  }

  #route(line: string, query: URLSearchParams, body: unknown): Answer {
    if (line === "GET /zones") return paged(this.#zonesNamed(query.get("name")).map(toZone), query, 50);
    if (line === "POST /zones") return { result: toZone(this.zones.create(v.parse(newZoneSchema, body).name)) };
    const [, method, id = "", rest] = /^(\w+) \/zones\/([0-9a-f]{32})\/(.+)$/.exec(line) ?? [];
    const zone = this.zones.get(id);
    if (method === "GET" && rest === "dns_records") return paged(filtered(zone, query), query, 5000);
    if (method === "POST" && rest === "dns_records/batch") {
      this.zones.apply(zone, v.parse(batchSchema, body));
      return { result: {} };
    }
    if (method === "GET" && rest === "dnssec") return { result: toDnssec(zone) };
    if (method === "PATCH" && rest === "dnssec") {
      zone.dnssec = v.parse(dnssecSchema, body).status;
      return { result: toDnssec(zone) };
    }
    throw new Refusal(404, 7003);
  }

  #zonesNamed(name: string | null): readonly Zone[] {
    return this.zones.all().filter((zone) => name === null || zone.name === name);
  }
}

function filtered(zone: Zone, query: URLSearchParams): readonly StoredRecord[] {
  const known = new Set(["name.exact", "type", "page", "per_page"]);
  for (const key of query.keys()) if (!known.has(key)) throw new Refusal(400, 1004);
  const [name, type] = [query.get("name.exact"), query.get("type")];
  return [...zone.records.values()].filter(
    (record) => (name === null || record.name === name) && (type === null || record.type === type),
  );
}

function paged(all: readonly unknown[], query: URLSearchParams, longest: number): Answer {
  const page = Number(query.get("page") ?? 1);
  const perPage = Number(query.get("per_page") ?? 20);
  if (!Number.isInteger(page) || page < 1 || !Number.isInteger(perPage) || perPage < 1 || perPage > longest) {
    throw new Refusal(400, 1004);
  }
  return { result: all.slice((page - 1) * perPage, page * perPage), page: { page, perPage, total: all.length } };
}

function toZone({ id, name }: Zone) {
  return {
    id,
    name,
    status: "pending",
    type: "full",
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
  };
}

function toDnssec({ dnssec, name }: Zone) {
  const ds = `${name}. 3600 IN DS 2371 13 2 ${"1F98".repeat(16)}`;
  return { status: dnssec === "active" ? "pending" : "disabled", ds: dnssec === "active" ? ds : null };
}

function toLine(record: StoredRecord): string {
  const { name, ttl, type } = record;
  const body = "data" in record ? Object.values(record.data).join(" ") : record.content;
  return [name, ttl, type, ...("priority" in record ? [record.priority] : []), body].join(" ");
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}

function send(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}
