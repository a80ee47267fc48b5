import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { request as requestTls } from "node:https";
import { join } from "node:path";
import { siteProbePath } from "@patchbay/kernel/contracts/web";
import type { SidePorts } from "@patchbay/sdk";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createLighttpdProvider } from "../src/provider.ts";
import { ownCertificate, TestLighttpd } from "./lighttpd.ts";
import { freePorts } from "./ports.ts";
import { hostAt, testSite } from "./site.ts";

describe("audit", () => {
  const { audit, render } = createLighttpdProvider(hostAt("/srv", { http: 80, https: 443 }), ownCertificate);

  it("refuses what could reach beyond its site, and render throws for it", () => {
    const { https } = testSite("x.test");
    for (const [field, patch] of [
      ["names", { names: ['a.test" { }'] }],
      ["https", { https: { ...https, file: "../panel.pem" } }],
      ["https", { https: { ...https, certificate: "0\n}" } }],
      ["root", { root: null }],
      ["root", { root: "/homes/john/a\nb" }],
      ["root", { root: "/homes/john/a\\" }],
      ["redirect", { kind: "redirect", redirect: { to: "https://a/\r\nSet-Cookie: b", code: 301 } }],
      ["php", { php: { socket: "../../docker.sock" } }],
      ["includes", { includes: { lighttpd: "server.tag = 1" } }],
    ] as const) {
      const unit = testSite("a.test", patch as object);
      expect(audit(unit), field).toMatchObject([{ field }]);
      expect(() => render("a.test", unit), field).toThrow(field);
    }
  });

  it("tells which text would be lost", () => {
    expect(audit(testSite("a.test", { includes: { nginx: "add_header A b;" } }))).toMatchObject([{ lost: true }]);
  });
});

describe("lighttpd at its side ports", () => {
  const daemon = new TestLighttpd();
  let front: SidePorts;
  let side: SidePorts;

  beforeAll(async () => {
    const [http, https, sideHttp, sideHttps] = (await freePorts(4)) as [number, number, number, number];
    [front, side] = [
      { http, https },
      { http: sideHttp, https: sideHttps },
    ];
    const provider = createLighttpdProvider(hostAt(daemon.root, front), ownCertificate);
    const { https: own } = testSite("forced.test");
    const sites = [
      provider.render("forced.test", testSite("forced.test", { https: { ...own, force: true, hsts: 60 } })),
      provider.render("plain.test", testSite("plain.test", { root: daemon.root })),
    ];
    for (const name of ["forced.test", "plain.test"]) daemon.certify(name);
    daemon.write(provider.base({ role: "front", ports: side }), ...sites);
    await daemon.start(async () => (await ask(http, { host: "plain.test" })).status === 404);
  });

  afterAll(() => daemon.stop());

  const ask = async (port: number, headers: Readonly<Record<string, string>>, path = "/none") => {
    const isTls = port === front.https || port === side.https;
    const asked = { host: "127.0.0.1", port, path, agent: false, headers };
    const sent = isTls
      ? requestTls({ ...asked, servername: headers["host"] ?? "", rejectUnauthorized: false })
      : request(asked);
    const [answer] = (await once(sent.end(), "response")) as [IncomingMessage];
    answer.resume();
    return { status: answer.statusCode, policy: answer.headers["strict-transport-security"] };
  };

  it("knows of HTTPS by the connection, whatever a header says", async () => {
    const host = "forced.test";
    for (const port of [front.http, side.http])
      expect(await ask(port, { host, "x-forwarded-proto": "https" })).toEqual({ status: 301, policy: undefined });
    for (const port of [front.https, side.https])
      expect(await ask(port, { host, "x-forwarded-proto": "http", "x-forwarded-for": "203.0.113.9" })).toEqual({
        status: 404,
        policy: "max-age=60",
      });
  });

  it("believes who asks there, and nowhere else", async () => {
    const headers = (from: string) => ({ host: "plain.test", "x-forwarded-for": from });
    for (const [at, port] of [side.http, side.https, front.http, front.https].entries())
      await ask(port, headers(`203.0.113.${at}`));
    const log = join(daemon.root, "log/web-lighttpd/access.log");
    // lighttpd writes its log every few seconds.
    await vi.waitFor(() => expect(callers(log).slice(-2)).toEqual(["127.0.0.1", "127.0.0.1"]), 10_000);
    expect(callers(log).slice(-4, -2)).toEqual(["203.0.113.0", "203.0.113.1"]);
  });

  it("tells its fingerprint to this host alone", async () => {
    for (const port of [side.http, side.https]) {
      expect((await ask(port, { host: "plain.test" }, siteProbePath)).status).toBe(200);
      const through = { host: "plain.test", "x-forwarded-for": "203.0.113.9" };
      expect((await ask(port, through, siteProbePath)).status).toBe(404);
    }
  });
});

/** Who asked for `/none` of plain.test, as the log has it. */
function callers(log: string): string[] {
  const lines = readFileSync(log, "utf8").split("\n");
  return lines.flatMap((line) => /^plain\.test (\S+) .*"GET \/none /.exec(line)?.[1] ?? []);
}
