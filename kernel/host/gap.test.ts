import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { freePorts } from "../../test/harness/ports.ts";
import { GapWatch, watchGap } from "./gap.ts";
import { fetchParity } from "./parity.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) stop(server);
});

const page = { port: "http", host: "a.test", path: "/x" } as const;
const never = new AbortController().signal;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function somewhere() {
  const { services } = await freePorts();
  return { address: "127.0.0.1", ports: { http: services + 80, https: services + 443 } };
}

async function serve(port: number, listener: Parameters<typeof createServer>[1]): Promise<Server> {
  const server = createServer(listener as never);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}

function stop(server: Server): void {
  server.closeAllConnections();
  server.close();
}

describe("the gap of a port", () => {
  it("is what passes between the last answer before a failure and the first after it", async () => {
    const where = await somewhere();
    const first = await serve(where.ports.http, (_request, response) => response.end());
    const watch = watchGap(page, where);
    await sleep(100);
    stop(first);
    await sleep(200);
    await serve(where.ports.http, (_request, response) => response.end());
    await sleep(100);
    expect(await watch.stop()).toBeGreaterThanOrEqual(190);
  });

  it("goes on while the server answers with errors, and to the end when it never comes back", async () => {
    const where = await somewhere();
    let isBroken = false;
    await serve(where.ports.http, (_request, response) => response.writeHead(isBroken ? 502 : 404).end());
    const watch = watchGap(page, where);
    await sleep(60);
    isBroken = true;
    await sleep(150);
    expect(await watch.stop()).toBeGreaterThanOrEqual(140);
  });

  it("is the longest of several, in whatever order the questions end", () => {
    const watch = new GapWatch(0);
    const ask = (askedAt: number, endedAt: number, isAnswered: boolean) => {
      watch.tick(endedAt);
      watch.ended({ askedAt, endedAt, isAnswered });
    };
    ask(10, 12, true);
    ask(25, 26, true);
    ask(20, 30, false);
    ask(30, 31, false);
    ask(35, 36, false);
    ask(40, 41, true);
    expect(watch.longest(50)).toBe(15);
    ask(45, 46, false);
    expect(watch.longest(100)).toBe(60);
  });

  it("is how long one had to wait where nobody was turned away, but not how long this process stood still", () => {
    const watch = new GapWatch(0);
    watch.tick(5);
    watch.ended({ askedAt: 0, endedAt: 40, isAnswered: true });
    expect(watch.longest(40)).toBe(40);
    // It stands still for 500 ms, with one question under way whose answer is seen first, and another whose is not.
    watch.ended({ askedAt: 30, endedAt: 540, isAnswered: true });
    watch.tick(541);
    watch.ended({ askedAt: 30, endedAt: 542, isAnswered: true });
    expect(watch.longest(545)).toBe(40);
    watch.ended({ askedAt: 541, endedAt: 591, isAnswered: true });
    expect(watch.longest(600)).toBe(50);
  });
});

describe("parity", () => {
  it("is told by status, target and the first 256 KiB", async () => {
    const where = await somewhere();
    let tail = "a";
    await serve(where.ports.http, ({ url }, response) => {
      if (url === "/long") response.end(`${"x".repeat(256 * 1024)}${tail}`);
      else response.writeHead(302, { location: "/there" }).end(tail);
    });
    const moved = await fetchParity(page, where, never);
    expect(moved).toMatchObject({ status: 302, location: "/there" });
    const long = await fetchParity({ ...page, path: "/long" }, where, never);
    tail = "b";
    expect((await fetchParity(page, where, never)).digest).not.toBe(moved.digest);
    expect(await fetchParity({ ...page, path: "/long" }, where, never)).toEqual(long);
  });

  it("is nothing where nobody answers, or only half", async () => {
    const nothing = { status: 0, location: null, digest: "" };
    expect(await fetchParity(page, await somewhere(), never)).toEqual(nothing);
    const where = await somewhere();
    await serve(where.ports.http, (_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
      setTimeout(() => response.destroy(), 20);
    });
    expect(await fetchParity(page, where, never)).toEqual(nothing);
  });
});
