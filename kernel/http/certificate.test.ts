import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { afterEach, beforeEach, expect, it } from "vitest";
import { panelCertificate, serverCertificate } from "./certificate.ts";

let dir: string;
const now = Date.now();

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "patchbay-tls-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

it("makes the panel's and the server's certificate side by side, and keeps both", async () => {
  const tls = join(dir, "tls");
  const both = () =>
    Promise.all([panelCertificate(tls, ["127.0.0.1"], now), serverCertificate(tls, ["localhost"], now)]);
  const [panel, server] = await both();
  expect(readdirSync(tls).sort()).toEqual(["panel.pem", "server.pem"]);
  expect(statSync(join(tls, "server.pem")).mode & 0o777).toBe(0o600);
  expect(server.privateKey).not.toBe(panel.key);
  const shown = new X509Certificate(server.certificate);
  expect([shown.subjectAltName, shown.ca, shown.verify(shown.publicKey)]).toEqual(["DNS:localhost", false, true]);
  expect(() => createSecureContext({ cert: server.certificate, key: server.privateKey })).not.toThrow();
  expect(await both()).toEqual([panel, server]);
});

it("makes a new one when the kept one is over", async () => {
  const old = await serverCertificate(dir, ["localhost"], now - 3651 * 24 * 3600 * 1000);
  const made = await serverCertificate(dir, ["localhost"], now);
  expect(made.certificate).not.toBe(old.certificate);
  expect(await serverCertificate(dir, ["localhost"], now)).toEqual(made);
});
