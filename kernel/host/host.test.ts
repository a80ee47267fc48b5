import { createHash, X509Certificate } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type Server } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "selfsigned";
import { afterEach, describe, expect, it } from "vitest";
import { connectHelper } from "./helper-client.ts";
import { createHost } from "./host.ts";
import { detectPhpVersions } from "./php-versions.ts";
import type { HelperClient } from "./types.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const paths = { etc: "/e", run: "/r", log: "/l", state: "/s", homes: "/h", archive: "/a" };
const hello = {
  kind: "sandbox",
  multiUser: true,
  pid: 1,
  web: { uid: 2, gid: 3 },
  accounts: { firstUid: 4, count: 5 },
  paths,
} as const;
const silent: HelperClient = { call: () => Promise.reject(new Error("not asked")) };
const never = new AbortController().signal;

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function hostAt(http: number, client: HelperClient = silent) {
  return createHost({ hello, client, servicesPort: http - 80, address: "127.0.0.1", phpVersions: ["8.2"] });
}

describe("the host", () => {
  it("has shifted ports in the sandbox and the usual ones on a server", () => {
    expect(hostAt(20_080).info.ports).toMatchObject({ http: 20_080, https: 20_443, smtp: 20_025, mysql: 23_306 });
    const system = { hello: { ...hello, kind: "system" as const }, client: silent, servicesPort: 20_000 };
    expect(createHost({ ...system, address: "::", phpVersions: [] }).info.ports).toMatchObject({
      http: 80,
      postgresql: 5432,
    });
  });

  it("sees by status and exact body whether a site is served", async () => {
    const port = await listen(
      createHttp((request, response) => {
        response.statusCode = request.headers.host === "a.test" ? 200 : 503;
        response.end(`${request.url} ${request.headers.connection}`);
      }),
    );
    const { probe } = hostAt(port);
    const site = { kind: "http", port: "http", host: "a.test", path: "/x" } as const;
    expect(await probe({ ...site, status: 200, body: "/x close" }, never)).toBe(true);
    expect(await probe({ ...site, body: "/x" }, never)).toBe(false);
    expect(await probe({ ...site, host: "b.test", status: 200 }, never)).toBe(false);
    expect(await probe({ ...site, host: "b.test", status: 503 }, never)).toBe(true);
    expect(await hostAt(port + 1).probe(site, never)).toBe(false);
    expect(await probe(site, AbortSignal.abort())).toBe(false);
  });

  it("asks for a TLS site by its name and does not judge the certificate", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "other.test" }]);
    let asked = "";
    const server = createHttps(
      {
        cert,
        key,
        SNICallback: (name, done) => {
          asked = name;
          done(null);
        },
      },
      (_, response) => response.end("tls"),
    );
    const port = await listen(server as unknown as Server);
    const { probe } = createHost({
      hello,
      client: silent,
      servicesPort: port - 443,
      address: "127.0.0.1",
      phpVersions: [],
    });
    expect(await probe({ kind: "http", port: "https", host: "a.test", path: "/", body: "tls" }, never)).toBe(true);
    expect(asked).toBe("a.test");
    const site = { kind: "http", port: "https", host: "a.test", path: "/" } as const;
    const certificate = createHash("sha256").update(new X509Certificate(cert).raw).digest("hex");
    expect(await probe({ ...site, certificate }, never)).toBe(true);
    expect(await probe({ ...site, certificate: "0".repeat(64) }, never)).toBe(false);
  });

  it("looks at other ports than the public ones when told", async () => {
    const port = await listen(createHttp((_, response) => response.end("aside")));
    const { probe } = hostAt(20_080);
    const site = { kind: "http", port: "http", host: "a.test", path: "/", body: "aside" } as const;
    expect(await probe(site, never, { http: port, https: 1 })).toBe(true);
    expect(await probe(site, never, { http: 1, https: port })).toBe(false);
  });

  it("asks FastCGI through the helper", async () => {
    const client = { call: () => Promise.resolve({ body: "pong" }) } as unknown as HelperClient;
    const probe = { kind: "fastcgi", socket: "php/a.sock", path: "/ping" } as const;
    expect(await hostAt(20_080, client).probe({ ...probe, body: "pong" }, never)).toBe(true);
    expect(await hostAt(20_080, client).probe({ ...probe, body: "ping" }, never)).toBe(false);
    expect(await hostAt(20_080).probe({ ...probe, body: "pong" }, never)).toBe(false);
  });

  it("knows the installed PHP versions, newest first", async () => {
    const dir = mkdtempSync(join(tmpdir(), "patchbay-php-"));
    for (const name of ["php-fpm8.2", "php-fpm8.10", "php-fpm7.4", "php-fpm", "php-fpm9.0"]) {
      writeFileSync(join(dir, name), "");
      chmodSync(join(dir, name), name === "php-fpm9.0" ? 0o644 : 0o755);
    }
    expect(await detectPhpVersions(dir)).toEqual(["8.10", "8.2", "7.4"]);
    rmSync(dir, { recursive: true });
  });
});

describe("the line to the helper", () => {
  const frame = (value: unknown) => {
    const body = Buffer.from(JSON.stringify(value));
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    return Buffer.concat([head, body]);
  };

  const pair = async (): Promise<[Socket, Socket]> => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
    const ours = connect((server.address() as AddressInfo).port, "127.0.0.1");
    const theirs = await accepted;
    server.close();
    return [ours, theirs];
  };

  it("matches answers by id, in any order and cut anywhere, and passes errors on", async () => {
    const [ours, theirs] = await pair();
    const connected = connectHelper(ours, { epoch: 7 });
    const [greeting] = await new Promise<[Buffer]>((resolve) =>
      theirs.once("data", (chunk: Buffer) => resolve([chunk])),
    );
    expect(JSON.parse(greeting.toString("utf8", 4))).toEqual({ id: 1, op: "hello", input: { protocol: 1, epoch: 7 } });
    theirs.write(frame({ id: 1, ok: hello }));
    const { client } = await connected;
    theirs.on("data", () => {});
    const first = client.call("service.list", {});
    const second = client.call("apply.recover", {});
    const refused = { kind: "conflict", message: "no", output: "log" };
    for (const byte of Buffer.concat([frame({ id: 3, error: refused }), frame({ id: 2, ok: { services: [] } })])) {
      theirs.write(Buffer.from([byte]));
    }
    await expect(second).rejects.toMatchObject({ name: "ProviderError", ...refused });
    expect(await first).toEqual({ services: [] });
    await expect(client.call("service.list", {}, { timeoutMs: 20 })).rejects.toMatchObject({ kind: "unavailable" });
    ours.destroy();
  });

  it("fails everything that waits when it is gone or talks nonsense", async () => {
    const ends = [(line: Socket) => line.destroy(), (line: Socket) => line.write(frame("?"))];
    for (const end of ends) {
      const [ours, theirs] = await pair();
      theirs.on("data", () => {});
      let closed = 0;
      const onClosed = () => {
        closed += 1;
      };
      const connected = connectHelper(ours, { epoch: 1, onClosed });
      end(theirs);
      await expect(connected).rejects.toMatchObject({ kind: "unavailable" });
      expect(closed).toBe(1);
      theirs.destroy();
    }
  });
});
