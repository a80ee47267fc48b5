import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Readable } from "node:stream";

/** One page of one site, as a visitor asks for it. */
export interface Visit {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly path: string;
}

export interface Page {
  /** 0: nobody answered. */
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

const nobody: Page = { status: 0, location: undefined, body: "" };

/** Asks once, on a connection of its own. `services` is the base of the instance's service ports. */
export function visit(services: number, { host, path, scheme }: Visit): Promise<Page> {
  const target = { host: "127.0.0.1", path, headers: { host, connection: "close" }, agent: false, timeout: 5000 };
  return new Promise((resolve) => {
    const sent =
      scheme === "http"
        ? requestHttp({ ...target, port: services + 80 })
        : requestHttps({ ...target, port: services + 443, servername: host, rejectUnauthorized: false });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(nobody));
    sent.on("response", (response) => {
      void readAll(response).then(
        (body) => resolve({ status: response.statusCode ?? 0, location: response.headers.location, body }),
        () => resolve(nobody),
      );
    });
    sent.end();
  });
}

async function readAll(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** An answer that was not as it was before. */
export interface Surprise {
  readonly at: number;
  readonly visit: Visit;
  readonly expected: Page;
  readonly page: Page;
}

/** Asks all pages round and round, several at a time, and keeps what differs from the first round. */
export class Visitors {
  readonly #services: number;
  readonly #visits: readonly Visit[];
  /** What every page answered at first. */
  readonly expected = new Map<Visit, Page>();
  #stop = new AbortController();
  #done: Promise<unknown> = Promise.resolve();
  readonly surprises: Surprise[] = [];
  asked = 0;
  /** The longest any answer took. Milliseconds. */
  slowest = 0;

  constructor(services: number, visits: readonly Visit[]) {
    this.#services = services;
    this.#visits = visits;
  }

  /** Notes what every page answers now. */
  async learn(): Promise<ReadonlyMap<Visit, Page>> {
    for (const one of this.#visits) this.expected.set(one, await visit(this.#services, one));
    return this.expected;
  }

  /** At most `lanes` requests at a time, each lane about 100 a second. May be started again after it was stopped. */
  start(lanes = 3): void {
    this.#stop = new AbortController();
    const queue = this.#endless();
    this.#done = Promise.all(Array.from({ length: lanes }, () => this.#lane(queue)));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  *#endless(): Generator<Visit, never> {
    for (;;) yield* this.#visits;
  }

  async #lane(queue: Generator<Visit, never>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const one = queue.next().value;
      const at = performance.now();
      const page = await visit(this.#services, one);
      const took = performance.now() - at;
      this.asked += 1;
      this.slowest = Math.max(this.slowest, took);
      const expected = this.expected.get(one) ?? nobody;
      if (!isSame(expected, page)) this.surprises.push({ at, visit: one, expected, page });
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, 10 - took)));
    }
  }
}

export function isSame(a: Page, b: Page): boolean {
  return a.status === b.status && a.location === b.location && a.body === b.body;
}
